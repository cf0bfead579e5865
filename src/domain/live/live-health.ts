/** What the live store says of itself, and which of it can take entries away before they are drained. */

import type { Check } from '../check.ts';
import { countOf } from '../count.ts';
import type { Transport } from '../transport.ts';
import type { SourceKind } from './live-entry.ts';

/** One server. Null is what it does not tell, or what this user may not ask. */
export interface LiveHealth {
  /** `10.0.0.1:6379`. */
  readonly server: string;
  /** As the server calls itself: `Redis`, `Valkey`. */
  readonly product: string;
  /** Its own. */
  readonly version: string;
  /** The version of Redis whose commands it has; of Redis the same. */
  readonly redisVersion: string;
  readonly role: string;
  readonly transport: Transport;
  readonly keys: number;
  /** Of a cluster: in databases other than 0, where nothing is read. */
  readonly keysElsewhere: number;
  readonly usedBytes: number;
  /** 0 is no limit. */
  readonly maxBytes: number;
  readonly evictionPolicy: string | null;
  /** What the operating system gives it for each byte that it uses. */
  readonly fragmentation: number;
  /** Of all look-ups since it was started; null before the first. */
  readonly hitRatio: number | null;
  readonly opsPerSecond: number;
  /** The middle one of a few PINGs. */
  readonly latencyMs: number;
  readonly clients: number;
  readonly rejectedClients: number;
  readonly evictedKeys: number;
  readonly expiredKeys: number;
  readonly replicas: number;
  readonly aof: { readonly enabled: boolean; readonly fsync: string | null; readonly ok: boolean };
  readonly rdb: {
    readonly enabled: boolean | null;
    readonly ok: boolean;
    readonly savedAt: number;
  };
}

/** What a source has that a hazard could meet. */
export interface SourceAtRisk {
  readonly name: string;
  readonly kind: SourceKind;
  /** Of the keys that were looked at; null when none of them has a TTL. */
  readonly shortestTtlMs: number | null;
  /** Of fields of the hashes that were looked at; null when none of them has a TTL of its own. */
  readonly shortestFieldTtlMs: number | null;
}

export interface LiveSettings {
  readonly drainIntervalMs: number;
  readonly waitReplicas: number;
}

/** A key that lives for less than this many drain intervals may be gone before it is drained. */
const SAFE_INTERVALS = 3;
const NEARLY_FULL = 0.9;
const FRAGMENTED = 1.5;
/** Below this, allocator overhead looks like fragmentation. */
const FRAGMENTATION_MIN_BYTES = 64 * 1024 ** 2;
const SLOW_PING_MS = 20;

/** One line for each thing looked at; `ok` where there is nothing to do. */
export function judgeLiveHealth(
  health: LiveHealth,
  sources: readonly SourceAtRisk[],
  settings: LiveSettings,
): readonly Check[] {
  return [
    judgeServer(health),
    judgeMemory(health),
    judgeEviction(health, sources),
    judgePersistence(health),
    ...judgeClaims(health, sources, settings),
  ];
}

/** For each source whose keys or fields run out by themselves, whichever server they are on. */
export function judgeTtls(
  sources: readonly SourceAtRisk[],
  settings: LiveSettings,
): readonly Check[] {
  return [...judgeKeyTtls(sources, settings), ...judgeFieldTtls(sources)];
}

/** However long they live: a hash that has lost some of its fields is a row that lacks columns. */
function judgeFieldTtls(sources: readonly SourceAtRisk[]): readonly Check[] {
  return sources.flatMap(({ name, shortestFieldTtlMs }): Check[] =>
    shortestFieldTtlMs === null
      ? []
      : [
          {
            name: `source:${name}:field-ttl`,
            status: 'warning',
            found: `fields of its hashes have TTLs of their own, the shortest ${seconds(shortestFieldTtlMs)}: what runs out before it is read is lost, and its row lacks that column`,
            advice:
              'give the fields no TTL (HPERSIST); tierd ends them only for what it has claimed',
          },
        ],
  );
}

function judgeKeyTtls(
  sources: readonly SourceAtRisk[],
  { drainIntervalMs }: LiveSettings,
): readonly Check[] {
  const safeMs = SAFE_INTERVALS * drainIntervalMs;
  return sources.flatMap(({ name, shortestTtlMs }): Check[] =>
    shortestTtlMs === null || shortestTtlMs >= safeMs
      ? []
      : [
          {
            name: `source:${name}:ttl`,
            status: 'warning',
            found: `keys run out in ${seconds(shortestTtlMs)}, and drain.interval is ${seconds(drainIntervalMs)}: what is not drained in time is lost`,
            advice: `let them live for ${seconds(safeMs)} at least, or drain more often`,
          },
        ],
  );
}

function judgeServer(health: LiveHealth): Check {
  const name = `redis:${health.server}`;
  const found = `${health.product} ${health.version}, ${countOf(health.keys, 'key')}, ${countOf(health.clients, 'client')}, answers in ${health.latencyMs.toFixed(1)} ms`;
  if (isBefore(health.redisVersion, 6, 2)) {
    return { name, status: 'error', found, advice: 'use Redis 6.2 or later, better 7.2' };
  }
  if (health.role !== 'master') {
    const advice = 'let redis name the master, or use redis.sentinel';
    return { name, status: 'error', found: `${found}; it is a ${health.role}`, advice };
  }
  if (health.keysElsewhere > 0) {
    return {
      name,
      status: 'warning',
      found: `${found}; ${String(health.keysElsewhere)} more keys lie in other databases of the cluster, where nothing is read`,
      advice: 'let writers use database 0 of the cluster for what is to be drained',
    };
  }
  if (health.rejectedClients > 0) {
    const rejected = `${found}; ${String(health.rejectedClients)} clients were turned away`;
    return { name, status: 'warning', found: rejected, advice: 'raise maxclients' };
  }
  if (health.latencyMs > SLOW_PING_MS) {
    const advice = 'see SLOWLOG GET and LATENCY DOCTOR';
    return { name, status: 'warning', found, advice };
  }
  return { name, status: 'ok', found };
}

