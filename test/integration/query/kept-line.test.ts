/** The line to PostgreSQL that a process of queries keeps: when it is asked again, and when a new one is. */
import type pg from 'pg';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { KeptLine } from '../../../src/cli/rooms/kept-line.ts';
import { connect, disconnect } from '../../../src/hot/server/connect.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { startPostgres } from '../../support/postgres-server.ts';
import { openProxy } from '../../support/tcp-proxy.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  const client = await connect({ url: database.url, job: 'test' });
  await migrate(client);
  await disconnect(client);
});

let nowMs = 0;

function open(url = database.url) {
  const line = new KeptLine({ now: () => nowMs });
  onTestFinished(() => line.close());
  const ask = (sql: string): Promise<pg.QueryResult> =>
    line.lend({ url, job: 'query' }, (db) => db.query(sql));
  const session = async (): Promise<number> => {
    const { rows } = await ask('select pg_backend_pid() as pid');
    return (rows[0] as { pid: number }).pid;
  };
  return { line, ask, session };
}

async function isThere(pid: number): Promise<boolean> {
  const { rows } = await database.query('select 1 from pg_stat_activity where pid = $1', [pid]);
  return rows.length > 0;
}

describe('the line of a process of queries', () => {
  it('is kept from one question to the next, for a minute', async () => {
    const { session } = open();
    const first = await session();
    nowMs += 59_000;
    expect(await session()).toBe(first);
    nowMs += 2_000;
    const second = await session();
    expect(second).not.toBe(first);
    await expect.poll(() => isThere(first)).toBe(false);
  });

  it('is a new one after its session was ended', async () => {
    const { session } = open();
    const first = await session();
    await database.query('select pg_terminate_backend($1::int)', [first]);
    expect(await session()).not.toBe(first);
  });

  it('is a new one after the server was started anew', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.remove());
    const client = await connect({ url: server.url, job: 'test' });
    await migrate(client);
    await disconnect(client);
    for (const mode of ['fast', 'kill'] as const) {
      const { ask, session } = open(server.url);
      await session();
      await server.stop(mode);
      // After a kill its sessions go a moment later.
      const refused = (): Promise<unknown> =>
        ask('select 1').then(
          () => null,
          (error: unknown) => (error as { readonly code?: unknown }).code,
        );
      await expect.poll(refused).toBe('POSTGRES_UNREACHABLE');
      await server.start();
      await session();
      await server.stop(mode);
      await server.start();
      await session();
    }
  });

  it('is a new one where the old one has gone silent', async () => {
    const proxy = await openProxy(database.url);
    const { session } = open(proxy.url);
    const first = await session();
    proxy.onStatement((_, connection) => (connection === 1 ? 'stall' : 'pass'));
    expect(await session()).not.toBe(first);
  });

  it('is not asked again where the question itself lost it', async () => {
    const { ask, line } = open();
    await ask('select 1');
    let asked = 0;
    const losing = line.lend({ url: database.url, job: 'query' }, async (db) => {
      asked += 1;
      await db.query('select pg_terminate_backend(pg_backend_pid())');
    });
    await expect(losing).rejects.toThrow();
    expect(asked).toBe(1);
    await ask('select 1');
  });

  it('is closed where a question failed or left a transaction open', async () => {
    const { ask, session } = open();
    const first = await session();
    await expect(ask('select 1 / 0')).rejects.toThrow('division by zero');
    await expect.poll(() => isThere(first)).toBe(false);
    const second = await session();
    await ask('begin; select 1');
    await expect.poll(() => isThere(second)).toBe(false);
  });

  it('leads to another server where the next question says so', async () => {
    const other = await createTestDatabase();
    const { line, session } = open();
    const first = await session();
    const elsewhere = line.lend({ url: other.url, job: 'query' }, (db) => db.query('select 1'));
    await expect(elsewhere).rejects.toMatchObject({ code: 'LEDGER_OUTDATED' });
    await expect.poll(() => isThere(first)).toBe(false);
  });
});
