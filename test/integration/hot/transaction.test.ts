import net from 'node:net';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { connect, disconnect } from '../../../src/hot/server/connect.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

const writing = { doing: 'writing', isolation: 'read committed', readOnly: false } as const;

/** A line that is cut when the client's COMMIT passes: before the server sees it, or before its answer returns. */
async function cuttingProxy(
  url: string,
  cut: 'request' | 'reply',
): Promise<{ url: string; close(): void }> {
  const target = new URL(url);
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port), target.hostname);
    let committing = false;
    near.on('data', (bytes) => {
      if (bytes.includes('commit\0')) {
        committing = true;
        if (cut === 'request') return void near.destroy();
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (committing) near.destroy();
      else near.write(bytes);
    });
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxied = new URL(url);
  proxied.hostname = '127.0.0.1';
  proxied.port = String((server.address() as net.AddressInfo).port);
  return { url: proxied.href, close: () => server.close() };
}

const setting = async (client: pg.Client, name: string): Promise<string> =>
  (await client.query<{ value: string }>('select current_setting($1) as value', [name])).rows[0]
    ?.value ?? '';

describe('a transaction', () => {
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.query(
      'create table notes (id int primary key, parent int references notes deferrable initially deferred)',
    );
    client = await connect({ url: database.url, job: 'test' });
  });

  it('fixes what decides the text of values, and only while it lasts', async () => {
    await client.query(`set datestyle = 'SQL, DMY'; set timezone = 'Asia/Tokyo'`);
    const inside = await inTransaction(client, writing, async () => [
      await setting(client, 'timezone'),
      await setting(client, 'datestyle'),
      await setting(client, 'search_path'),
      await setting(client, 'row_security'),
    ]);
    expect(inside).toEqual(['UTC', 'ISO, YMD', 'pg_catalog, pg_temp', 'off']);
    expect(await setting(client, 'timezone')).toBe('Asia/Tokyo');
    expect(await setting(client, 'application_name')).toBe('tierd/test');
  });

  it('keeps to one process of the server where it is asked to, and only there', async () => {
    const workers = (): Promise<string> => setting(client, 'max_parallel_workers_per_gather');
    const usual = await workers();
    expect(usual).not.toBe('0');
    expect(await inTransaction(client, { ...writing, isSerial: true }, workers)).toBe('0');
    expect(await inTransaction(client, writing, workers)).toBe(usual);
  });

  it('takes no snapshot before its first query, so that a lock can come first', async () => {
    const seen = await inTransaction(
      client,
      { ...writing, isolation: 'repeatable read', readOnly: true },
      async () => {
        await database.query('insert into notes values (1)');
        return (await client.query('select from public.notes where id = 1')).rowCount;
      },
    );
    expect(seen).toBe(1);
  });

  it('gives times as the exact text that PostgreSQL sent', async () => {
    const row = await inTransaction(
      client,
      writing,
      async () =>
        (
          await client.query(
            `select timestamptz '294276-12-31 23:59:59.999999+00' as far, int8 '9223372036854775807' as big, array[date '2024-01-01'] as dates`,
          )
        ).rows[0] as unknown,
    );
    expect(row).toEqual({
      far: '294276-12-31 23:59:59.999999+00',
      big: '9223372036854775807',
      dates: '{2024-01-01}',
    });
  });

  it('rolls back and says why when the work fails', async () => {
    await expect(
      inTransaction(client, writing, async () => {
        await client.query('insert into public.notes values (2)');
        await client.query('insert into public.notes values (2)');
      }),
    ).rejects.toMatchObject({ code: 'POSTGRES_FAILED', context: { sqlstate: '23505' } });
    expect((await database.query('select from notes where id = 2')).rowCount).toBe(0);
  });

  it('says that nothing was committed when a failed statement was kept quiet about', async () => {
    await expect(
      inTransaction(client, writing, async () => {
        await client.query('insert into public.notes values (3)');
        await client.query('insert into public.notes values (3)').catch(() => undefined);
      }),
    ).rejects.toMatchObject({ code: 'INTERNAL' });
    expect((await database.query('select from notes where id = 3')).rowCount).toBe(0);
  });

  it('knows a COMMIT that was refused from one whose outcome is unknown', async () => {
    await expect(
      inTransaction(client, writing, () => client.query('insert into public.notes values (4, 5)')),
    ).rejects.toMatchObject({ code: 'POSTGRES_FAILED', context: { sqlstate: '23503' } });
  });

  it.each(['request', 'reply'] as const)(
    'I9: a COMMIT whose %s is lost has an unknown outcome',
    async (cut) => {
      const proxy = await cuttingProxy(database.url, cut);
      const cutOff = await connect({ url: proxy.url, job: 'test' });
      const id = cut === 'request' ? 10 : 11;
      await expect(
        inTransaction(cutOff, writing, () =>
          cutOff.query('insert into public.notes values ($1)', [id]),
        ),
      ).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', retry: true });
      await disconnect(cutOff);
      proxy.close();
      // The two look the same from here, and are not: which is why nobody may guess.
      await expect
        .poll(async () => (await database.query('select from notes where id = $1', [id])).rowCount)
        .toBe(cut === 'request' ? 0 : 1);
    },
  );

  it('says that the server went away, and outlives it, when its backend is ended', async () => {
    const ended = await connect({ url: database.url, job: 'test' });
    const pid = (await ended.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
    await expect(
      inTransaction(ended, writing, async () => {
        await database.query('select pg_terminate_backend($1)', [pid]);
        await ended.query('select pg_sleep(10)');
      }),
    ).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE', retry: true });
    await disconnect(ended);
  });

  it('gives up on a lock in time, and says that it may work later', async () => {
    const holder = await database.connect();
    await holder.query('begin; lock table notes in access exclusive mode');
    await expect(
      inTransaction(client, { ...writing, limits: { lockTimeoutMs: 50 } }, () =>
        client.query('select from public.notes'),
      ),
    ).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', retry: true });
    await holder.query('rollback');
  });
});

describe('connecting', () => {
  it('names host, port and database when nobody answers, and never the password', async () => {
    const error: unknown = await connect({
      url: 'postgres://me:s3cret@127.0.0.1:1/market',
      job: 'test',
    }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'POSTGRES_UNREACHABLE', retry: true });
    expect(String(error)).toContain('127.0.0.1:1/market as me');
    expect(JSON.stringify(error) + String(error)).not.toContain('s3cret');
  });

  it('tells a database that is not there from a server that is not there', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    await expect(connect({ url: url.href, job: 'test' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      context: { sqlstate: '3D000' },
    });
  });

  it('refuses what is no URL without repeating it', async () => {
    const error: unknown = await connect({ url: 'postgres://me:s3cret@[bad', job: 'test' }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(JSON.stringify(error) + String(error)).not.toContain('s3cret');
  });
});
