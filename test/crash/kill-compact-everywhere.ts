/**
 * kill -9 before and in the effects of a compaction, while a writer inserts, updates and deletes in the
 * very time that is merged. After each kill every row that was ever committed is found once; the next
 * run merges the rest, and nothing is left over.
 */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { compactDataset } from '../../src/jobs/compact.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import { expectEnded, type KillScene, killJobEverywhere, whenFree } from './kill-job.ts';
import type { VictimOrder } from './scenario.ts';

/** Merging two days of five hours each has about half as many again. */
const FEWEST_EFFECTS = { before: 30, sent: 14 };
/** Each of the two days becomes one. */
const MERGED = 2;
/** Later than whatever the tests write. */
const EVER = { rewriteBefore: Date.parse('2100-01-01') };

/** @param isRewriting what was merged before is written anew, as with another key or codec. */
export function killCompactEverywhere(
  name: string,
  { isRewriting = false, ...changes }: Partial<Dataset> & { readonly isRewriting?: boolean } = {},
): void {
  const compact = isRewriting ? EVER : {};
  killJobEverywhere({
    name,
    kind: 'plain',
    settings: { slice: 'hour', ...changes },
    fewestEffects: FEWEST_EFFECTS,
    share: changes.iceberg === true ? SLOW_VARIATION_SHARE : VARIATION_SHARE,
    order: { compact },
    prepare: async ({ rooms, dataset }) => {
      await rotateDataset(rooms, dataset, { force: true });
      if (isRewriting) await compactDataset(quiet(rooms), dataset, { evenIfPaused: false });
    },
    recover: (scene) => compactWhenFree(scene, compact),
    converge: (scene, told) => expectEnded(scene, told, MERGED),
  });
}

/** The dead process's lease has ended; then the next run recovers and goes on. */
async function compactWhenFree(
  { rooms, dataset }: KillScene,
  compact: VictimOrder['compact'],
): Promise<void> {
  const { totals } = await whenFree(rooms, (own) =>
    compactDataset(quiet(own), dataset, { evenIfPaused: false, ...compact }),
  );
  expect(totals.failed).toEqual([]);
}

const quiet = (rooms: Rooms): Rooms & { readonly tell: () => undefined } => ({
  ...rooms,
  tell: () => undefined,
});
