/** The views of `tierd attach` where chunks and partitions are dropped, and where time is no timestamptz. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { runInside, runTierd } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type FaceDaemon, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';

describeOn('timescale', 'views over what is dropped', () => {
  let database: TestDatabase;
  let daemon: FaceDaemon;

  /** Midnight, so many days ago. */
  const day = (ago: number): string =>
    new Date(Math.floor(Date.now() / 86_400_000 - ago) * 86_400_000).toISOString();

  const fill = (table: string, ...days: readonly number[]): Promise<unknown> =>
    database.query(
      `insert into ${table} (ts, id) select d::timestamptz + n * interval '1 minute', n from unnest($1::text[]) d, generate_series(1, 100) n`,
      [days.map(day)],
    );

  async function addPartition(ago: number): Promise<void> {
    await database.query(
      `create table parts_${String(ago)} partition of parts for values from ('${day(ago)}') to ('${day(ago - 1)}')`,
    );
  }

  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    await database.query(`
      create table parts (ts timestamptz not null, id int not null) partition by range (ts);
      create table chunks (ts timestamptz not null, id int not null);
      select create_hypertable('chunks', 'ts', chunk_time_interval => interval '1 day');
      create table dates_t (d date not null, id int);
      insert into dates_t select current_date - n, n from unnest(array[1, 2, 60]) n;
      create table ms_t (ms bigint not null, id int, primary key (ms, id));
      insert into ms_t select (extract(epoch from now()) * 1000)::bigint - n * 86400000::bigint, n from unnest(array[1, 2, 60]) n;`);
    for (const ago of [3, 40, 41, 50]) await addPartition(ago);
    await fill('parts', 3, 40);
    await fill('chunks', 3, 40);
    const port = await freePort();
    daemon = await startFaceDaemon(database, {
      port,
      datasets: `  parts: { time_column: ts }
  chunks: { time_column: ts }
  dates_t: { time_column: d }
  ms_t: { time_column: ms, time_unit: ms }`,
    });
    const attached = await runInside(['attach'], {
      workingDirectory: daemon.directory,
      clock: systemClock,
    });
    expect(attached.exitCode, attached.stderr).toBe(0);
  });

  afterAll(() => endHttpDaemon(daemon));

  async function rotate(): Promise<void> {
    const { exitCode, stderr } = await runTierd(['rotate', '--force', '--quiet'], {
      workingDirectory: daemon.directory,
    });
    expect(exitCode, stderr).toBe(0);
  }

  it.each(['parts', 'chunks'])(
    'I2: a snapshot from before a drop is refused, and the next one reads all: %s',
    async (table) => {
      const count = `select count(*)::int as n from attached.${table}`;
      const reader = await database.connect();
      expect((await reader.query(count)).rows).toEqual([{ n: 200 }]);
      await fill(table, 41);
      await reader.query('begin isolation level repeatable read; select 1');
      await rotate();
      const drops = `select count(*)::int as n from tierd.moves where dataset = '${table}' and removal = 'drop'`;
      expect((await database.query(drops)).rows).toEqual([{ n: 2 }]);
      await expect(reader.query(count)).rejects.toMatchObject({ code: '40001' });
      await reader.query('rollback');
      expect((await reader.query(count)).rows).toEqual([{ n: 300 }]);
      await reader.end();
    },
  );

  it.each(['parts', 'chunks'])(
    'a reader keeps what it reads from being dropped: %s',
    async (table) => {
      const count = `select count(*)::int as n from attached.${table}`;
      await fill(table, 50);
      const reader = await database.connect();
      await reader.query('begin isolation level repeatable read');
      expect((await reader.query(count)).rows).toEqual([{ n: 400 }]);
      const { exitCode, stderr } = await runTierd(['rotate', table, '--force', '--quiet'], {
        workingDirectory: daemon.directory,
      });
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain('stays hot: no lock on');
      expect((await reader.query(count)).rows).toEqual([{ n: 400 }]);
      await reader.query('commit');
      await rotate();
      expect((await reader.query(count)).rows).toEqual([{ n: 400 }]);
      await reader.end();
    },
  );

  it.each([
    ['dates_t', `d > current_date - 10`, `d < current_date - 40`],
    ['ms_t', `ms > (extract(epoch from now() - interval '10 days') * 1000)::bigint`, 'ms < 1'],
  ])('knows where the lake ends in whatever time is told: %s', async (table, recent, old) => {
    const of = async (where: string, from = table): Promise<unknown> =>
      (await database.query(`select count(*)::int as n from ${from} where ${where}`)).rows;
    expect(await of('true', `attached.${table}_cold`)).toEqual([{ n: 1 }]);
    expect(await of('true', `attached.${table}`)).toEqual([{ n: 3 }]);
    expect(await of(recent, `attached.${table}`)).toEqual([{ n: 2 }]);
    const plan = async (where: string): Promise<string> =>
      JSON.stringify(
        (await database.query(`explain select * from attached.${table} where ${where}`)).rows,
      );
    expect(await plan(recent)).not.toContain('Foreign Scan');
    expect(await plan(old)).toContain('Foreign Scan');
  });
});