function judgeMemory(health: LiveHealth): Check {
  const name = `redis:${health.server}:memory`;
  const { usedBytes, maxBytes, fragmentation } = health;
  const limit = maxBytes === 0 ? 'no maxmemory' : `maxmemory ${megabytes(maxBytes)}`;
  const found = `${megabytes(usedBytes)} used, ${limit}, fragmentation ${fragmentation.toFixed(2)}`;
  if (maxBytes > 0 && usedBytes > NEARLY_FULL * maxBytes) {
    const advice =
      'drain more often, or raise maxmemory, before writers are refused or keys evicted';
    return { name, status: 'warning', found, advice };
  }
  if (fragmentation > FRAGMENTED && usedBytes > FRAGMENTATION_MIN_BYTES) {
    return { name, status: 'warning', found, advice: 'config set activedefrag yes, or restart it' };
  }
  return { name, status: 'ok', found };
}

function judgeEviction(health: LiveHealth, sources: readonly SourceAtRisk[]): Check {
  const name = `redis:${health.server}:eviction`;
  const { evictionPolicy: policy, maxBytes, evictedKeys } = health;
  const evicted = evictedKeys === 0 ? '' : `, ${countOf(evictedKeys, 'key')} evicted so far`;
  if (policy === null) {
    const found = `maxmemory-policy can't be asked${evicted}`;
    return { name, status: 'warning', found, advice: 'allow this user CONFIG GET, and look' };
  }
  const found = `maxmemory-policy ${policy}${evicted}`;
  const anyKey = policy.startsWith('allkeys');
  const mortal = sources.filter(({ shortestTtlMs }) => shortestTtlMs !== null);
  const atRisk = anyKey ? sources : policy === 'noeviction' ? [] : mortal;
  if (maxBytes > 0 && atRisk.length > 0) {
    const names = atRisk.map((source) => source.name).join(', ');
    return {
      name,
      status: 'warning',
      found: `${found}: once memory is full, keys of ${names} can go before they are drained`,
      advice: anyKey
        ? 'config set maxmemory-policy volatile-lru, and give no TTL to what is drained'
        : 'give no TTL to what is drained, or config set maxmemory-policy noeviction',
    };
  }
  if (evictedKeys > 0) {
    const advice = 'raise maxmemory, or drain more often';
    return { name, status: 'warning', found, advice };
  }
  return { name, status: 'ok', found };
}

function judgePersistence({ server, aof, rdb }: LiveHealth): Check {
  const name = `redis:${server}:persistence`;
  const file = aof.enabled ? `append-only file, appendfsync ${aof.fsync ?? 'unknown'}` : null;
  const found = file ?? (rdb.enabled === false ? 'nothing is saved' : 'snapshots only');
  if (!aof.ok || !rdb.ok) {
    const failed = aof.ok ? 'the last snapshot failed' : 'the last write of the file failed';
    return { name, status: 'error', found: `${found}; ${failed}`, advice: 'see the log of Redis' };
  }
  if (!aof.enabled) {
    const lost = rdb.enabled === false ? 'everything' : 'what came since the last snapshot';
    return {
      name,
      status: 'warning',
      found: `${found}: a restart loses ${lost} that is not drained`,
      advice: 'config set appendonly yes (config/redis.conf)',
    };
  }
  if (aof.fsync === 'no') {
    const advice = 'config set appendfsync everysec';
    return { name, status: 'warning', found, advice };
  }
  return { name, status: 'ok', found };
}

/** Lists are claimed by a rename that must not be forgotten. */
function judgeClaims(
  { server, redisVersion, aof, replicas }: LiveHealth,
  sources: readonly SourceAtRisk[],
  { waitReplicas }: LiveSettings,
): readonly Check[] {
  const lists = sources.filter(({ kind }) => kind === 'list').map((source) => source.name);
  if (lists.length === 0) return [];
  const name = `redis:${server}:claims`;
  if (replicas < waitReplicas) {
    return [
      {
        name,
        status: 'error',
        found: `${String(replicas)} replicas, and redis.wait_replicas is ${String(waitReplicas)}: no list can be drained`,
        advice: 'connect the replicas, or lower redis.wait_replicas',
      },
    ];
  }
  if (aof.enabled && aof.fsync === 'no' && !isBefore(redisVersion, 7, 2)) {
    return [
      {
        name,
        status: 'error',
        found: `appendfsync is no: no list (${lists.join(', ')}) can be drained, for Redis never says that a claim is on disk`,
        advice: 'config set appendfsync everysec',
      },
    ];
  }
  if (aof.enabled && !isBefore(redisVersion, 7, 2)) {
    return [{ name, status: 'ok', found: 'claims of lists are waited for until they are on disk' }];
  }
  return [
    {
      name,
      status: 'warning',
      found: `claims of lists (${lists.join(', ')}) can't be waited for: a crash of Redis can bring a list back that was drained, and its rows twice`,
      advice: 'use Redis 7.2 or later with an append-only file, or a stream in place of the list',
    },
  ];
}

/** Whether `version` is older than `major.minor`. */
export function isBefore(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a < major || (a === major && b < minor);
}

const megabytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
const seconds = (ms: number): string => `${String(Math.round(ms / 100) / 10)} s`;
