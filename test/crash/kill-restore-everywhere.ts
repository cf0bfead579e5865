/**
 * kill -9 before and in the effects of a restore, while a writer inserts, updates and deletes in the
 * very slices that come back. After each kill every row that was ever committed is found once; the
 * next run brings the rest back, and when the pins are gone the next rotation takes all of it again.
 */
import type pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { restoreDataset } from '../../src/jobs/restore.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { unpin } from '../../src/ledger/pins.ts';
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
import { createTable, DUE_SPAN, fillTable } from './scenario.ts';
import { bundleVictim, sendVictim } from './send-victim.ts';
import { readTruth, type Truth, Writer } from './truth.ts';

/** A restore of two slices has about half as many again; fewer mean that they are no longer seen. */
const FEWEST_EFFECTS = { before: 20, sent: 12 };

/**
 * @param throughText gives the table a column that the lake holds as text, so that rows pass through a
 *   temporary table
 */
export function killRestoreEverywhere(
  name: string,
  { throughText, changes = {} }: { throughText: boolean; changes?: Partial<Dataset> },
): void {
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
      const isVariation = throughText || Object.keys(changes).length > 0;
      const chosen = chooseEffects(effects, isVariation);
      for (const killAt of chosen) await killAndRecover(killAt);
      await count.tell(partOf(chosen, effects));

      async function killAndRecover(killAt: number): Promise<readonly string[]> {
        const table = `${name}_${moment}_${String(killAt)}`;
        const dataset = makeDataset(table, changes);
        await createTable(database, 'plain', table);
        if (throughText) {
          await database.query(`alter table ${table} add note text[] default '{a,null}'`);
        }
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
          restore: DUE_SPAN,
        });
        if (wasKilled) count.add();
        await writer.stop();
        const told = `seed ${String(SEED)}, killed ${moment} effect ${String(killAt)}: ${met.at(-1) ?? ''}`;
        await expectRight(dataset, truth, told);
        await endLease(client, table);

        writer.start();
        await restoreWhenFree(rooms, dataset);
        await writer.stop();
        await expectRight(dataset, truth, told);
        expect(await liveSegments(client, table), told).toBe(0);
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

      /** With no writer in the way: pinned rows stay, then all of them leave, and nothing is left over. */
      async function expectConverged(dataset: Dataset, truth: Truth, told: string): Promise<void> {
        const { name: table } = dataset;
        const held = await rotateDataset(rooms, dataset, { force: true });
        expect(held.totals.moved, told).toEqual([]);
        expect(await unpin(client, table, null), told).toHaveLength(2);
        const moved = await rotateDataset(rooms, dataset, { force: true });
        expect(moved.totals.failed, told).toEqual([]);
        const due = await client.query(`select 1 from ${table} where time < $1`, [
          new Date(DUE_SPAN.toExclusive).toISOString(),
        ]);
        expect(due.rowCount, told).toBe(0);
        await expectRight(dataset, truth, told);
        const folder = await lake.asFolder(table);
        expect(await strayFiles(client, table, folder), told).toEqual([]);
        const places = { lake: lake.leftovers, spill: rooms.tempDirectory };
        expect(await findLeft(client, places), told).toEqual([]);
      }
    },
  );
}

async function liveSegments(client: pg.Client, dataset: string): Promise<number> {
  return (await listSegments(client, { dataset, states: ['live'] })).length;
}

/** The dead process's lease has ended; then the next run recovers and goes on. */
async function restoreWhenFree(rooms: Rooms, dataset: Dataset): Promise<void> {
  const request = { span: DUE_SPAN, into: null, pinUntil: null };
  const { totals } = await whenFree(rooms, (own) =>
    restoreDataset({ ...own, tell: () => undefined }, dataset, request, { force: true }),
  );
  expect(totals.failed).toEqual([]);
}
