/** The servers that all other suites lean on do what they promise. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { startRedis } from '../support/redis-server.ts';
import { startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

describe('a test database', () => {
  it('is a PostgreSQL 17 of its own, with session defaults that nobody should lean on', async () => {
    const database = await createTestDatabase();
    const { rows } = await database.query(`select current_setting('server_version_num')::int / 10000
      as major, current_setting('TimeZone') as zone, current_database() as name`);
    expect(rows).toEqual([{ major: 17, zone: 'America/New_York', name: database.name }]);
  });

  it('is gone after drop, open connections or not', async () => {
    const database = await createTestDatabase();
    await database.connect();
    const other = await createTestDatabase();
    await database.drop();
    const { rows } = await other.query('select 1 from pg_database where datname = $1', [
      database.name,
    ]);
    expect(rows).toEqual([]);
  });
});

describeOn('timescale', 'a test database with TimescaleDB', () => {
  it('has hypertables of the Apache edition', async () => {
    const database = await createTestDatabase({ timescale: true });
    await database.query('create table tick (at timestamptz not null, price float8)');
    await database.query(`select create_hypertable('tick', 'at')`);
    const { rows } = await database.query(`select current_setting('timescaledb.license') as license,
      (select count(*)::int from timescaledb_information.hypertables) as hypertables`);
    expect(rows).toEqual([{ license: 'apache', hypertables: 1 }]);
  });
});

describe('a private PostgreSQL', () => {
  it.each(['fast', 'immediate', 'kill'] as const)(
    'keeps its data and port over a %s stop',
    async (mode) => {
      const server = await startPostgres({ settings: { max_connections: '17' } });
      try {
        await ask(server.url, 'create table kept as select 42 as answer');
        await server.stop(mode);
        await expect(ask(server.url, 'select 1')).rejects.toThrow();
        await server.start();
        expect(await ask(server.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
        expect(await ask(server.url, 'show max_connections')).toEqual([{ max_connections: '17' }]);
      } finally {
        await server.remove();
      }
      expect(existsSync(server.runDir)).toBe(false);
    },
  );
});

describe('a server of a test process that is killed', () => {
  it('ends with it', async () => {
    const source = `import { startPostgres } from './test/support/postgres-server.ts';
      const { url } = await startPostgres();
      console.log(url);
      setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source]);
    const [printed] = (await once(owner.stdout, 'data')) as [Buffer];
    const url = printed.toString().trim();
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    owner.kill('SIGKILL');
    await vi.waitFor(() => expect(ask(url, 'select 1')).rejects.toThrow('ECONNREFUSED'), 60_000);
  });
});

describeOn('s3', 'a private S3', () => {
  it('refuses to overwrite an object that must not be there yet', async () => {
    const server = await startS3();
    const put = (body: string): Promise<Response> =>
      fetch(`${server.url}/${server.bucket}/key`, {
        method: 'PUT',
        headers: { 'if-none-match': '*', authorization: server.testAuthorization },
        body,
      });
    expect((await put('first')).status).toBe(200);
    expect((await put('second')).status).toBe(412);
    await server.remove();
    await expect(fetch(server.url)).rejects.toThrow();
  });
});

describeOn('redis', 'a private Redis', () => {
  it('comes back on the same port after kill -9', async () => {
    const server = await startRedis();
    const pid = server.pid();
    await server.stop('immediate');
    await server.start();
    expect(server.pid()).not.toBe(pid);
    await server.remove();
    expect(existsSync(server.dataDir)).toBe(false);
  });
});
