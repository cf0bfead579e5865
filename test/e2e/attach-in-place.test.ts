/** `tierd attach --in-place`: a hypertable that reaches into the lake by itself. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { runInside, runTierd } from '../support/cli.ts';
import { stopped } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type FaceDaemon, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { IN_PLACE_TABLES as TABLES } from '../support/in-place-tables.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';

describeOn('timescale', 'a hypertable in place', () => {
  let database: TestDatabase;
  let daemon: FaceDaemon;

  const day = (ago: number): string =>
    new Date(Math.floor(Date.now() / 86_400_000 - ago) * 86_400_000).toISOString();

  /** A hundred rows of a day, so many days ago. */
  const fill = (table: string, ...days: readonly number[]): Promise<unknown> =>
    database.query(
      `insert into ${table} (ts, id, note) select d::timestamptz + n * interval '1 minute', n,
              case when d::timestamptz > now() - interval '10 days' then 'keep' else 'n' || n % 7 end
       from unnest($1::text[]) d, generate_series(1, 100) n`,
      [days.map(day)],
    );

  const tierd = (...argv: readonly string[]) =>
    runInside(argv, { workingDirectory: daemon.directory, clock: systemClock });

  async function rotate(...names: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await runTierd(['rotate', ...names, '--force', '--quiet'], {
      workingDirectory: daemon.directory,
    });
    expect(exitCode, stderr).toBe(0);
  }

  const count = async (
    sql: string,
    on: { query(text: string): Promise<pg.QueryResult> } = database,
  ): Promise<number> =>
    ((await on.query(`select count(*)::int as n from ${sql}`)).rows[0] as { n: number }).n;

  /** Once whatever wrote before the last move, in whichever database of the server, has ended. */
  const settled = async (sql: string): Promise<number> => {
    let found = 0;
    await expect
      .poll(async () => {
        const { code = null } = await errorOf(count(sql).then((n) => (found = n)));
        return code;
      })
      .not.toBe('40001');
    return found;
  };

  async function planOf(sql: string): Promise<string> {
    return JSON.stringify((await database.query(`explain (verbose) ${sql}`)).rows);
  }

  async function errorOf(asked: Promise<unknown>): Promise<{ code?: string; message?: string }> {
    return asked.then(
      () => ({}),
      (error: unknown) => error as { code: string; message: string },
    );
  }

  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    await database.query(TABLES);
    await fill('chunks', 1, 3, 40, 41);
    await fill('wide', 1, 3, 40, 41);
    daemon = await startFaceDaemon(database, {
      port: await freePort(),
      datasets: `  chunks: { time_column: ts }
  wide: { time_column: ts, interval_column: note, hot_intervals: [keep] }
  plain_t: { time_column: ts }
  folded: { time_column: ts }
  spaced: { time_column: ts }
  computed: { time_column: ts }`,
    });
  });

  afterAll(() => endHttpDaemon(daemon));

  describe('what is attached', () => {
    it('is planned, made, told, and left as it is the next time', async () => {
      await rotate();
      const dry = await tierd('attach', 'chunks', '--in-place', '--dry-run');
      expect(dry.stdout, dry.stderr).toBe('would attach chunks as attached.chunks_chunk\n');
      expect(await settled('chunks')).toBe(200);
      const made = await tierd('attach', 'chunks', 'wide', '--in-place');
      expect(made, made.stderr).toMatchObject({ exitCode: 0, stderr: '' });
      const again = await tierd('attach', 'chunks', 'wide', '--in-place', '--json');
      expect(JSON.parse(again.stdout)).toMatchObject({
        datasets: [{ step: 'same' }, { step: 'same' }],
        statements: 0,
      });
    });

    it.each([
      ['plain_t', 'is no hypertable'],
      ['spaced', 'are cut by note as well as by time'],
      ['folded', 'calls different texts equal'],
      ['computed', 'is generated'],
    ])('is a hypertable that can be: %s is refused', async (table, why) => {
      const { exitCode, stderr } = await tierd('attach', table, '--in-place');
      expect(exitCode).toBe(3);
      expect(stderr).toContain(why);
    });

    it.each(['chunks', 'wide'])('gives hot rows and cold ones: %s', async (table) => {
      expect(await settled(table)).toBe(400);
      expect(await settled(`${table} where ts < now() - interval '20 days'`)).toBe(200);
      expect(await settled(`${table} where note = 'n3'`)).toBe(
        await settled(`${table} where note like 'n3%'`),
      );
    });
  });

  it.each(['chunks', 'wide'])(
    'leaves the lake out of a question of hot time, but not of one of cold time: %s',
    async (table) => {
      expect(
        await planOf(`select * from ${table} where ts > now() - interval '10 days'`),
      ).not.toContain('Foreign Scan');
      expect(await planOf(`select * from ${table} where ts > '${day(5)}'`)).not.toContain(
        'Foreign Scan',
      );
      expect(await planOf(`select * from ${table} where ts < '${day(39)}'`)).toContain(
        'Foreign Scan',
      );
    },
  );

  it.each(['chunks', 'wide'])('moves late rows, and they are read on: %s', async (table) => {
    await fill(table, 42);
    expect(await settled(table)).toBe(500);
    await rotate(table);
    expect(await settled(table)).toBe(500);
    await database.query(
      `insert into ${table} (ts, id, note) values ('${day(41)}'::timestamptz + interval '1 second', 7, 'late')`,
    );
    expect(await settled(table)).toBe(501);
    await rotate(table);
    expect(await settled(table)).toBe(501);
    expect(await settled(`${table} where note = 'late'`)).toBe(1);
    const removals = await database.query(
      `select distinct removal from tierd.moves where dataset = $1 and state in ('committed', 'finished')`,
      [table],
    );
    expect(removals.rows).toContainEqual({ removal: table === 'wide' ? 'delete' : 'drop' });
  });

  describe('one instant', () => {
    it.each(['chunks', 'wide'])(
      'I2: a statement in a transaction that keeps its snapshot gives the rows as they were, or is refused with 40001: %s',
      async (table) => {
        await fill(table, 43);
        const before = await settled(table);
        const reader = await database.connect();
        await reader.query('begin isolation level repeatable read');
        await count('plain_t', reader);
        await rotate(table);
        const asked = count(table, reader);
        expect(await errorOf(asked)).toMatchObject({ code: '40001' });
        await reader.query('rollback');
        expect(await settled(table)).toBe(before);
        await reader.end();
      },
    );

    it.each(['chunks', 'wide'])(
      'I2: who reads is waited for by a move, which is given up where that takes too long: %s',
      async (table) => {
        await fill(table, 44);
        const before = await settled(table);
        const reader = await database.connect();
        await reader.query('begin');
        expect(await count(table, reader)).toBe(before);
        const { exitCode, stderr } = await runTierd(['rotate', table, '--force', '--quiet'], {
          workingDirectory: daemon.directory,
        });
        expect(exitCode, stderr).not.toBe(0);
        expect(stderr).toContain('stays hot: no lock on');
        expect(await count(table, reader)).toBe(before);
        await reader.query('commit');
        await rotate(table);
        expect(await settled(table)).toBe(before);
        await reader.end();
      },
    );

    it('I2: while a transaction that writes is older than a move, nobody is answered who might not see that move', async () => {
      const writer = await database.connect();
      await writer.query(`begin; insert into plain_t values (now(), 1)`);
      await fill('wide', 45);
      const before = await settled('wide');
      await rotate('wide');
      expect(await errorOf(count('wide'))).toMatchObject({ code: '40001' });
      expect(await count(`wide where ts > now() - interval '10 days'`)).toBe(200);
      await writer.query('commit');
      expect(await settled('wide')).toBe(before);
      await writer.end();
    });

    it('answers nobody else who names its table of the face', async () => {
      const { connectTo } = await import('../support/face-daemon.ts');
      const client = await connectTo(daemon);
      const asked = `select count(*) from in_place.wide`;
      expect(await errorOf(client.query(asked))).toMatchObject({ code: '55000' });
      await client.query(`set application_name = 'tierd 1.1'`);
      expect(await errorOf(client.query(asked))).toMatchObject({ code: '55000' });
      await client.end();
    });
  });

  describe('what is written to it', () => {
    it.each(['chunks', 'wide'])('lets through what hits no cold row: %s', async (table) => {
      const cold = `ts < now() - interval '20 days'`;
      const before = await settled(table);
      for (const statement of [
        `delete from ${table} where note = 'nothing like it'`,
        `delete from ${table} where ${cold} and id = 4711 returning *`,
        `update ${table} set note = 'a from where (b)' where ${cold} and id = 4711`,
        `update ${table} set note = note || 'x' where id = 4711 returning id`,
      ]) {
        expect((await database.query(statement)).rowCount, statement).toBe(0);
      }
      const changed = await database.query(
        `update ${table} set note = 'other' where id = 9 and ts > now() - interval '10 days'`,
      );
      expect(changed.rowCount).toBe(2);
      await database.query(
        `update ${table} set note = 'keep' where note = 'other' and ts > now() - interval '10 days'`,
      );
      expect(await settled(table)).toBe(before);
    });

    it.each(['chunks', 'wide'])(
      'refuses what hits cold rows, and changes nothing: %s',
      async (table) => {
        const before = await settled(table);
        for (const statement of [
          `delete from ${table} where id = 9`,
          `delete from ${table} where ts < now() - interval '20 days' returning id`,
          `update ${table} set note = 'x' where id = 9`,
          `update ${table} set id = id + 1 where ts = '${day(41)}'::timestamptz + interval '1 minute'`,
        ]) {
          expect(await errorOf(database.query(statement)), statement).toMatchObject({
            code: '0A000',
            message: expect.stringContaining('rows that are in the lake') as string,
          });
        }
        expect(await errorOf(database.query(`truncate ${table}`))).toMatchObject({
          code: '0A000',
          message: expect.stringContaining('TRUNCATE would leave') as string,
        });
        expect(await settled(table)).toBe(before);
      },
    );

    it('ANALYZE reads no row of the lake', async () => {
      await database.query('analyze chunks');
      expect(await settled('chunks')).toBeGreaterThan(200);
    });

    it('a column that is added is null in cold rows, and told by doctor', async () => {
      await database.query('alter table chunks add column more int');
      expect(await settled('chunks where more is null')).toBe(await settled('chunks'));
      const { stdout } = await tierd('doctor', '--json');
      const checks = (JSON.parse(stdout) as { checks: { name: string; status: string }[] }).checks;
      expect(checks.find(({ name }) => name === 'in_place:chunks')?.status).toBe('warning');
      expect(checks.find(({ name }) => name === 'in_place:wide')?.status).toBe('ok');
      expect((await tierd('attach', 'chunks', '--in-place')).exitCode).toBe(0);
    });
  });

  it('where the daemon is away, hot time is read as ever, and cold time says what to start', async () => {
    await stopped(daemon.process);
    const fresh = await database.connect();
    expect(await count(`wide where ts > now() - interval '10 days'`, fresh)).toBe(200);
    const begun = performance.now();
    const failed = await errorOf(count('wide', fresh));
    expect(failed.message).toContain('could not connect to server "tierd_run"');
    expect(performance.now() - begun).toBeLessThan(60_000);
    const inserted = await fresh.query(`insert into wide values ('${day(46)}', 1, 'late')`);
    expect(inserted.rowCount).toBe(1);
    await rotate('wide');
    await fresh.end();
  });

  it('is a hypertable as before once it is detached', async () => {
    const gone = await tierd('detach', 'wide');
    expect(gone.exitCode, gone.stderr).toBe(0);
    expect(await settled('wide')).toBe(200);
    expect(await count(`pg_class where relname = 'wide_chunk'`)).toBe(0);
    expect((await tierd('detach')).exitCode).toBe(0);
    expect(await count(`pg_foreign_server`)).toBe(0);
  });
});
