/** What is new in PostgreSQL 18, on a server of that version. */
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { planDrain } from '../../../src/jobs/drain/plan-drain.ts';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import type { TestDatabase } from '../../support/database.ts';
import { makeSource } from '../../support/drain-source.ts';
import { databaseOn } from '../../support/own-database.ts';
import { startPostgres18 } from '../../support/postgres-18.ts';
import type { PostgresServer } from '../../support/postgres-server.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { disturbedAt } from '../faults/disturb.ts';

let server: PostgresServer;
let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeAll(async () => {
  server = await startPostgres18();
});
afterAll(() => server.remove());

beforeEach(async () => {
  database = await databaseOn(server);
  db = await database.connect();
  bench = await openBench(database);
  return () => db.end();
});

const rotate = (table: string, rooms = bench.rooms) =>
  rotateDataset(rooms, makeDataset(table, { sortBy: ['time'] }), { force: true });

async function cold(dataset: string, columns: string): Promise<readonly Record<string, unknown>[]> {
  const live = await listSegments(db, { dataset, states: ['live'] });
  return readCold(bench.lake, live, columns);
}

it('moves, proves and deletes the rows of a plain and of a partitioned table', async () => {
  const { rows } = await database.query('show server_version_num');
  expect(Number((rows as { server_version_num: string }[])[0]?.server_version_num)).toBeGreaterThan(
    180_000,
  );
  await database.query(
    `create table plain (time timestamptz not null, id int primary key, value numeric);
     create table parts (time timestamptz not null, id int, value numeric) partition by range (time);
     create table parts_a partition of parts for values from ('${daysAgo(40)}') to ('${daysAgo(35)}');
     create table parts_rest partition of parts default`,
  );
  for (const table of ['plain', 'parts']) {
    await database.query(
      `insert into ${table} select $1::timestamptz + n * interval '1 hour', n, n / 3.0 from generate_series(0, 959) n`,
      [daysAgo(40)],
    );
    const { totals } = await rotate(table);
    expect(totals.failed).toEqual([]);
    expect((await db.query(`select from ${table}`)).rowCount).toBe(720);
    expect(await cold(table, 'id')).toHaveLength(240);
    // Late, and once more: the key of the plain one tells that the lake has it.
    await database.query(`insert into ${table} values ($1, 0, 0.0)`, [daysAgo(40)]);
    expect((await rotate(table)).totals.moved).toHaveLength(1);
    expect(await cold(table, 'id')).toHaveLength(table === 'plain' ? 240 : 241);
  }
});

it('takes no key WITHOUT OVERLAPS for one by which a row is known: both rows stay, and no drain begins', async () => {
  await database.query(
    `create extension btree_gist;
     create table spans (id int, valid tstzrange, time timestamptz not null, price int,
                         primary key (id, valid without overlaps))`,
  );
  const span = `tstzrange('${daysAgo(40)}', '${daysAgo(39)}')`;
  await database.query(`insert into spans values (1, ${span}, $1, 1)`, [daysAgo(40)]);
  await rotate('spans');
  await database.query(`insert into spans values (1, ${span}, $1, 2)`, [daysAgo(40)]);
  expect(
    (await planRotationOf(bench.rooms, makeDataset('spans', { sortBy: [] }))).again,
  ).toBeNull();
  await rotate('spans');
  expect((await cold('spans', 'price')).map((row) => row['price'])).toEqual([1, 2]);
  const source = makeSource('spans', {
    kind: 'snapshot',
    columns: { id: '{symbol}', time: 'ts time_ms', price: 'price' },
    dataset: makeDataset('spans', { sortBy: [] }),
  });
  await expect(
    planDrain(db, source, { statementTimeoutMs: 5_000, lockTimeoutMs: 5_000 }),
  ).rejects.toMatchObject({
    code: 'UNIQUE_KEY_MISSING',
  });
});

