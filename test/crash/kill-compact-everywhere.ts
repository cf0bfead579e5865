/**
 * kill -9 before and in the effects of a compaction, while a writer inserts, updates and deletes in the
 * very time that is merged. After each kill every row that was ever committed is found once; the next
 * run merges the rest, and nothing is left over.
 */
import { beforeAll, expect, it } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { compactDataset } from '../../src/jobs/compact.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeDataset } from '../support/rotation.ts';
import { checkRows, checkTable, NOTHING_WRONG, strayFiles } from './check.ts';
import { KillCount, partOf } from './kill-count.ts';
import {
  chooseEffects,
  endLease,
  LEASE_TTL_MS,
  randomFrom,
  SEED,
  whenFree,
} from './kill-everywhere.ts';
import { openLakeOf } from './lake-of-victims.ts';
import { findLeft } from './leftovers.ts';
import { createTable, fillTable } from './scenario.ts';
import { bundleVictim, sendVictim } from './send-victim.ts';
import { readTruth, type Truth, Writer } from './truth.ts';

/** Merging two days of five hours each has about half as many again; fewer mean that they are no longer seen. */
const FEWEST_EFFECTS = { before: 30, sent: 14 };
/** Each of the two days becomes one. */
const MERGED = 2;

export function killCompactEverywhere(name: string, changes: Partial<Dataset> = {}): void {
  let victim = '';

  beforeAll(async () => {
    victim = await bundleVictim();
  });

  it.for(['before', 'sent'] as const)(
    `${name}: killed at each effect (%s), loses and doubles no row`,
    async (moment, context) => {
      const count = new KillCount(context);
      const database = await createTestDatabase();
      const client = await database.connect();
      const writing = await database.connect();
      const { bench: opened, lake } = await openLakeOf(database, undefined);
      const settings = { ...opened.rooms.settings, gracePeriodMs: 0 };
      const rooms: Rooms = { ...opened.rooms, settings };
      const effects = await killAndRecover(0);
      expect(effects.length).toBeGreaterThan(FEWEST_EFFECTS[moment]);
      const chosen = chooseEffects(effects, true, changes.iceberg === true ? 1 / 32 : 1 / 8);
      for (const killAt of chosen) await killAndRecover(killAt);
      await count.tell(partOf(chosen, effects));

      async function killAndRecover(killAt: number): Promise<readonly string[]> {
        const table = `${name}_${moment}_${String(killAt)}`;
        const dataset = makeDataset(table, { slice: 'hour', ...changes });
        await createTable(database, 'plain', table);
        await fillTable(database, table);
        const truth = await readTruth(client, table);
        await rotateDataset(rooms, dataset, { force: true });
        const writer = new Writer(writing, table, truth, randomFrom(SEED + killAt));

        writer.start();
        const { met, wasKilled } = await sendVictim(victim, {
          url: database.url,
          lake: lake.directory,
          s3: lake.target,
          spill: rooms.tempDirectory,
          dataset,
          now: rooms.clock.now(),
          leaseTtlMs: LEASE_TTL_MS,
          killAt,
          moment,
          compact: true,
        });
        if (wasKilled) count.add();
        await writer.stop();
        const told = `seed ${String(SEED)}, killed ${moment} effect ${String(killAt)}: ${met.at(-1) ?? ''}`;
        await expectRight(dataset, truth, told);
        await endLease(client, table);

        writer.start();
        await compactWhenFree(rooms, dataset);
        await writer.stop();
        await expectRight(dataset, truth, told);
        const live = await listSegments(client, { dataset: table, states: ['live'] });
        expect(live, told).toHaveLength(MERGED);
        await expectConverged(dataset, truth, told);
        await database.query(`drop table ${table}`);
        return met;
      }

      async function expectRight(dataset: Dataset, truth: Truth, told: string): Promise<void> {
        const folder = await lake.asFolder(dataset.name);
        expect(await checkRows(client, dataset.name, folder, truth), told).toEqual(NOTHING_WRONG);
        if (!dataset.iceberg) return;
        expect(await checkTable(client, dataset.name, truth), told).toEqual(NOTHING_WRONG);
      }

      /** With no writer in the way: what came late leaves as well, and nothing is left over. */
      async function expectConverged(dataset: Dataset, truth: Truth, told: string): Promise<void> {
        const moved = await rotateDataset(rooms, dataset, { force: true });
        expect(moved.totals.failed, told).toEqual([]);
        await expectRight(dataset, truth, told);
        const folder = await lake.asFolder(dataset.name);
        expect(await strayFiles(client, dataset.name, folder), told).toEqual([]);
        const places = { lake: lake.leftovers, spill: rooms.tempDirectory };
        expect(await findLeft(client, places), told).toEqual([]);
      }
    },
  );
}

/** The dead process's lease has ended; then the next run recovers and goes on. */
async function compactWhenFree(rooms: Rooms, dataset: Dataset): Promise<void> {
  const { totals } = await whenFree(rooms, (own) =>
    compactDataset({ ...own, tell: () => undefined }, dataset, { evenIfPaused: false }),
  );
  expect(totals.failed).toEqual([]);
}
