/**
 * kill -9 before and in the effects of a restore, while a writer inserts, updates and deletes in the
 * very slices that come back. After each kill every row that was ever committed is found once; the
 * next run brings the rest back, and when the pins are gone the next rotation takes all of it again.
 */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { restoreDataset } from '../../src/jobs/restore.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { unpin } from '../../src/ledger/pins.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import {
  countDue,
  expectNothingLeft,
  expectRight,
  type KillScene,
  killJobEverywhere,
  whenFree,
} from './kill-job.ts';
import { DUE_SPAN } from './scenario.ts';

/** A restore of two slices has about half as many again. */
const FEWEST_EFFECTS = { before: 20, sent: 12 };

/**
 * @param throughText gives the table a column that the lake holds as text, so that rows pass through a
 *   temporary table
 */
export function killRestoreEverywhere(
  name: string,
  { throughText, changes = {} }: { throughText: boolean; changes?: Partial<Dataset> },
): void {
  const isVariation = throughText || Object.keys(changes).length > 0;
  const variation = changes.iceberg === true ? SLOW_VARIATION_SHARE : VARIATION_SHARE;
  killJobEverywhere({
    name,
    kind: 'plain',
    column: throughText ? `note text[] default '{a,null}'` : undefined,
    settings: changes,
    fewestEffects: FEWEST_EFFECTS,
    share: isVariation ? variation : undefined,
    order: { restore: DUE_SPAN },
    prepare: async ({ rooms, dataset }) => {
      await rotateDataset(rooms, dataset, { force: true });
    },
    recover: restoreWhenFree,
    converge: expectConverged,
  });
}

/** The dead process's lease has ended; then the next run recovers and goes on. */
async function restoreWhenFree({ rooms, dataset }: KillScene): Promise<void> {
  const request = { span: DUE_SPAN, into: null, pinUntil: null };
  const { totals } = await whenFree(rooms, (own) =>
    restoreDataset({ ...own, tell: () => undefined }, dataset, request, { force: true }),
  );
  expect(totals.failed).toEqual([]);
}

/**
 * All is back; with no writer in the way pinned rows stay, then all of them leave, and nothing is
 * left over.
 */
async function expectConverged(scene: KillScene, told: string): Promise<void> {
  const { client, rooms, dataset } = scene;
  await expectRight(scene, told);
  const live = await listSegments(client, { dataset: dataset.name, states: ['live'] });
  expect(live.length, told).toBe(0);
  const held = await rotateDataset(rooms, dataset, { force: true });
  expect(held.totals.moved, told).toEqual([]);
  expect(await unpin(client, dataset.name, null), told).toHaveLength(2);
  const moved = await rotateDataset(rooms, dataset, { force: true });
  expect(moved.totals.failed, told).toEqual([]);
  expect(await countDue(scene, DUE_SPAN.toExclusive), told).toBe(0);
  await expectRight(scene, told);
  await expectNothingLeft(scene, told);
}
