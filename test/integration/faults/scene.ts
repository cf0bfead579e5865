/** A table with rows that are due, a lake, and what must be true of both whatever went wrong. */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { TierdError } from '../../../src/domain/errors.ts';
import { type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { unfinishedMoves } from '../../../src/ledger/moves.ts';
import { checkRows, NOTHING_WRONG, strayFiles } from '../../crash/check.ts';
import { createTable, fillTable, type ScenarioKind } from '../../crash/scenario.ts';
import { readTruth, type Truth } from '../../crash/truth.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, makeDataset, openBench } from '../../support/rotation.ts';

export interface Scene {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  readonly bench: Bench;
  /** Sound rooms; a test spreads its fault over them. */
  readonly rooms: Rooms;
  readonly dataset: Dataset;
  /** Every row that was ever committed. */
  readonly truth: Truth;
}

export interface SceneOptions {
  readonly kind?: ScenarioKind;
  /** Unless given: one that all scenes of the test file share. */
  readonly database?: TestDatabase;
  /** Another scene's, with its lake; unless given, a new one. */
  readonly bench?: Bench;
}

const shared: Partial<Record<ScenarioKind, Promise<TestDatabase>>> = {};
let scenes = 0;

/** A table of its own with two days of rows that are due and one that is not, and an empty lake. */
export async function openScene({
  kind = 'plain',
  database: given,
  bench: givenBench,
}: SceneOptions = {}): Promise<Scene> {
  const database =
    given ?? (await (shared[kind] ??= createTestDatabase({ timescale: kind === 'hypertable' })));
  const bench = givenBench ?? (await openBench(database));
  // This lake is a new one, and the scene before had another.
  if (givenBench === undefined) await database.query('delete from tierd.lake');
  scenes += 1;
  const table = `ticks_${String(scenes)}`;
  await createTable(database, kind, table);
  await fillTable(database, table);
  const client = await database.connect();
  onTestFinished(() => client.end());
  const truth = await readTruth(client, table);
  return { database, client, bench, rooms: bench.rooms, dataset: makeDataset(table), truth };
}

export const rotateForced = (rooms: Rooms, dataset: Dataset): Promise<RotationOutcome> =>
  rotateDataset(rooms, dataset, { force: true });

export const rotateUnforced = (rooms: Rooms, dataset: Dataset): Promise<RotationOutcome> =>
  rotateDataset(rooms, dataset, { force: false });

/** What a rotation fails with; a rotation that succeeds fails the test. */
export async function failureOf(running: Promise<unknown>): Promise<TierdError> {
  try {
    await running;
  } catch (error) {
    if (error instanceof TierdError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** I1, I2: every row is there once, hot or cold. */
export async function expectNothingLost(scene: Scene, told = ''): Promise<void> {
  const { client, dataset, bench, truth } = scene;
  expect(await checkRows(client, dataset.name, bench.lake, truth), told).toEqual(NOTHING_WRONG);
}

/** Rows that are due and still hot. */
export async function dueRows(scene: Scene): Promise<number> {
  const found = await scene.database.query(
    `select count(*)::int as rows from ${scene.dataset.name} where time < $1`,
    [new Date(scene.rooms.clock.now() - scene.dataset.hotDays * 86_400_000).toISOString()],
  );
  return (found.rows[0] as { rows: number }).rows;
}

/** I4: the next run, in sound rooms, moves what is due and leaves nothing over. */
export async function expectConverged(scene: Scene, told = ''): Promise<RotationOutcome> {
  const outcome = await rotateWhenFree(scene.rooms, scene.dataset);
  expect(outcome.totals.failed, told).toEqual([]);
  await expectNothingLost(scene, told);
  expect(await dueRows(scene), told).toBe(0);
  await expectNothingLeftOver(scene, told);
  return outcome;
}

export async function expectNothingLeftOver(scene: Scene, told = ''): Promise<void> {
  const { client, dataset, bench } = scene;
  expect(await strayFiles(client, dataset.name, bench.lake), told).toEqual([]);
  expect(await unfinishedMoves(client, dataset.name), told).toEqual([]);
}

/** A process that could not give its lease back keeps it until it ends by itself. */
export async function rotateWhenFree(rooms: Rooms, dataset: Dataset): Promise<RotationOutcome> {
  for (;;) {
    try {
      return await rotateForced(rooms, dataset);
    } catch (error) {
      if (!(error instanceof TierdError && error.code === 'LEASE_HELD')) throw error;
      await pause(20);
    }
  }
}
