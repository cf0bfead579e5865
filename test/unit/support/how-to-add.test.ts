import { describe, expect, it } from 'vitest';
import { describeSkipped, reasonIn } from '../../support/how-to-add.ts';
import { MISSING_MARK } from '../../support/missing-mark.ts';

const skipped = (title: string, need: string, why: string) => ({
  fullName: `${title}: ${MISSING_MARK}${need} (${why}) > does this (and that)`,
});

describe('the closing lines of a run', () => {
  it('say of each thing that is missing how many tests it took, and the command that adds it', () => {
    const lines = describeSkipped(
      [
        skipped('the page', 'chromium', 'not installed'),
        skipped('a clock', 'faketime', 'not installed'),
        skipped('another clock', 'faketime', 'not installed'),
        skipped('a drain', 'redis', 'not root'),
      ],
      MISSING_MARK,
    );
    expect(lines).toEqual([
      'Not tested: 2 tests, for there is no faketime here (not installed). Add it: apt-get install faketime',
      'Not tested: 1 test, for there is no chromium here (not installed). Add it: apt-get install chromium',
      'Not tested: 1 test, for there is no redis here (not root). Add it: sudo env "PATH=$PATH" npm test',
      'All of these packages at once: apt-get install faketime chromium',
    ]);
  });

  it('name a package once, whatever asks for it, and no second time where it is the only one', () => {
    const lines = describeSkipped(
      [
        skipped('units', 'systemd-analyze', 'not installed'),
        skipped('a daemon', 'systemd-notify', 'not installed'),
      ],
      MISSING_MARK,
    );
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.endsWith('Add it: apt-get install systemd'))).toBe(true);
  });

  it('name a test that was skipped for no reason', () => {
    expect(reasonIn('the page > opens', MISSING_MARK)).toBeNull();
    expect(describeSkipped([{ fullName: 'the page > opens' }], MISSING_MARK)).toEqual([
      'Not tested: 1 test, for no reason given: the page > opens',
    ]);
  });
});
