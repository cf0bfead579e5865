/**
 * An Iceberg table in a bucket, in engines that are given the bucket's keys by their own settings: tierd hands out none.
 * Where TIERD_TEST_ENGINES names a Python that has all of them, through all that happens to a table.
 */
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { rotateAll } from '../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { makeS3Lake } from '../support/s3-lake.ts';
import { startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';
import { describeAllThatHappens } from './all-that-happens.ts';
import { type AskedTable, askPostgres, ENGINES, openAskedTable } from './asked-table.ts';
import type { Answers, Question } from './engine.ts';

const DAYS = [45, 44, 43];
const utc = (age: number): string => new Date(daysAgo(age)).toISOString().slice(0, 19);

const QUESTIONS: readonly Question[] = [
  { name: 'all', filter: null },
  { name: 'a key', filter: "symbol = 'S3'" },
  { name: 'a day', filter: `time >= {${utc(44)}} and time < {${utc(43)}}` },
  { name: 'numbers', filter: 'size > 100 and size <= 200' },
];

describeOn('python', 'a table in a bucket', () => {
  let client: pg.Client;
  let table: AskedTable;
  let before: Answers;
  let after: Answers;
  let snapshot: number;
  const endings: (() => unknown)[] = [];

  beforeAll(async () => {
    const database = await createTestDatabase();
    client = await database.connect();
    const server = await startS3();
    endings.push(() => server.remove());
    const lake = await makeS3Lake(server);
    endings.push(() => lake.destroy());
    const bench = await openBench(database, { store: lake.store }, (end) => endings.push(end));
    table = openAskedTable(database, '', server);
    endings.push(() => table.end());
    await client.query(
      `set timezone = 'UTC';
       create table ticks (time timestamptz not null, symbol text, price numeric(20,8), size bigint);
       create table cold (like ticks)`,
    );
    const move = async (ages: readonly number[]): Promise<Answers> => {
      await client.query(
        `insert into ticks
         select $1::timestamptz - age * interval '24 hours' + n * interval '1 minute', 'S' || n % 7, n / 8.0, n
         from unnest($2::int[]) age, generate_series(0, 299) n`,
        [daysAgo(0), ages],
      );
      await client.query('insert into cold select * from ticks');
      await rotateAll(bench, makeDataset('ticks', { iceberg: true }));
      return askPostgres(client, 'cold', QUESTIONS);
    };
    before = await move(DAYS);
    const { rows } = await client.query<{ id: string }>(
      `select document->>'current-snapshot-id' as id from tierd.iceberg_metadata`,
    );
    snapshot = Number(rows[0]?.id);
    after = await move(DAYS.slice(0, 2));
  });

  afterAll(async () => {
    for (const end of endings.toReversed()) await end();
  });

  it.each(ENGINES)(
    'is answered by %s as PostgreSQL did before the move, late rows too',
    async (named) => {
      expect(await table.ask(named, QUESTIONS)).toEqual(after);
    },
  );

  it.each(ENGINES)('is answered by %s as it was before the late rows', async (named) => {
    expect(await table.ask(named, QUESTIONS, snapshot)).toEqual(before);
  });
});

if (process.env['TIERD_TEST_ENGINES'] !== undefined) {
  describeOn('python', 'a table in a bucket, through all that happens to it', () => {
    describeAllThatHappens(async (database, atEnd) => {
      const server = await startS3();
      atEnd(() => server.remove());
      const lake = await makeS3Lake(server);
      atEnd(() => lake.destroy());
      const bench = await openBench(database, { store: lake.store }, atEnd);
      return { bench, table: openAskedTable(database, '', server) };
    });
  });
}
