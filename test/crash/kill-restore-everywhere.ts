/**
 * kill -9 before and in the effects of a restore, while a writer inserts, updates and deletes in the
 * very slices that come back. After each kill every row that was ever committed is found once; the
 * next run brings the rest back, and when the pins are gone the next rotation takes all of it again.
 */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import type { RestoreRequest } from '../../src/jobs/restore/rooms.ts';
import { restoreDataset } from '../../src/jobs/restore.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { unpin } from '../../src/ledger/pins.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { restoreRooms } from '../support/restore.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import {
  countDue,
  expectNothingLeft,
  expectRight,
  type KillScene,
  killJobEverywhere,
  whenFree,
} from './kill-job.ts';
import { DUE_SPAN, type ScenarioKind } from './scenario.ts';

/** A restore of two slices has about half as many again. */
const FEWEST_EFFECTS = { before: 20, sent: 12 };

export interface KilledRestore {
  readonly kind?: ScenarioKind;
  /** The table gets a column that the lake holds as text, so that rows pass through a temporary table. */
  readonly throughText?: boolean;
  /** Rows of which this is true come back alone. */
  readonly where?: string;
  readonly changes?: Partial<Dataset>;
}

export function killRestoreEverywhere(
  name: string,
  { kind = 'plain', throughText = false, where, changes = {} }: KilledRestore,
): void {
  const isVariation =
    kind !== 'plain' || throughText || where !== undefined || Object.keys(changes).length > 0;
  const asked = { span: DUE_SPAN, where: where ?? null };
  const variation = changes.iceberg === true ? SLOW_VARIATION_SHARE : VARIATION_SHARE;
  killJobEverywhere({
    name,
    kind,
    column: throughText ? `note text[] default '{a,null}'` : undefined,
    settings: changes,
    fewestEffects: FEWEST_EFFECTS,
    share: isVariation ? variation : undefined,
    order: { restore: asked },
    prepare: async ({ rooms, dataset }) => {
      await rotateDataset(rooms, dataset, { force: true });
    },
    recover: (scene) => restoreWhenFree(scene, asked),
    converge: (scene, told) => expectConverged(scene, told, where === undefined ? 0 : 2),
  });
}

/** The dead process's lease has ended; then the next run recovers and goes on. */
async function restoreWhenFree(
  { rooms, dataset }: KillScene,
  asked: Pick<RestoreRequest, 'span' | 'where'>,
): Promise<void> {
  const request = { ...asked, into: null, pinUntil: null };
  const { totals } = await whenFree(rooms, (own) =>
    restoreDataset(restoreRooms({ rooms: own }, dataset), dataset, request, { force: true }),
  );
  expect(totals.failed).toEqual([]);
}

/**
 * All is back, or all but slices of the rows that were not asked for; with no writer in the way pinned rows stay, then all of them leave, and nothing is
 * left over.
 */
async function expectConverged(scene: KillScene, told: string, live: number): Promise<void> {
  const { client, rooms, dataset } = scene;
  await expectRight(scene, told);
  const segments = await listSegments(client, { dataset: dataset.name, states: ['live'] });
  expect(segments.length, told).toBe(live);
  const held = await rotateDataset(rooms, dataset, { force: true });
  expect(held.totals.moved, told).toEqual([]);
  expect(await unpin(client, dataset.name, null), told).toHaveLength(2);
  const moved = await rotateDataset(rooms, dataset, { force: true });
  expect(moved.totals.failed, told).toEqual([]);
  expect(await countDue(scene, DUE_SPAN.toExclusive), told).toBe(0);
  await expectRight(scene, told);
  await expectNothingLeft(scene, told);
}
