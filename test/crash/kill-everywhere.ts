/**
 * kill -9 before and in the effects of a rotation, while a writer inserts, updates and deletes in
 * the very slices that move. After each kill every row that was ever committed is found once; after
 * the next run nothing is left over.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import { withSpillDirectory } from '../../src/cli/rooms/spill-directory.ts';
import type { Dataset } from '../../src/domain/dataset.ts';
import { TierdError } from '../../src/domain/errors.ts';
import { type RotationOutcome, rotateDataset } from '../../src/jobs/rotate.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Bench, makeDataset } from '../support/rotation.ts';
import type { S3Server } from '../support/s3-server.ts';
import { checkRows, checkTable, NOTHING_WRONG, strayFiles } from './check.ts';
import { KillCount, partOf } from './kill-count.ts';
import { type LakeOfVictims, openLakeOf } from './lake-of-victims.ts';
import { findLeft } from './leftovers.ts';
import { copyOf, createTable, fillTable, importAgain, type ScenarioKind } from './scenario.ts';
import { bundleVictim, sendVictim } from './send-victim.ts';
import { readTruth, type Truth, Writer } from './truth.ts';

/** Long enough for a slow machine; after the kill the test ends the dead process's lease itself. */
export const LEASE_TTL_MS = 30_000;
/** A rotation of this size has about half as many again; fewer mean that they are no longer seen. */
const FEWEST_EFFECTS = { before: 60, sent: 20 };
export const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 1_000_000);

export function killEverywhere(
  kind: ScenarioKind,
  server?: () => S3Server,
  changes: Partial<Dataset> = {},
): void {
  const bringsAgain = kind === 'again';
  let victim = '';

  beforeAll(async () => {
    victim = await bundleVictim();
  });

  it.for(['before', 'sent'] as const)(
    `${kind}: killed at each effect (%s), loses and doubles no row`,
    async (moment, context) => {
      const count = new KillCount(context);
      const database = await createTestDatabase({ timescale: kind === 'hypertable' });
      const client = await database.connect();
      const writing = await database.connect();
      const { bench: opened, lake } = await openLakeOf(database, server);
      const settings = { ...opened.rooms.settings, gracePeriodMs: 0 };
      const bench = { ...opened, rooms: { ...opened.rooms, settings } };
      const effects = await killAndRecover(0);
      expect(effects.length).toBeGreaterThan(FEWEST_EFFECTS[moment]);
      const isVariation = bringsAgain || server !== undefined || Object.keys(changes).length > 0;
      const chosen = chooseEffects(effects, isVariation);
      for (const killAt of chosen) await killAndRecover(killAt);
      await count.tell(partOf(chosen, effects));

      async function killAndRecover(killAt: number): Promise<readonly string[]> {
        const table = `${kind}_${moment}_${String(killAt)}`;
        const dataset = makeDataset(table, changes);
        await createTable(database, kind, table);
        await fillTable(database, table);
        const truth = await readTruth(client, table);
        if (bringsAgain) await moveAndBringAgain(database, bench, dataset, truth);
        const random = randomFrom(SEED + killAt);
        const writer = new Writer(writing, table, truth, random, bringsAgain);

        writer.start();
        const { met, wasKilled } = await sendVictim(victim, {
          url: database.url,
          lake: lake.directory,
          s3: lake.target,
          spill: bench.rooms.tempDirectory,
          dataset,
          now: bench.rooms.clock.now(),
          leaseTtlMs: LEASE_TTL_MS,
          killAt,
          moment,
        });
        if (wasKilled) count.add();
        await writer.stop();
        const told = `seed ${String(SEED)}, killed ${moment} effect ${String(killAt)}: ${met.at(-1) ?? ''}`;
        expect(
          await checkRows(client, table, await lake.asFolder(table), truth, bringsAgain),
          told,
        ).toEqual(NOTHING_WRONG);
        if (dataset.iceberg) {
          expect(await checkTable(client, table, truth), told).toEqual(NOTHING_WRONG);
        }

        await endLease(client, table);

        writer.start();

        await rotateWhenFree(bench.rooms, dataset);
        await writer.stop();
        await expectConverged(client, bench.rooms, lake, dataset, truth, told, bringsAgain);
        await database.query(`drop table ${table}`);
        return met;
      }
    },
  );
}

