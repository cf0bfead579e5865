/** A chunk or partition that goes, comes back or is another one under its name while its rows move. */
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn, type Need } from '../../support/servers.ts';
import { MOMENTS, type Moment, partDisturbed } from '../faults/disturb-part.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

// A database for each test is many; without their connections the server has room for them.
afterEach(() => db.end());

/** Of the three days that are due this is the first, with the rows 0 to 23; one row an hour. */
const FROM = daysAgo(33);
const TO = daysAgo(32);
const ROWS = 24 * 33;

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, n) => from + n);

async function fillHourly(table: string): Promise<void> {
  await database.query(
    `insert into ${table} select $1::timestamptz + n * interval '1 hour', 's' || n % 5, n
     from generate_series(0, $2::int - 1) n`,
    [FROM, ROWS],
  );
}

async function idsOf(dataset: string): Promise<{ hot: number[]; cold: number[] }> {
  const hot = await db.query<{ id: number }>(`select id from ${dataset}`);
  const live = await listSegments(db, { dataset, states: ['live'] });
  const cold = live.length === 0 ? [] : await readCold(bench.lake, live, 'id');
  return { hot: hot.rows.map((row) => row.id), cold: cold.map((row) => Number(row['id'])) };
}

interface Case {
  readonly what: string;
  readonly sql: string;
  /** The rows that there are afterwards beside those from 24 on, also in a table set apart. */
  readonly left: readonly number[];
  readonly apart?: string;
}

/** Each at each moment: `[moment, case]`. */
const everywhere = (cases: readonly Case[]) =>
  cases.flatMap((one) => MOMENTS.map((moment) => ({ moment, ...one })));

/** One run that is disturbed once, and one that is not: every row is then in one place, once. */
async function rotateDisturbed(
  table: string,
  { moment, sql, left, apart }: Case & { readonly moment: Moment },
): Promise<void> {
  const dataset = makeDataset(table);
  let isDone = false;
  const rooms = partDisturbed(bench, moment, async () => {
    if (!isDone) await database.query(sql);
    isDone = true;
  });
  const { totals } = await rotateDataset(rooms, dataset, { force: true });
  expect(isDone).toBe(true);
  const codes = totals.failed.map(({ error }) => error.code);
  expect(['PARTS_CHANGED', 'DIGEST_MISMATCH']).toEqual(expect.arrayContaining(codes));
  const again = await rotateDataset(bench.rooms, dataset, { force: true });
  expect(again.totals.failed).toEqual([]);
  expect((await planRotationOf(bench.rooms, dataset)).moves).toEqual([]);
  const { hot, cold } = await idsOf(table);
  const beside =
    apart === undefined ? [] : (await database.query(`select id from ${apart}`)).rows.map(idOf);
  const ascending = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b);
  expect(ascending([...hot, ...cold, ...beside])).toEqual(ascending([...left, ...range(24, ROWS)]));
}

const idOf = (row: unknown): number => (row as { id: number }).id;

async function open(need: Need | null): Promise<void> {
  database = await createTestDatabase({ timescale: need === 'timescale' });
  db = await database.connect();
  bench = await openBench(database);
}

/** Of the first chunk, which `$CHUNK` stands for in what follows. */
const inChunk = (sql: string): string =>
  `do $$ declare chunk regclass := (select c from show_chunks('hyper') c
     join timescaledb_information.chunks i on format('%I.%I', i.chunk_schema, i.chunk_name)::regclass = c
     where i.range_start = '${FROM}'); begin ${sql} end $$`;

const dropped = `perform drop_chunks('hyper', older_than => '${TO}'::timestamptz);`;
const kept = `create temp table kept on commit drop as select * from hyper where time < '${TO}';`;

const OF_CHUNKS: readonly Case[] = [
  { what: 'is dropped', sql: inChunk(dropped), left: [] },
  {
    what: 'is dropped, and its rows are put in again, into a chunk of the same range',
    sql: inChunk(`${kept} ${dropped} insert into hyper select * from kept;`),
    left: range(0, 24),
  },
  {
    what: 'is dropped, and some of its rows are put in again',
    sql: inChunk(`${kept} ${dropped} insert into hyper select * from kept where id > 20;`),
    left: range(21, 24),
  },
  {
    what: 'is renamed',
    sql: inChunk(`execute format('alter table %s rename to another', chunk);`),
    left: range(0, 24),
  },
  {
    what: 'is emptied and filled again',
    sql: inChunk(
      `${kept} execute format('truncate %s', chunk); insert into hyper select * from kept;`,
    ),
    left: range(0, 24),
  },
];

describeOn('timescale', 'I1, I2: rotate, when a chunk changes between plan and commit', () => {
  beforeEach(async () => {
    await open('timescale');
    await database.query(
      `create table hyper (time timestamptz not null, symbol text, id int);
       select create_hypertable('hyper', 'time', chunk_time_interval => interval '1 day')`,
    );
    await fillHourly('hyper');
  });

  it.each(everywhere(OF_CHUNKS))('$what while $moment', (given) => rotateDisturbed('hyper', given));
});

const away = `alter table parts detach partition parts_a; alter table parts_a rename to kept;`;
const other = `create table parts_a (time timestamptz not null, symbol text, id int);`;
const attached = `alter table parts attach partition parts_a for values from ('${FROM}') to ('${TO}');`;

const OF_PARTITIONS: readonly Case[] = [
  {
    what: 'is replaced by another of its name, with other rows',
    sql: `${away} ${other} insert into parts_a select time, symbol, id + 100000 from kept; ${attached}`,
    left: [...range(0, 24), ...range(100_000, 100_024)],
    apart: 'kept',
  },
  {
    what: 'is replaced by another of its name, without rows',
    sql: `${away} ${other} ${attached}`,
    left: range(0, 24),
    apart: 'kept',
  },
  {
    what: 'is replaced by a copy of its name',
    sql: `${away} ${other} insert into parts_a select * from kept; ${attached} drop table kept;`,
    left: range(0, 24),
  },
  {
    what: 'is replaced by what was another partition, under its name',
    sql: `${away} alter table parts detach partition parts_b; alter table parts_b rename to parts_a;
          update parts_a set time = time - interval '1 day'; ${attached} drop table kept;`,
    left: [],
  },
  {
    what: 'is detached and attached again',
    sql: `alter table parts detach partition parts_a; ${attached}`,
    left: range(0, 24),
  },
  {
    what: 'is dropped',
    sql: 'drop table parts_a',
    left: [],
  },
];

describe('I1, I2: rotate, when a partition changes between plan and commit', () => {
  beforeEach(async () => {
    await open(null);
    await database.query(
      `create table parts (time timestamptz not null, symbol text, id int) partition by range (time);
       create table parts_a partition of parts for values from ('${FROM}') to ('${TO}');
       create table parts_b partition of parts for values from ('${TO}') to ('${daysAgo(31)}');
       create table parts_rest partition of parts default`,
    );
    await fillHourly('parts');
  });

  it.each(everywhere(OF_PARTITIONS))('$what while $moment', (given) =>
    rotateDisturbed('parts', given),
  );
});
