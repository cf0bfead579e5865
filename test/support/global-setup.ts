/**
 * vitest global set-up of the projects that need servers: one PostgreSQL and one Redis for the whole
 * run, started when the first project asks and stopped when the last is through.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { findChromium } from './browser.ts';
import { KEPT_COMMENT } from './database.ts';
import { findFakeTime } from './fake-clock.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { openPythonEngines } from './python-engines.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { sweepDeadRuns } from './server-process.ts';
import { openServerTree } from './server-tree.ts';
import type { Need, SharedServers } from './servers.ts';

const run = promisify(execFile);

interface Run {
  readonly shared: SharedServers;
  readonly postgres: PostgresServer | null;
  readonly redis: RedisServer | null;
}

/** Each project loads this module for itself; the run is found here by all of them. */
const registry = globalThis as { tierdTestRun?: { run: Promise<Run>; users: number } | undefined };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const entry = (registry.tierdTestRun ??= { run: startRun(), users: 0 });
  entry.users += 1;
  const { shared } = await entry.run;
  project.provide('servers', project.name === 'engines' ? await withEngines(shared) : shared);
  return async () => {
    entry.users -= 1;
    if (entry.users > 0) return;
    registry.tierdTestRun = undefined;
    await endRun(await entry.run);
  };
}

async function startRun(): Promise<Run> {
  const tree = await openServerTree();
  await sweepDeadRuns(tree.runsDir);
  const given = process.env['TIERD_TEST_POSTGRES_URL'];
  const givenRedis = process.env['TIERD_TEST_REDIS_URL'];
  const [postgres, redis] = await Promise.all([
    given === undefined ? startPostgres() : null,
    givenRedis === undefined && tree.full ? startRedis() : null,
  ]);
  const postgresUrl = given ?? postgres?.url ?? '';
  const timescale = await offersTimescale(postgresUrl);
  const redisUrl = givenRedis ?? redis?.url ?? null;
  const missing: Partial<Record<Need, string>> = {};
  if (!timescale) missing.timescale = given === undefined ? tree.lacks : 'not in the given server';
  if (given === undefined || !timescale || !(await offersCommunity(given))) {
    missing.community = 'not in the server that is used';
  }
  if (redisUrl === null) missing.redis = tree.lacks;
  if (!tree.full) missing.s3 = missing.pg_dump = missing.pgbouncer = tree.lacks;
  if (!(await mayMount())) missing.mounts = 'no mount namespaces here';
  if (!(await mayAutomount())) missing.automounts = 'no autofs here';
  if (findChromium() === null) missing.chromium = 'not installed';
  if (findFakeTime() === null) missing.faketime = 'not installed';
  if (!tree.full) missing['systemd-notify'] = tree.lacks;
  else if (!(await hasNotify())) missing['systemd-notify'] = 'not installed';
  return { shared: { postgresUrl, timescale, redisUrl, python: null, missing }, postgres, redis };
}

async function withEngines(shared: SharedServers): Promise<SharedServers> {
  const { python, lacks } = await openPythonEngines();
  return lacks === null
    ? { ...shared, python }
    : { ...shared, missing: { ...shared.missing, python: lacks } };
}

async function endRun({ shared, postgres, redis }: Run): Promise<void> {
  await redis?.remove();
  const kept = await keptDatabases(shared.postgresUrl);
  for (const { name, comment } of kept) {
    process.stderr.write(`Kept database ${name}: ${comment.slice(KEPT_COMMENT.length)} failed\n`);
  }
  if (kept.length === 0 || postgres === null) {
    await postgres?.remove();
    return;
  }
  await postgres.keep();
  process.stderr.write(`Look at it with: npm run test:kept\n`);
}

async function mayMount(): Promise<boolean> {
  const tried = run('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return tried.then(
    () => true,
    () => false,
  );
}

async function mayAutomount(): Promise<boolean> {
  const known = await readFile('/proc/filesystems', 'utf8').catch(() => '');
  return known.includes('\tautofs\n') && mayMount();
}

async function hasNotify(): Promise<boolean> {
  return run('systemd-notify', ['--version']).then(
    () => true,
    () => false,
  );
}

async function offersTimescale(url: string): Promise<boolean> {
  const rows = await ask(
    url,
    `select 1 from pg_catalog.pg_available_extensions where name = 'timescaledb'`,
  );
  return rows.length > 0;
}

/** The extension tells its edition only from within a database that has it. */
async function offersCommunity(serverUrl: string): Promise<boolean> {
  const name = `tierd_test_edition_${String(process.pid)}`;
  await ask(serverUrl, `create database ${name} template template0`);
  try {
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    await ask(url.href, 'create extension timescaledb');
    const [found] = await ask(url.href, `select current_setting('timescaledb.license') as license`);
    return (found as { readonly license: string }).license === 'timescale';
  } finally {
    await ask(serverUrl, `drop database ${name} with (force)`);
  }
}

async function keptDatabases(url: string): Promise<{ name: string; comment: string }[]> {
  const sql = `select datname as name, comment
    from (select datname, shobj_description(oid, 'pg_database') as comment
            from pg_catalog.pg_database) as databases
    where comment like $1`;
  return (await ask(url, sql, [`${KEPT_COMMENT}%`])) as { name: string; comment: string }[];
}

async function ask(url: string, sql: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as unknown[];
  } finally {
    await client.end();
  }
}
