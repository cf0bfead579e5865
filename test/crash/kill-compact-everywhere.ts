/**
 * kill -9 before and in the effects of a compaction, while a writer inserts, updates and deletes in the
 * very time that is merged. After each kill every row that was ever committed is found once; the next
 * run merges the rest, and nothing is left over.
 */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { compactDataset } from '../../src/jobs/compact.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import { expectEnded, type KillScene, killJobEverywhere, whenFree } from './kill-job.ts';

/** Merging two days of five hours each has about half as many again. */
const FEWEST_EFFECTS = { before: 30, sent: 14 };
/** Each of the two days becomes one. */
const MERGED = 2;

export function killCompactEverywhere(name: string, changes: Partial<Dataset> = {}): void {
  killJobEverywhere({
    name,
    kind: 'plain',
    settings: { slice: 'hour', ...changes },
    fewestEffects: FEWEST_EFFECTS,
    share: changes.iceberg === true ? SLOW_VARIATION_SHARE : VARIATION_SHARE,
    order: { compact: true },
    prepare: async ({ rooms, dataset }) => {
      await rotateDataset(rooms, dataset, { force: true });
    },
    recover: compactWhenFree,
    converge: (scene, told) => expectEnded(scene, told, MERGED),
  });
}

/** The dead process's lease has ended; then the next run recovers and goes on. */
async function compactWhenFree({ rooms, dataset }: KillScene): Promise<void> {
  const { totals } = await whenFree(rooms, (own) =>
    compactDataset({ ...own, tell: () => undefined }, dataset, { evenIfPaused: false }),
  );
  expect(totals.failed).toEqual([]);
}
