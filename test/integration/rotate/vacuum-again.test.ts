/** What VACUUM could not clean after a rotation is told with its cause, noted, and cleaned by the next one. */
import type pg from 'pg';
import { beforeEach, expect, it } from 'vitest';
import { type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { backendOf } from '../../support/hot.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query(
    'create table ticks (time timestamptz not null, symbol text, id int) with (autovacuum_enabled = off)',
  );
  await database.query(
    `insert into ticks select $1::timestamptz + n * interval '1 hour', 's', n from generate_series(0, 959) n`,
    [daysAgo(40)],
  );
});

const rotate = (): Promise<RotationOutcome> =>
  rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });

async function due(): Promise<readonly { reason: string; attempts: number }[]> {
  const found = await database.query(
    'select part_name, reason, attempts from tierd.vacuums_due where reason is not null order by part_name',
  );
  return found.rows as readonly { reason: string; attempts: number }[];
}

const vacuums = async (): Promise<unknown> =>
  (await database.query("select pg_stat_get_vacuum_count('ticks'::regclass)::int as n")).rows[0];

/** Between COMMIT of the move and VACUUM: whoever is there by then is in its way. */
async function rotateBeside(inTheWay: (reader: pg.Client) => Promise<unknown>) {
  const reader = await database.connect();
  await reader.query("set application_name = 'nightly dump'");
  await inTheWay(reader);
  const pid = await backendOf(reader);
  const outcome = await rotate();
  await reader.query('rollback');
  return { outcome, pid };
}

it('an old snapshot, by whose it is; and cleans the table at the next run, which moves nothing', async () => {
  const { outcome, pid } = await rotateBeside(async (reader) => {
    await reader.query('begin isolation level repeatable read; select count(*) from pg_class');
  });
  expect(outcome.totals.moved.length).toBeGreaterThan(0);
  expect(outcome.vacuumWarnings.join()).toContain(`pid ${String(pid)} (nightly dump)`);
  expect(await due()).toMatchObject([{ part_name: 'ticks', attempts: 1 }]);
  const after = await rotate();
  expect(after.totals.moved).toEqual([]);
  expect(await vacuums()).toEqual({ n: 2 });
  expect(await due()).toEqual([]);
});

it('counts the attempts as long as it is in the way', async () => {
  const holder = await database.connect();
  await holder.query('begin isolation level repeatable read; select count(*) from pg_class');
  await rotate();
  await rotate();
  expect(await due()).toMatchObject([{ attempts: 2 }]);
  await holder.query('rollback');
  await rotate();
  expect(await due()).toEqual([]);
});

it('forgets a part that is gone', async () => {
  await database.query(
    `insert into tierd.vacuums_due (root_schema, root_name, part_schema, part_name, reason)
     values ('public', 'ticks', 'public', 'ticks_2020', 'a lock')`,
  );
  await rotate();
  expect((await due()).filter(({ reason }) => reason === 'a lock')).toEqual([]);
});

it('and the run says how large the table was before and after', async () => {
  const { tableBytes } = await rotate();
  const db = await database.connect();
  const [run] = await listRuns(db, { dataset: 'ticks', job: 'rotate', limit: 1 });
  expect(run).toMatchObject({ hotBytesBefore: tableBytes.before, hotBytesAfter: tableBytes.after });
  const size = await database.query("select pg_total_relation_size('ticks')::int as bytes");
  expect(size.rows).toEqual([{ bytes: tableBytes.after }]);
  expect(tableBytes.before).toBeGreaterThan(0);
});
