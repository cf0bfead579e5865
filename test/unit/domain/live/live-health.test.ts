import { describe, expect, it } from 'vitest';
import {
  judgeLiveHealth,
  judgeTtls,
  type LiveHealth,
  type SourceAtRisk,
} from '../../../../src/domain/live/live-health.ts';

const GB = 1024 ** 3;
const HEALTHY: LiveHealth = {
  server: 'cache:6379',
  product: 'Redis',
  version: '8.0.2',
  redisVersion: '8.0.2',
  role: 'master',
  transport: { address: '127.0.0.1', isEncrypted: false, certificateUntil: null },
  keys: 10,
  keysElsewhere: 0,
  usedBytes: GB / 2,
  maxBytes: 2 * GB,
  evictionPolicy: 'volatile-lru',
  fragmentation: 1.1,
  hitRatio: 0.9,
  opsPerSecond: 100,
  latencyMs: 0.2,
  clients: 3,
  rejectedClients: 0,
  evictedKeys: 0,
  expiredKeys: 0,
  replicas: 1,
  aof: { enabled: true, fsync: 'everysec', ok: true },
  rdb: { enabled: true, ok: true, savedAt: 0 },
};
const SETTINGS = { drainIntervalMs: 10_000, waitReplicas: 0 };
const TICKS: SourceAtRisk = {
  name: 'ticks',
  kind: 'list',
  shortestTtlMs: null,
  shortestFieldTtlMs: null,
};
const MORTAL: SourceAtRisk = {
  name: 'prices',
  kind: 'move',
  shortestTtlMs: 60_000,
  shortestFieldTtlMs: null,
};

/** The lines that are not ok, as `warning eviction: what was found`. */
function judged(
  changes: Partial<LiveHealth>,
  sources: readonly SourceAtRisk[] = [TICKS],
  settings = SETTINGS,
): string[] {
  return judgeLiveHealth({ ...HEALTHY, ...changes }, sources, settings)
    .filter(({ status }) => status !== 'ok')
    .map(
      ({ name, status, found }) => `${status} ${name.replace('redis:cache:6379', '')}: ${found}`,
    );
}

it('nothing is wrong with the settings of config/redis.conf', () => {
  expect(judged({})).toEqual([]);
  expect(judgeTtls([TICKS, MORTAL], SETTINGS)).toEqual([]);
});

it('a list can not be drained where Redis never says that a claim is on disk', () => {
  const aof = { enabled: true, fsync: 'no', ok: true };
  expect(judged({ aof })).toContainEqual(
    expect.stringMatching(/^error :claims: appendfsync is no: no list \(ticks\) can be drained/),
  );
  // Before 7.2 nobody waits for it.
  expect(judged({ aof, version: '7.0.15', redisVersion: '7.0.15' }).join()).not.toContain(
    'appendfsync is no: no list',
  );
});

describe('what can take keys before they are drained', () => {
  it.each([
    [
      'any key, once memory is full',
      { evictionPolicy: 'allkeys-lru' },
      [TICKS],
      'warning :eviction: maxmemory-policy allkeys-lru: once memory is full, keys of ticks can go',
    ],
    [
      'keys with a TTL, once memory is full',
      { evictionPolicy: 'volatile-ttl' },
      [TICKS, MORTAL],
      'warning :eviction: maxmemory-policy volatile-ttl: once memory is full, keys of prices can go',
    ],
    [
      'what can not be asked',
      { evictionPolicy: null },
      [TICKS],
      'warning :eviction: maxmemory-policy can',
    ],
    ['what has happened', { evictedKeys: 7 }, [TICKS], '7 keys evicted so far'],
  ] as const)('%s', (_, changes, sources, found) => {
    const lines = judged(changes, sources);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(found);
  });

  it.each([
    ['there is no limit', { evictionPolicy: 'allkeys-lru', maxBytes: 0 }, [TICKS]],
    ['nothing is evicted', { evictionPolicy: 'noeviction' }, [TICKS, MORTAL]],
    ['nothing has a TTL', { evictionPolicy: 'volatile-lru' }, [TICKS]],
    ['nothing is drained', { evictionPolicy: 'allkeys-lru' }, []],
  ] as const)('nothing where %s', (_, changes, sources) => {
    expect(judged(changes, sources)).toEqual([]);
  });

  it('a TTL of less than three drain intervals', () => {
    const short = { ...MORTAL, shortestTtlMs: 29_999 };
    expect(judgeTtls([short], SETTINGS)).toMatchObject([
      { name: 'source:prices:ttl', status: 'warning' },
    ]);
    expect(judgeTtls([{ ...MORTAL, shortestTtlMs: 30_000 }], SETTINGS)).toEqual([]);
  });
});

describe('what a restart loses', () => {
  it.each([
    [{ aof: { enabled: false, fsync: null, ok: true } }, 'snapshots only: a restart loses what'],
    [
      {
        aof: { enabled: false, fsync: null, ok: true },
        rdb: { enabled: false, ok: true, savedAt: 0 },
      },
      'nothing is saved: a restart loses everything',
    ],
    [{ aof: { enabled: true, fsync: 'no', ok: true } }, 'appendfsync no'],
    [{ aof: { enabled: true, fsync: 'always', ok: false } }, 'error :persistence'],
    [{ rdb: { enabled: true, ok: false, savedAt: 0 } }, 'the last snapshot failed'],
  ])('%j', (changes, found) => {
    expect(judged(changes, []).join('\n')).toContain(found);
  });

  it('claims of lists, where the server can not be waited for', () => {
    const aof = { enabled: false, fsync: null, ok: true };
    expect(judged({ version: '7.0.15', redisVersion: '7.0.15' })).toEqual([
      expect.stringContaining('warning :claims'),
    ]);
    expect(judged({ aof }).join('\n')).toContain('warning :claims');
    expect(
      judged({ version: '7.0.15', redisVersion: '7.0.15' }, [{ ...TICKS, kind: 'stream' }]),
    ).toEqual([]);
  });

  it('claims of lists, where replicas are missing that must have them', () => {
    const settings = { ...SETTINGS, waitReplicas: 2 };
    expect(judged({}, [TICKS], settings)).toEqual([
      expect.stringContaining('error :claims: 1 rep'),
    ]);
  });
});

describe('how the server is', () => {
  it.each([
    [{ version: '6.0.16', redisVersion: '6.0.16' }, 'error : Redis 6.0.16'],
    [{ role: 'slave' }, 'it is a slave'],
    [{ rejectedClients: 2 }, '2 clients were turned away'],
    [{ latencyMs: 50 }, 'answers in 50.0 ms'],
    [{ usedBytes: 1.9 * GB }, 'warning :memory'],
    [{ fragmentation: 2 }, 'fragmentation 2.00'],
  ])('%j', (changes, found) => {
    expect(judged(changes, []).join('\n')).toContain(found);
  });

  it('is not called fragmented while it is nearly empty', () => {
    expect(judged({ fragmentation: 9, usedBytes: 1_000_000 })).toEqual([]);
  });
});