it('I6: holds the values of virtual generated columns as a reader of the table sees them', async () => {
  await database.query(
    `create table derived (
       time timestamptz not null, price numeric(20, 8), size numeric,
       total numeric generated always as (price * size) virtual,
       label text generated always as (upper('p' || price::text)) virtual,
       stored numeric generated always as (price + 1) stored)
     partition by range (time);
     create table derived_a partition of derived for values from ('${daysAgo(40)}') to ('${daysAgo(38)}');
     create table derived_b (time timestamptz not null, size numeric, price numeric(20, 8),
       label text generated always as ('other') virtual,
       total numeric generated always as (0) virtual,
       stored numeric generated always as (price + 1) stored);
     alter table derived attach partition derived_b for values from ('${daysAgo(38)}') to ('${daysAgo(36)}');
     create table derived_rest partition of derived default`,
  );
  await database.query(
    `insert into derived (time, price, size) select $1::timestamptz + n * interval '1 hour', n / 7.0, 1.50 from generate_series(0, 959) n`,
    [daysAgo(40)],
  );
  const columns = `total, label, stored`;
  const texts = columns.split(', ').map((column) => `${column}::text as ${column}`);
  const { rows: before } = await database.query(
    `select ${texts.join(', ')} from derived where time < $1 order by time`,
    [daysAgo(30)],
  );
  expect((await rotate('derived')).totals.failed).toEqual([]);
  expect(
    (await cold('derived', columns)).map((row) => ({ ...row, stored: String(row['stored']) })),
  ).toEqual(before);
});

it('exports again when the expression of a virtual column changes under the move', async () => {
  await database.query(
    `create table derived (time timestamptz not null, n int, twice int generated always as (n * 2) virtual)`,
  );
  await database.query(`insert into derived (time, n) values ($1, 21)`, [daysAgo(40)]);
  let times = 0;
  const rooms = disturbedAt(bench, 'committing', async () => {
    times += 1;
    if (times > 1) return;
    await database.query(`alter table derived alter column twice set expression as (n * 3)`);
  });
  expect((await rotate('derived', rooms)).totals.failed).toEqual([]);
  expect(await cold('derived', 'twice')).toEqual([{ twice: 63 }]);
});

it('lets rows go to which only a foreign key that is NOT ENFORCED refers, but where PostgreSQL holds their partition by it', async () => {
  await database.query(
    `create table plain (time timestamptz not null, id int primary key);
     create table parts (time timestamptz not null, id int, primary key (time, id)) partition by range (time);
     create table parts_a partition of parts for values from ('${daysAgo(41)}') to ('${daysAgo(39)}');
     create table parts_b partition of parts for values from ('${daysAgo(39)}') to ('${daysAgo(35)}');
     create table parts_rest partition of parts default;
     create table referring (id int references plain not enforced, at timestamptz,
                             foreign key (at, id) references parts not enforced)`,
  );
  for (const table of ['plain', 'parts']) {
    await database.query(`insert into ${table} values ($1, 1), ($2, 2), (now(), 3)`, [
      daysAgo(40),
      daysAgo(38),
    ]);
  }
  await database.query(`insert into referring values (1, $1), (99, now())`, [daysAgo(40)]);

  const plain = makeDataset('plain', { sortBy: [] });
  expect((await planRotationOf(bench.rooms, plain)).refusals).toEqual([]);
  const { totals } = await rotateDataset(bench.rooms, plain, { force: false });
  expect(totals).toMatchObject({ failed: [], moved: [{ rows: 1n }, { rows: 1n }] });

  const { totals: ofParts } = await rotate('parts');
  expect(ofParts).toMatchObject({
    failed: [{ error: { code: 'MOVE_REFUSED', message: expect.stringContaining('referring') } }],
    moved: [{ rows: 1n }],
  });
});

it('keeps hot, unexported, the slices of which a PERIOD overlaps a row, and moves the others', async () => {
  await database.query(
    `create extension btree_gist;
     create table spans (id int, valid tstzrange, time timestamptz not null, primary key (id, valid without overlaps));
     create table uses (id int, during tstzrange, foreign key (id, period during) references spans (id, period valid))`,
  );
  await database.query(
    `insert into spans select n, tstzrange($1::timestamptz + n * interval '1 day', $1::timestamptz + (n + 1) * interval '1 day'),
       $1::timestamptz + n * interval '1 day' from generate_series(0, 5) n`,
    [daysAgo(40)],
  );
  await database.query(
    `insert into uses select 2, tstzrange(lower(valid) + interval '1 hour', upper(valid) - interval '1 hour') from spans where id = 2`,
  );
  const { totals } = await rotate('spans');
  expect(totals.moved).toHaveLength(5);
  expect(totals.failed).toMatchObject([{ error: { code: 'MOVE_REFUSED' } }]);
  expect((await db.query(`select id from spans`)).rows).toEqual([{ id: 2 }]);
});
