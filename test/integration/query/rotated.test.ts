import type pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let db: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  db = await database.connect();
});

describe('a query of what was rotated', () => {
  test('I6: gives what PostgreSQL held, from the days that it asks for', async () => {
    const bench = await openBench(database);
    await database.query(
      `create table ticks (time timestamptz not null, symbol text, price numeric(20,8), exact numeric, volume bigint, note jsonb)`,
    );
    await database.query(
      `insert into ticks
       select $1::timestamptz + n * interval '1 hour', 's' || n % 5, n * 1.25, n / 3.0, 9007199254740992 + n,
              case when n % 7 = 0 then null else jsonb_build_object('n', n) end
       from generate_series(0, 24 * 40 - 1) n`,
      [daysAgo(40)],
    );
    const sql = (cast: string) =>
      `select symbol, count(*)${cast} as n, sum(price)::text as price, min(exact)${cast} as exact, max(volume)::text as volume
       from ticks where time >= '${daysAgo(38)}' and time < '${daysAgo(35)}' and volume > 9007199254740993 group by symbol order by symbol`;
    const before = await db.query<Record<string, unknown>>(sql('::text'));

    const ask = (text: string) =>
      askStores(bench, db, [makeDataset('ticks'), makeDataset('news')], text);

    const hot = await ask(sql('::varchar'));
    await rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });

    const { rows, summary } = await ask(sql('::varchar'));
    expect(hot).toMatchObject({ rows, summary: { segmentsRead: 0, hotRows: 73 } });
    // Text held for an unconstrained numeric sorts as text: 10 before 9.
    const texts = (row: Record<string, unknown>) => ({ ...row, exact: expect.any(String) });
    expect(rows).toEqual(before.rows.map(texts));
    expect(summary).toMatchObject({ segmentsRead: 3, segmentsLive: 10, hotRows: 0 });
    // The snapshot is not held while rows are read, nor after: nothing is read-only any more.
    await db.query('create temp table writable ()');
    const described = await ask('describe ticks');
    expect(described.rows.map((row) => row['column_type'])).toEqual([
      'TIMESTAMP WITH TIME ZONE',
      'VARCHAR',
      'DECIMAL(20,8)',
      'VARCHAR',
      'BIGINT',
      'JSON',
    ]);
  });

  test('says of a constant that is no value what is wrong with it, on whichever side', async () => {
    const own = await createTestDatabase();
    const line = await own.connect();
    const bench = await openBench(own);
    const dataset = makeDataset('clocks', { sortBy: [] });
    await own.query(`create table clocks (time timestamptz not null, n int);
      insert into clocks values ('${daysAgo(40)}', 1)`);
    await rotateDataset(bench.rooms, dataset, { force: true });
    await own.query(`insert into clocks values ('${daysAgo(1)}', 1)`);
    for (const side of ['hot.', 'cold.', '']) {
      for (const where of [`time < 'now'::timestamptz`, `n = 'few'::int`]) {
        const sql = `select count(*) from ${side}clocks where ${where}`;
        await expect(askStores(bench, line, [dataset], sql)).rejects.toMatchObject({
          code: 'QUERY_FAILED',
          message: expect.stringMatching(/"now"|'few'/) as string,
        });
      }
    }
  });
});
