/** The script of `tierd doctor --grants`, run by a superuser, and then tierd as the role it is for. */
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type CliResult, runInside } from '../support/cli.ts';
import { directoryWith } from '../support/config-file.ts';
import { fillTicks } from '../support/daemon.ts';
import type { TestDatabase } from '../support/database.ts';
import { databaseOn } from '../support/own-database.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';

const DAEMON = `Tierd "d'or"`;
const READER = `${DAEMON}_reader`;

async function freshDatabase(): Promise<TestDatabase> {
  const server = await startPostgres();
  onTestFinished(() => server.remove());
  const database = await databaseOn(server);
  // What nobody may do unless told so.
  await database.query(
    `revoke all on schema public from public;
     do $$ begin execute format('revoke all on database %I from public', current_database()); end $$`,
  );
  await fillTicks(database, { dueDays: 2, rows: 50 });
  await database.query(
    `create table parts (ts timestamptz not null, id bigserial) partition by range (ts);
     do $$
     declare day timestamptz;
     begin
       for n in 40..41 loop
         day := date_trunc('day', now(), 'UTC') - n * interval '1 day';
         execute format('create table parts_%s partition of parts for values from (%L) to (%L)', n, day, day + interval '1 day');
         insert into parts select day + i * interval '1 min' from generate_series(0, 9) i;
       end loop;
     end $$`,
  );
  return database;
}

async function withTimescale(database: TestDatabase): Promise<void> {
  await database.query('create extension timescaledb');
  await database.query(
    `create table hyper (ts timestamptz not null, id int);
     select create_hypertable('hyper', 'ts', chunk_time_interval => interval '1 day');
     insert into hyper select date_trunc('day', now(), 'UTC') - n * interval '1 day', n from generate_series(40, 44) n`,
  );
}

function tierdOn(
  url: string,
  redis: string,
): (user: string, ...argv: string[]) => Promise<CliResult> {
  const directory = directoryWith({
    'tierd.yaml': `
postgres: { url: "\${URL}" }
redis: { url: "${redis}" }
lake: { type: local, path: lake, min_free: 0MB }
storage: { lifecycle: { guards: { max_share: 1 } } }
maintenance: { temp_dir: spill, threads: 1, memory_limit: 256MB }
datasets:
  ticks: { time_column: ts }
  parts: { time_column: ts, partitions: { ahead: 2d, every: 1d } }
  hyper: { time_column: ts }
drain:
  sources:
    lines: { kind: list, keys: "in:*", dataset: parts, columns: { ts: t } }
`,
  });
  return (user, ...argv) => {
    const as = new URL(url);
    as.username = encodeURIComponent(user);
    return runInside(['--config', join(directory, 'tierd.yaml'), ...argv], {
      env: { URL: as.href },
      workingDirectory: directory,
      clock: { now: Date.now },
    });
  };
}

describeOn('timescale', 'the script of least privilege', () => {
  it('is enough for migrate, rotate, partitions, drain, query, status and doctor, and makes no superuser', async () => {
    const database = await freshDatabase();
    await withTimescale(database);
    const redis = await startRedis();
    onTestFinished(() => redis.remove());
    const tierd = tierdOn(database.url, redis.url);
    const done = async (user: string, ...argv: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await tierd(user, ...argv);
      expect({ argv, exitCode, said: exitCode === 0 ? '' : stdout + stderr }).toEqual({
        argv,
        exitCode: 0,
        said: '',
      });
      return stdout;
    };

    const script = await done(DAEMON, 'doctor', '--grants');
    await database.query(script);
    await done(DAEMON, 'migrate');
    // It may be run again.
    await database.query(script);
    await done(DAEMON, 'rotate', '--dry-run');
    await done(DAEMON, 'rotate');
    for (const [table, left] of [
      ['ticks', 50],
      ['parts', 0],
      ['hyper', 0],
    ] as const) {
      const { rows } = await database.query(`select count(*)::int as n from ${table}`);
      expect({ table, rows }).toEqual({ table, rows: [{ n: left }] });
    }
    await done(DAEMON, 'partitions');
    const made = await database.query(
      `select count(*)::int as n from pg_inherits where inhparent = 'parts'::regclass`,
    );
    expect(made.rows).toEqual([{ n: 3 }]);
    await done(DAEMON, 'drain');
    await done(DAEMON, 'status');
    for (const user of [DAEMON, READER]) {
      if (user === READER)
        await database.query(`alter role "${READER.replaceAll('"', '""')}" login`);
      expect(
        await done(user, 'query', 'select count(*) as n from ticks', '--format', 'csv'),
      ).toContain('150');
    }
    const checks = JSON.parse((await tierd(DAEMON, 'doctor', '--json')).stdout) as {
      checks: { name: string; status: string; found: string }[];
    };
    // The tests' server syncs nothing; all else is in order.
    const wrong = checks.checks.filter(
      ({ name, status }) => status === 'error' && name !== 'durability',
    );
    expect(wrong).toEqual([]);
    const { rows } = await database.query(
      `select rolname, rolsuper, rolcreaterole, rolcreatedb from pg_roles where starts_with(rolname, 'Tierd') and (rolsuper or rolcreaterole or rolcreatedb)`,
    );
    expect(rows).toEqual([]);
    const read = await tierd(READER, 'rotate');
    expect(read.stderr).toContain('PERMISSION_DENIED');
  });

  it('refuses to be for a superuser', async () => {
    const database = await freshDatabase();
    const tierd = tierdOn(database.url, 'redis://127.0.0.1:1');
    const { stdout } = await tierd('postgres', 'doctor', '--grants');
    const refusal = await database.query(stdout).then(() => '', String);
    expect(refusal).toMatch(/role postgres is a superuser.*--role/);
    const other = await tierd('postgres', 'doctor', '--grants', '--role', 'mover');
    expect(other.stdout).toContain('create role "mover" login');
  });
});
