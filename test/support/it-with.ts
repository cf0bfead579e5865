/** For suites without servers of their own: a test that needs a program of this machine's. */
import { it } from 'vitest';
import { howToAdd } from './how-to-add.ts';
import { isCi, MISSING_MARK } from './missing-mark.ts';

/** `it`; skipped where the program is not there, and told as `describeOn` tells it; in CI it fails. */
export function itWith(need: string, isThere: boolean, title: string, body: () => void): void {
  if (isThere) {
    it(title, body);
    return;
  }
  const why = 'not installed';
  const marked = `${title}: ${MISSING_MARK}${need} (${why})`;
  if (isCi()) {
    it(marked, () => {
      throw new Error(`there is no ${need} here. Add it: ${howToAdd(need, why)}`);
    });
  } else {
    it.skip(marked, body);
  }
}
