/** Servers that answer, and let nobody in: told at once and once, with their place and what to correct. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { freePort } from '../../support/server-process.ts';
import { describeOn } from '../../support/servers.ts';

const HBA = `
host all postgres 127.0.0.1/32 trust
host all turned_away 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
`;

interface Told {
  readonly exitCode: number | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

async function tell(config: string, ...argv: readonly string[]): Promise<Told> {
  const workingDirectory = directoryWith({ 'unified_config.yaml': config });
  const { exitCode, stdout } = await runInside([...argv, '--json'], { workingDirectory });
  const said = JSON.parse(stdout) as Partial<Told> & { readonly sources?: readonly Told[] };
  const error = said.error ?? said.sources?.[0]?.error;
  if (error === undefined) throw new Error(`nothing failed: ${stdout}`);
  return { exitCode, error };
}

describe('a PostgreSQL that asks for a password', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(`
      create role tierd login password 'right'; create role turned_away login password 'right';
      create role sleeper nologin password 'right'; create role past login password 'right' valid until '2020-01-01'`);
    await client.query('create database closed');
    await client.query('revoke connect on database closed from public');
    await writeFile(join(server.dataDir, 'pg_hba.conf'), HBA);
    await client.query('select pg_reload_conf()');
    await client.end();
  });
  afterAll(() => server.remove());

  it.each([
    [
      'a wrong password',
      'tierd:wrong',
      'postgres',
      1,
      'PERMISSION_DENIED',
      /refuses this user or its password.*28P01/,
      /postgres\.url/,
    ],
    [
      'no password',
      'tierd',
      'postgres',
      1,
      'PERMISSION_DENIED',
      /asks for a password/,
      /postgres\.url/,
    ],
    [
      'an empty password',
      'tierd:',
      'postgres',
      1,
      'PERMISSION_DENIED',
      /asks for a password/,
      /postgres\.url/,
    ],
    ['no such role', 'nobody:right', 'postgres', 1, 'PERMISSION_DENIED', /28P01/, /postgres\.url/],
    [
      'a password that ran out',
      'past:right',
      'postgres',
      1,
      'PERMISSION_DENIED',
      /28P01/,
      /postgres\.url/,
    ],
    [
      'a role that may not log in',
      'sleeper:right',
      'postgres',
      1,
      'PERMISSION_DENIED',
      /28000/,
      /may log in/,
    ],
    [
      'no line in pg_hba.conf',
      'turned_away:right',
      'postgres',
      1,
      'PERMISSION_DENIED',
      /28000/,
      /pg_hba\.conf/,
    ],
    [
      'no such database',
      'tierd:right',
      'nowhere',
      2,
      'CONFIG_INVALID',
      /no database of that name.*3D000/,
      /create database/,
    ],
    [
      'no right to connect',
      'tierd:right',
      'closed',
      1,
      'PERMISSION_DENIED',
      /42501/,
      /grant connect on database/,
    ],
  ] as const)('tells of %s', async (_, user, name, exitCode, code, words, advice) => {
    const place = `127.0.0.1:${String(server.port)}/${name}`;
    const config = `
postgres: { url: "postgres://${user}@${place}" }
lake: { type: local, path: lake }
datasets: { ticks: { time_column: ts } }`;
    const told = await tell(config, 'migrate');
    expect(told).toMatchObject({ exitCode, error: { code } });
    expect(told.error.message).toContain(`PostgreSQL at ${place} as ${user.split(':')[0] ?? ''}`);
    expect(told.error.message).toMatch(words);
    expect(told.error.hint).toMatch(advice);
    expect(JSON.stringify(told)).not.toMatch(/right|wrong/);
    // Waiting mends nothing: a daemon ends with the same, and a job is not tried again.
    expect(
      await tell(`${config}\nschedules: { rotate: { every: 1h } }\nserver: { port: 0 }`, 'run'),
    ).toMatchObject({ exitCode });
  });
});

describeOn('redis', 'a Redis that asks for a password', () => {
  let database: TestDatabase;
  let data: RedisServer;
  let sentinel: RedisServer;
  let node: RedisServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.query(
      'create table ticks (symbol text primary key, ts timestamptz, price float8)',
    );
    data = await startRedis({ settings: { requirepass: 'right' } });
    sentinel = await startRedis({ sentinelOf: data, sentinelPassword: 'right' });
    const bus = String(await freePort());
    node = await startRedis({
      settings: { requirepass: 'right', 'cluster-enabled': 'yes', 'cluster-port': bus },
    });
  });
  afterAll(async () => {
    await Promise.all([data.remove(), sentinel.remove(), node.remove()]);
  });

  const at = (redis: string): string => `
postgres: { url: "${database.url}" }
redis: ${redis}
lake: { type: local, path: lake }
datasets: { ticks: { time_column: ts } }
drain: { sources: { latest: { kind: move, keys: "tick:{symbol}", dataset: ticks, columns: { symbol: "{symbol}", ts: at, price: price } } } }`;

  it.each([
    ['a wrong password', '{ url: "redis://:wrong@127.0.0.1:PORT" }', /redis\.password/],
    ['no password', '{ url: "redis://127.0.0.1:PORT" }', /redis\.password/],
    [
      'a wrong password of the sentinels',
      '{ sentinel: { master: mymaster, nodes: ["127.0.0.1:SENTINEL"], password: wrong }, password: right }',
      /redis\.sentinel\.password/,
    ],
    [
      'no password for the sentinels',
      '{ sentinel: { master: mymaster, nodes: ["127.0.0.1:SENTINEL"] }, password: right }',
      /redis\.sentinel\.password/,
    ],
    [
      'a wrong password of their master',
      '{ sentinel: { master: mymaster, nodes: ["127.0.0.1:SENTINEL"], password: right }, password: wrong }',
      /redis\.password/,
    ],
    [
      'a wrong password of a cluster',
      '{ cluster: { nodes: ["127.0.0.1:NODE"] }, password: wrong }',
      /redis\.password/,
    ],
    ['no password for a cluster', '{ cluster: { nodes: ["127.0.0.1:NODE"] } }', /redis\.password/],
  ] as const)('tells of %s', async (_, redis, advice) => {
    const ports = { PORT: data.port, SENTINEL: sentinel.port, NODE: node.port };
    const name = /PORT|SENTINEL|NODE/.exec(redis)?.[0] as keyof typeof ports;
    const port = String(ports[name]);
    const told = await tell(at(redis.replace(name, port)), 'drain', '--dry-run');
    expect(told).toMatchObject({ exitCode: 1, error: { code: 'PERMISSION_DENIED' } });
    expect(told.error.message).toContain(`127.0.0.1:${port}`);
    expect(told.error.message).toMatch(/asks for a password, and none is given|refuses this user/);
    expect(told.error.message).not.toContain('HELLO');
    expect(told.error.hint).toMatch(advice);
  });

  it('tells of a master that the sentinels do not know', async () => {
    const told = await tell(
      at(
        `{ sentinel: { master: other, nodes: ["127.0.0.1:${String(sentinel.port)}"], password: right }, password: right }`,
      ),
      'drain',
      '--dry-run',
    );
    expect(told).toMatchObject({ exitCode: 2, error: { code: 'CONFIG_INVALID' } });
    expect(told.error.message).toContain('knows no master "other"');
  });
});
