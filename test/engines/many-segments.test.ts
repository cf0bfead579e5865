/**
 * A table of many small segments, hour by hour, in other engines. `TIERD_TEST_ENGINES_SEGMENTS=10000` with Spark's
 * or Trino's workers is what whoever outgrows one machine has: docs/iceberg.md says how it is run.
 */
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { rotateAll } from '../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';
import { type AskedTable, askPostgres, ENGINES, openAskedTable } from './asked-table.ts';
import type { Answers, Question } from './engine.ts';

const SEGMENTS = Number(process.env['TIERD_TEST_ENGINES_SEGMENTS'] ?? 240);
const DAYS = Math.ceil(SEGMENTS / 24);
const NEWEST = 31;
const ROWS_AN_HOUR = 4;

const utc = (age: number): string => new Date(daysAgo(age)).toISOString().slice(0, 19);
const middle = NEWEST + Math.floor(DAYS / 2);

const QUESTIONS: readonly Question[] = [
  { name: 'all', filter: null },
  { name: 'a key', filter: "symbol = 'S3'" },
  { name: 'a day', filter: `time >= {${utc(middle)}} and time < {${utc(middle - 1)}}` },
  { name: 'what came last', filter: `time >= {${utc(NEWEST + 1)}}` },
  { name: 'numbers', filter: 'size > 100 and size <= 200' },
];

describeOn('python', 'a table of many segments', () => {
  let client: pg.Client;
  let table: AskedTable;
  let expected: Answers;
  const endings: (() => unknown)[] = [];

  beforeAll(async () => {
    const database = await createTestDatabase();
    client = await database.connect();
    const bench = await openBench(database, {}, (end) => endings.push(end));
    table = openAskedTable(database, join(bench.lake, '_iceberg/ticks'));
    endings.push(() => table.end());
    await client.query(
      `set timezone = 'UTC';
       create table ticks (time timestamptz not null, symbol text, price numeric(20,8), size bigint) partition by range (time)`,
    );
    // A partition is one move and one snapshot, of as many segments as it has hours.
    const first = NEWEST + DAYS;
    for (let age = first; age > NEWEST; age -= 100) {
      const to = Math.max(NEWEST, age - 100);
      await client.query(
        `create table ticks_${String(age)} partition of ticks for values from ('${daysAgo(age)}') to ('${daysAgo(to)}')`,
      );
    }
    await client.query(
      `insert into ticks
       select $1::timestamptz + hour * interval '1 hour' + n * interval '11 minutes', 'S' || (hour + n) % 7, n / 8.0 + hour, hour + n
       from generate_series(0, $2::int - 1) hour, generate_series(0, $3::int - 1) n`,
      [daysAgo(first), DAYS * 24, ROWS_AN_HOUR],
    );
    expected = await askPostgres(client, 'ticks', QUESTIONS);
    await rotateAll(bench, makeDataset('ticks', { iceberg: true, slice: 'hour' }));
  }, 3_600_000);

  afterAll(async () => {
    for (const end of endings.toReversed()) await end();
  });

  it('has one for each hour', async () => {
    const { rows } = await client.query<{ live: number }>(
      `select count(*)::int as live from tierd.segments where state = 'live'`,
    );
    expect(rows[0]?.live).toBe(DAYS * 24);
    expect(expected['all']?.rows).toBe(DAYS * 24 * ROWS_AN_HOUR);
  });

  it.each(ENGINES)('is answered by %s as PostgreSQL did before the move', async (named) => {
    expect(await table.ask(named, QUESTIONS)).toEqual(expected);
  });
});
