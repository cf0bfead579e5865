/** What `tierd attach --print` prints, run by a superuser with psql, for a role of tierd's that may do none of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { type CliResult, runInside } from '../support/cli.ts';
import { type FaceDaemon, PASSWORD, psqlAt, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { freePort } from '../support/server-process.ts';
import { openServerTree } from '../support/server-tree.ts';
import { describeOn } from '../support/servers.ts';

describeOn('timescale', 'what `tierd attach --print` prints, run by a superuser', () => {
  let server: PostgresServer;
  let database: pg.Client;
  let daemon: FaceDaemon;

  beforeAll(async () => {
    server = await startPostgres();
    database = new pg.Client({ connectionString: server.url });
    await database.connect();
    await database.query(`
      create role mover login;
      grant pg_read_all_stats to mover;
      do $$ begin execute format('grant create on database %I to mover', current_database()); end $$;
      create extension timescaledb;
      create extension postgres_fdw;
      grant usage on foreign data wrapper postgres_fdw to mover;
      grant create on schema public to mover;
      create table plain_t (ts timestamptz not null, id int not null);
      create table chunks (ts timestamptz not null, id int not null);
      select create_hypertable('chunks', 'ts', chunk_time_interval => interval '1 day');
      alter table plain_t owner to mover;
      alter table chunks owner to mover;`);
    await fill(1, 40, 41);
    const url = new URL(server.url);
    url.username = 'mover';
    daemon = await startFaceDaemon(
      { name: `printed-${String(server.port)}`, url: url.href },
      {
        port: await freePort(),
        datasets: '  plain_t: { time_column: ts }\n  chunks: { time_column: ts }',
      },
    );
    return async () => {
      await endHttpDaemon(daemon);
      await database.end();
      await server.remove();
    };
  });

  const tierd = (...argv: readonly string[]): Promise<CliResult> =>
    runInside(argv, { workingDirectory: daemon.directory, clock: systemClock });

  async function fill(...days: readonly number[]): Promise<void> {
    for (const table of ['plain_t', 'chunks']) {
      await database.query(
        `insert into ${table} (ts, id) select date_trunc('day', now()) - d * interval '1 day' + n * interval '1 minute', n
         from unnest($1::int[]) d, generate_series(1, 100) n`,
        [days],
      );
    }
  }

  async function runPrinted(...argv: readonly string[]): Promise<void> {
    const { stdout, stderr, exitCode } = await tierd(...argv, '--print');
    expect(exitCode, stderr).toBe(0);
    expect(stdout).not.toContain(PASSWORD);
    const file = join(server.runDir, 'printed.sql');
    writeFileSync(file, stdout, { mode: 0o644 });
    const given = ['-v', 'ON_ERROR_STOP=1', '-v', `tierd_password=${PASSWORD}`];
    const inside = (await openServerTree()).inside(file);
    const ran = await psqlAt(server.url, [...given, '--quiet', '-f', inside]);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
  }

  const read = async (sql: string): Promise<unknown> => (await database.query(sql)).rows;

  async function expectRows(rows: number): Promise<void> {
    for (const table of ['attached.plain_t', 'chunks']) {
      expect(await read(`select count(*)::int as n from ${table}`), table).toEqual([{ n: rows }]);
    }
  }

  async function statuses(): Promise<readonly string[]> {
    const { checks } = JSON.parse((await tierd('doctor', '--json')).stdout) as {
      checks: { name: string; status: string }[];
    };
    return checks
      .filter(({ name }) => /^(attached|in_place):/.test(name))
      .map(({ name, status }) => `${name} ${status}`);
  }

  it('attaches, rotations go on, and nothing is left to be done', async () => {
    await runPrinted('attach', 'plain_t');
    await runPrinted('attach', 'chunks', '--in-place');
    await expectRows(300);
    await fill(42);
    const rotated = await tierd('rotate', '--force', '--quiet');
    expect(rotated.exitCode, rotated.stderr).toBe(0);
    await expectRows(400);
    expect(await statuses()).toEqual(['attached:plain_t ok', 'in_place:chunks ok']);
    for (const argv of [['plain_t'], ['chunks', '--in-place']]) {
      const again = await tierd('attach', ...argv);
      expect(again, again.stderr).toMatchObject({ exitCode: 0 });
      expect((await tierd('attach', ...argv, '--print')).stdout).toContain('Nothing has to be');
    }
  });

  it('is not changed by the role of tierd, which says who can, and it goes on as before', async () => {
    await database.query(
      'alter table plain_t add column more int; alter table chunks add column more int',
    );
    for (const argv of [
      ['attach', 'plain_t'],
      ['attach', 'plain_t', '--dry-run'],
      ['attach', 'chunks', '--in-place'],
      ['detach'],
      ['detach', 'chunks', '--dry-run'],
    ]) {
      const { exitCode, stderr } = await tierd(...argv);
      expect(exitCode, argv.join(' ')).toBe(3);
      expect(stderr).toContain('was made by postgres, and the role of postgres.url may not');
      expect(stderr).toContain('Have postgres run what the same command with --print prints');
    }
    await expectRows(400);
    expect(await statuses()).toEqual(['attached:plain_t warning', 'in_place:chunks warning']);
  });

  it('is changed by the superuser again, and removed', async () => {
    await runPrinted('attach', 'plain_t');
    await runPrinted('attach', 'chunks', '--in-place');
    expect(await read('select count(more)::int as n from attached.plain_t')).toEqual([{ n: 0 }]);
    await expectRows(400);
    expect(await statuses()).toEqual(['attached:plain_t ok', 'in_place:chunks ok']);
    await runPrinted('detach');
    expect(await statuses()).toEqual([]);
    expect(await read('select srvname from pg_foreign_server')).toEqual([]);
    expect(await read(`select to_regnamespace('attached') as found`)).toEqual([{ found: null }]);
    expect(await read('select count(*)::int as n from chunks')).toEqual([{ n: 100 }]);
  });
});
