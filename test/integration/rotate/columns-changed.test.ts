/** A column that comes, goes or is another one under its name while the rows of its table move. */
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { MOMENTS, partDisturbed } from '../faults/disturb-part.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
});
afterEach(() => db.end());

const FROM = daysAgo(33);
const ROWS = 48;

const TABLES = {
  plain: '',
  partitioned: `partition by range (time);
    create table ticks_a partition of ticks for values from ('${FROM}') to ('${daysAgo(32)}');
    create table ticks_rest partition of ticks default`,
} as const;

const CHANGES = [
  {
    what: 'a column is added and filled',
    sql: 'alter table ticks add column more int; update ticks set more = n * 2',
    column: 'more',
    value: (n: number) => n * 2,
  },
  {
    what: 'a column is added whose default is a value',
    sql: 'alter table ticks add column more int default 7',
    column: 'more',
    value: () => 7,
  },
  {
    what: 'two columns exchange their names',
    sql: `alter table ticks rename n to was; alter table ticks rename m to n; alter table ticks rename was to m`,
    column: 'n',
    value: (n: number) => -n,
  },
  {
    what: 'a column gets another type',
    sql: `alter table ticks alter m type text using 'm' || m`,
    column: 'm',
    value: (n: number): unknown => `m${String(-n)}`,
  },
  {
    what: 'a column is dropped, and its name given to another',
    sql: 'alter table ticks drop column m; alter table ticks add column m int default 5',
    column: 'm',
    value: () => 5,
  },
  {
    what: 'another table gets the name',
    sql: `create table other (like ticks); alter table other add column more int default 3; insert into other select * from ticks;
      drop table ticks cascade; alter table other rename to ticks`,
    column: 'more',
    value: () => 3,
  },
] as const;

const CASES = Object.keys(TABLES).flatMap((kind) =>
  MOMENTS.flatMap((moment) => CHANGES.map((change) => ({ kind, moment, ...change }))),
);

describe('I1, I13: rotate, when the columns change between plan and commit', () => {
  it.each(CASES)(
    'moves nothing of a $kind table without a value: $what while $moment',
    async (given) => {
      await database.query(
        `create table ticks (time timestamptz not null, n int, m int) ${TABLES[given.kind as keyof typeof TABLES]}`,
      );
      await database.query(
        `insert into ticks select $1::timestamptz + (n - 1) * interval '1 hour', n, -n from generate_series(1, $2::int) n`,
        [FROM, ROWS],
      );
      const dataset = makeDataset('ticks', { sortBy: [] });
      let isDone = false;
      const rooms = partDisturbed(bench, given.moment, async () => {
        if (!isDone) await database.query(given.sql);
        isDone = true;
      });
      await rotateDataset(rooms, dataset, { force: true }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'COLUMNS_CHANGED' });
      });
      expect(isDone).toBe(true);
      await rotateDataset(bench.rooms, dataset, { force: true });
      const live = await listSegments(db, { dataset: 'ticks', states: ['live'] });
      const rows = await readCold(bench.lake, live, given.column);
      const ns = Array.from({ length: ROWS }, (_, n) => n + 1);
      expect(rows.map((row) => row[given.column])).toEqual(ns.map((n): unknown => given.value(n)));
    },
  );
});