/**
 * The ordinals to kill at: every link, another half of the statements each time, and of the file system's
 * other calls, of which a file takes a dozen alike, another sixth. Of a variation of the plain rotation
 * another eighth of all. All of them with TIERD_TEST_KILLS=all.
 */
export function chooseEffects(
  effects: readonly string[],
  isVariation: boolean,
  share = VARIATION_SHARE,
): readonly number[] {
  const random = randomFrom(SEED);
  if (process.env['TIERD_TEST_KILLS'] === 'all') return effects.map((_, index) => index + 1);
  return effects.flatMap((label, index) => {
    return random() < (isVariation ? share : shareOf(label)) ? [index + 1] : [];
  });
}

const VARIATION_SHARE = 1 / 8;

function shareOf(label: string): number {
  if (label === 'fs.link') return 1;
  return label.startsWith('sql ') ? 1 / 2 : 1 / 6;
}

/** As if its lifetime had passed. */
export async function endLease(client: pg.Client, dataset: string): Promise<void> {
  await client.query('update tierd.leases set expires_at = clock_timestamp() where dataset = $1', [
    dataset,
  ]);
}

/** Twice, so that the process to be killed finds a replaced segment whose file has to go. */
async function moveAndBringAgain(
  database: TestDatabase,
  { rooms }: Bench,
  dataset: Dataset,
  truth: Truth,
): Promise<void> {
  const table = dataset.name;
  await database.query(`create table ${copyOf(table)} as select * from ${table}`);
  for (let times = 0; times < 2; times += 1) {
    await rotateDataset(rooms, dataset, { force: true });
    await importAgain(database, table);
  }
  truth.set('7', 1);
}

/** The dead process's lease has ended; then the next run recovers and goes on. */
function rotateWhenFree(rooms: Rooms, dataset: Dataset): Promise<RotationOutcome> {
  return whenFree(rooms, (own) => rotateDataset(own, dataset, { force: true }));
}

/** As a process of its own would: what the dead one has spilled is swept first. */
export async function whenFree<Result>(
  rooms: Rooms,
  work: (rooms: Rooms) => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await withSpillDirectory(rooms.tempDirectory, (tempDirectory) =>
        work({ ...rooms, tempDirectory }),
      );
    } catch (error) {
      if (!(error instanceof TierdError && error.code === 'LEASE_HELD')) throw error;
      await pause(20);
    }
  }
}

/** With no writer in the way the next run moves everything that is due, and leaves nothing behind. */
async function expectConverged(
  client: pg.Client,
  rooms: Rooms,
  lake: LakeOfVictims,
  dataset: Dataset,
  truth: Truth,
  told: string,
  bringsAgain: boolean,
): Promise<void> {
  const outcome = await rotateWhenFree(rooms, dataset);
  expect(outcome.totals.failed, told).toEqual([]);
  const folder = await lake.asFolder(dataset.name);
  expect(await checkRows(client, dataset.name, folder, truth, bringsAgain), told).toEqual(
    NOTHING_WRONG,
  );
  expect(await strayFiles(client, dataset.name, folder), told).toEqual([]);
  if (dataset.iceberg) {
    expect(await checkTable(client, dataset.name, truth), told).toEqual(NOTHING_WRONG);
  }
  const places = { lake: lake.leftovers, spill: rooms.tempDirectory };
  expect(await findLeft(client, places), told).toEqual([]);
  const due = await client.query(`select 1 from ${dataset.name} where time < $1`, [
    new Date(outcome.plan.cutoffs.aged).toISOString(),
  ]);
  expect(due.rowCount, told).toBe(0);
}

/** mulberry32: small, seeded, good enough to choose what a writer does next. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
