/** Live rows of a real daemon: over each route and by the client, and whom Redis' password is handed to. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TierdClient } from '../../src/client/client.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  type Answered,
  endHttpDaemon,
  fetchWithToken,
  type HttpDaemon,
  startHttpDaemon,
  TOKENS,
  WITH_TOKENS,
} from '../support/http-daemon.ts';
import { openRedis } from '../support/live.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';

const PASSWORD = 'a-password-of-redis';

describeOn('redis', 'live rows over HTTP', () => {
  let server: RedisServer;
  let redis: Redis;
  let daemon: HttpDaemon;
  let origin: string;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    await redis.call('ACL', 'SETUSER', 'tierd', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
    const database = await createTestDatabase();
    await database.query(
      'create table ticks (symbol text not null, ts timestamptz not null, price numeric(10,2), primary key (symbol, ts))',
    );
    await database.query(
      `insert into ticks select 'a', date_trunc('hour', now()) - d * interval '24 hours', d from unnest(array[1, 40]) d`,
    );
    const at = server.url.replace('redis://', '');
    daemon = await startHttpDaemon(database, {
      sections: `
redis: { url: "redis://tierd:${PASSWORD}@${at}" }
query: { concurrency: 1, queue: 8, timeout: 20s }
schedules: { drain: { enabled: false } }
drain:
  sources:
    wire: { kind: stream, keys: "wire:{symbol}", dataset: ticks, enabled: true, same_key: last, columns: { symbol: "{symbol}", ts: ts, price: price }, types: { ts: time_ms } }
${WITH_TOKENS}`,
      datasets: '  ticks: { time_column: ts }',
    });
    ({ origin } = daemon);
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    await redis.xadd('wire:a', '*', 'ts', hour, 'price', '7.5');
    await redis.xadd('wire:b', '*', 'ts', hour, 'price', '8');
    await redis.xadd('wire:b', '*', 'ts', hour - 24 * 3_600_000, 'price', 'none');
  });

  afterAll(async () => {
    expect(daemon.process.stderr()).not.toContain(PASSWORD);
    await endHttpDaemon(daemon);
    redis.disconnect();
    await server.remove();
  });

  const post = (body: object): Promise<Answered> =>
    fetchWithToken(`${origin}/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const get = (path: string): Promise<Answered> => fetchWithToken(`${origin}/v1/datasets/${path}`);
  const rowsOf = ({ text }: Answered): unknown => JSON.parse(text);
  const COUNT = 'select count(*) as n from ticks';

  it('are counted where that is asked for, and the header says how many were read', async () => {
    const without = await post({ sql: COUNT });
    expect(rowsOf(without)).toEqual([{ n: 2 }]);
    expect(without.headers.get('tierd-live-rows')).toBeNull();
    const live = await post({ sql: COUNT, live: true });
    expect(rowsOf(live)).toEqual([{ n: 4 }]);
    expect(live.headers.get('tierd-live-rows')).toBe('2');
    const own = await post({ sql: 'select symbol, price from live.wire order by symbol' });
    expect(rowsOf(own)).toEqual([
      { symbol: 'a', price: 7.5 },
      { symbol: 'b', price: 8 },
    ]);
    expect(own.headers.get('tierd-live-rows')).toBe('2');
  });

  it('are part of each structured answer', async () => {
    const latest = await get('ticks/latest?limit=1&live=true&symbol=b&columns=price');
    expect(latest.text, latest.text).toContain('8.00');
    expect(latest.headers.get('tierd-live-rows')).toBe('2');
    for (const path of [
      'ticks/rows?live=true',
      'ticks/bars?timeframe=1d&price=price&by=symbol&live=true',
      'ticks/aggregate?fn=count&live=true',
    ]) {
      const { status, headers, text } = await get(path);
      expect(status, text).toBe(200);
      expect(headers.get('tierd-live-rows'), path).toBe('2');
    }
    expect((await get('ticks/aggregate?fn=count&live=true')).text).toContain('4');
    expect((await get('ticks/aggregate?fn=count')).text).toContain('2');
    expect((await get('ticks/latest?live=yes')).status).toBe(400);
  });

  it('are in no answer that is kept', async () => {
    const sql = 'select max(price) as most from ticks';
    for (const _ of [1, 2]) {
      const { headers } = await post({ sql, live: true });
      expect(headers.get('tierd-cache')).toBe('miss');
    }
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    await redis.xadd('wire:c', '*', 'ts', hour, 'price', '99');
    expect(rowsOf(await post({ sql, live: true }))).toEqual([{ most: 99 }]);
    await redis.del('wire:c');
  });

  it('come to who uses the client', async () => {
    const client = new TierdClient({ url: origin, token: TOKENS.query });
    const answer = client.query(COUNT, { live: true });
    expect(await answer.head()).toMatchObject({ liveRows: 2 });
    expect(await client.queryToArray(COUNT, { live: true })).toEqual([{ n: 4 }]);
    expect(await client.query(COUNT).head()).toMatchObject({ liveRows: null });
  });

  it('need a process that was told of Redis: no other question is asked of it', async () => {
    const whileAsked = async (live: boolean): Promise<readonly string[]> => {
      const leave = new AbortController();
      const asked = fetchWithToken(`${origin}/v1/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sql: `${COUNT}, range(1000000) a, range(1000000) b`, live }),
        signal: leave.signal,
      }).catch(() => undefined);
      let found: readonly string[] = [];
      await expect
        .poll(
          () => {
            found = queryProcesses(daemon.process.child.pid);
            return found.some((line) => line.endsWith(' live') === live);
          },
          { timeout: 20_000 },
        )
        .toBe(true);
      leave.abort();
      await asked;
      return found;
    };
    for (const live of [true, false]) {
      for (const line of await whileAsked(live)) expect(line).not.toContain(PASSWORD);
    }
  });

  it('a Redis that is gone ends those questions alone, with 503', async () => {
    await server.stop();
    const { status, text } = await post({ sql: COUNT, live: true });
    expect(status, text).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(rowsOf(await post({ sql: COUNT }))).toEqual([{ n: 2 }]);
  });
});

/** The command lines of the processes that queries run in. */
function queryProcesses(parent: number | undefined): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        if (!status.includes(`PPid:\t${String(parent)}\n`)) return [];
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()];
      } catch {
        // It ended meanwhile.
        return [];
      }
    })
    .filter((line) => line.includes('query-main'));
}
