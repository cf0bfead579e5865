/** What a question costs PostgreSQL in messages, and that what is known from the last one is never out of date. */
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores, type StoresAnswer } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { watchStatements } from '../../support/watched-statements.ts';

const DATASETS = ['ticks', 'later'].map((name) => makeDataset(name));
const LATEST = 'select * from ticks order by time desc limit 3';

async function scene(): Promise<{
  readonly database: TestDatabase;
  readonly db: pg.Client;
  readonly ask: (sql: string) => Promise<StoresAnswer>;
}> {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  const db = await database.connect();
  await database.query(
    `create table ticks (time timestamptz not null, symbol text, lot int, primary key (time, lot));
     insert into ticks
     select '${daysAgo(35)}'::timestamptz + n * interval '1 hour', 's' || n % 3, n
     from generate_series(0, 35 * 24 - 1) n`,
  );
  await rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });
  return { database, db, ask: (sql) => askStores(bench, db, DATASETS, sql) };
}

describe('a question on a connection that has answered one', () => {
  test('takes one message until its rows, and as few for them', async () => {
    const { db, ask } = await scene();
    await ask(LATEST);
    const statements = watchStatements(db);
    const { rows } = await ask(LATEST);
    expect(rows.map((row) => row['lot'])).toEqual([839, 838, 837]);
    expect(statements.map(({ text }) => /^(begin|COPY|select g|commit)/.exec(text)?.[0])).toEqual([
      'begin',
      'COPY',
      'commit',
    ]);
    expect(statements[0]?.text).toMatch(/lock table .* nowait; execute/);
  });

  test('I2: locks before its snapshot, and waits where somebody holds the table', async () => {
    const { database, db, ask } = await scene();
    await ask(LATEST);
    const other = await database.connect();
    await other.query('begin; lock table ticks in access exclusive mode');
    const asking = ask('select count(*) as n from ticks');
    const waits = async () =>
      (await other.query('select from pg_locks where not granted')).rows.length > 0;
    await expect.poll(waits).toBe(true);
    await other.query(`delete from ticks where lot = 839; commit`);
    expect((await asking).rows).toEqual([{ n: 839 }]);
    expect(db.getTransactionStatus()).toBe('I');
  });

  test.each([
    [
      'a column more',
      'alter table ticks add column note text default $$x$$',
      { note: 'x', lot: 839 },
    ],
    [
      'a column of another type',
      'alter table ticks alter column lot type bigint using lot + 5000000000',
      { lot: 5000000839 },
    ],
    [
      'a column of another name',
      'alter table ticks rename column symbol to ticker',
      { ticker: 's2' },
    ],
    // The lake still has it.
    ['a column less', 'alter table ticks drop column symbol', { lot: 839, symbol: null }],
    [
      'another table of its name',
      'alter table ticks rename to old; create table ticks (time timestamptz not null, lot int); insert into ticks select time, -lot from old',
      { lot: -839 },
    ],
    [
      'a part more',
      `alter table ticks rename to old; create table ticks (time timestamptz not null, symbol text, lot int) partition by range (time);
       create table part partition of ticks default; insert into ticks select time, symbol, lot + 1 from old`,
      { lot: 840 },
    ],
  ])('sees %s', async (_, change, expected) => {
    const { database, ask } = await scene();
    await ask(LATEST);
    await ask(LATEST);
    await database.query(change);
    const { rows } = await ask('select * from hot.ticks order by time desc limit 1');
    expect(rows[0]).toMatchObject(expected);
  });

  test('sees that a key by which rows came again is there or gone', async () => {
    const { database, ask } = await scene();
    await database.query(
      `insert into ticks select '${daysAgo(34)}'::timestamptz, 'again', 24 from ticks limit 1`,
    );
    const count = async () =>
      (await ask(`select count(*) as n from ticks where lot = 24`)).rows[0]?.['n'];
    expect(await count()).toBe(1);
    expect(await count()).toBe(1);
    await database.query('alter table ticks drop constraint ticks_pkey');
    expect(await count()).toBe(2);
    await database.query('create unique index again on ticks (time, lot)');
    expect(await count()).toBe(1);
  });

  test('answers without a table that is dropped, and with one that is there again', async () => {
    const { database, ask } = await scene();
    await ask(LATEST);
    const count = async (of: string) => (await ask(`select count(*) as n from ${of}`)).rows;
    await database.query('create table later (time timestamptz not null, lot int)');
    expect(await count('later')).toEqual([{ n: 0 }]);
    await database.query('insert into later values (now(), 1); alter table ticks rename to away');
    expect(await count('later')).toEqual([{ n: 1 }]);
    expect(await count('ticks')).toEqual([{ n: 120 }]);
    await database.query('alter table away rename to ticks');
    expect(await count('ticks')).toEqual([{ n: 840 }]);
  });
});
