import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { examineLive, type LiveReport } from '../../../src/jobs/live-checks.ts';
import { connectLive } from '../../../src/live/connect.ts';
import { documentedRules } from '../../support/documented-rules.ts';
import { openRedis, specOf } from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

/** The directives of config/redis.conf, but for where it listens. */
function directives(): Record<string, string> {
  const text = readFileSync(new URL('../../../config/redis.conf', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = lines.map((line): [string, string] => {
    const [name = '', ...value] = line.split(' ');
    return [name, value.join(' ')];
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== 'bind' && name !== 'port'));
}

const target = (server: RedisServer) => targetOf(server.url);

async function examine(server: RedisServer, username?: string): Promise<LiveReport> {
  const login = username === undefined ? {} : { username, password: 'secret' };
  return examineLive({
    connect: () => connectLive({ ...target(server), ...login }, 'test'),
    sources: [specOf('move', 'tick:{symbol}'), specOf('list', 'ticks')],
    settings: { drainIntervalMs: 10_000, waitReplicas: 0 },
    clock: systemClock,
    signal: new AbortController().signal,
  });
}

const notOk = ({ checks }: LiveReport): string[] =>
  checks.flatMap(({ name, status }) =>
    status === 'ok' ? [] : [name.replace(/127\.0\.0\.1:\d+/, 'here')],
  );

describeOn('redis', 'the health of the live store', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ settings: directives() });
  });
  afterAll(() => server.remove());

  it('is asked of a server with the settings of config/redis.conf, and nothing is wrong', async () => {
    const redis = openRedis(server.url);
    await redis.hset('tick:A', { price: '1' });
    await redis.get('nothing');
    const report = await examine(server);
    expect(notOk(report)).toEqual([]);
    expect(report.servers).toMatchObject([
      {
        server: `127.0.0.1:${String(server.port)}`,
        role: 'master',
        keys: 1,
        maxBytes: 2 * 1024 ** 3,
        evictionPolicy: 'volatile-lru',
        hitRatio: 0,
        evictedKeys: 0,
        aof: { enabled: true, fsync: 'everysec', ok: true },
        rdb: { enabled: true, ok: true },
      },
    ]);
    expect(report.servers[0]?.latencyMs).toBeGreaterThan(0);
    expect(report.servers[0]?.usedBytes).toBeGreaterThan(100_000);
    redis.disconnect();
  });

  it('tells of keys that run out, and of what was evicted', async () => {
    const redis = openRedis(server.url);
    await redis.pexpire('tick:A', 20_000);
    expect(notOk(await examine(server))).toEqual(['redis:here:eviction', 'source:move_source:ttl']);
    await redis.persist('tick:A');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-random');
    expect(notOk(await examine(server))).toEqual(['redis:here:eviction']);
    await redis.config('SET', 'maxmemory-policy', 'volatile-lru');
    redis.disconnect();
  });

  it('tells of fields of a hash that run out by themselves, though the hash does not', async () => {
    const redis = openRedis(server.url);
    await redis.call('HPEXPIRE', 'tick:A', 600_000, 'FIELDS', 1, 'price');
    expect(await redis.ttl('tick:A')).toBe(-1);
    expect(notOk(await examine(server))).toEqual(['source:move_source:field-ttl']);
    await redis.call('HPERSIST', 'tick:A', 'FIELDS', 1, 'price');
    expect(notOk(await examine(server))).toEqual([]);
    redis.disconnect();
  });

  it('is asked of a server that tells no settings', async () => {
    const redis = openRedis(server.url);
    await redis.acl('SETUSER', 'looker', 'on', '>secret', '~*', '+@all', '-config');
    const report = await examine(server, 'looker');
    expect(report.servers[0]?.aof.fsync).toBeNull();
    expect(notOk(report)).toEqual([]);
    redis.disconnect();
  });

  it('is asked with the rights that config/redis.conf gives', async () => {
    const redis = openRedis(server.url);
    await redis.call('ACL', 'SETUSER', 'tierd', 'on', '>secret', ...documentedRules());
    expect(notOk(await examine(server, 'tierd'))).toEqual([]);
    redis.disconnect();
  });
});
