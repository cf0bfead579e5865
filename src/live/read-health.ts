/** Asks every server of the live store how it is. Changes nothing. */
import type { Redis } from 'ioredis';
import type { LiveSourceSpec } from '../domain/live/live-entry.ts';
import type { LiveHealth, SourceAtRisk } from '../domain/live/live-health.ts';
import { transportOf } from '../domain/transport.ts';
import type { LiveStore } from './connect.ts';
import { hasFieldTtls, shortestFieldTtlMs } from './field-ttls.ts';
import { infoFields } from './info.ts';
import { doing, isRefusal } from './redis-error.ts';
import { scanKeys } from './scan-keys.ts';

/** One for each master. */
export async function readHealth(store: LiveStore): Promise<readonly LiveHealth[]> {
  return doing(`asking ${store.place} how it is`, () =>
    Promise.all(store.masters().map(readServer)),
  );
}

async function readServer(server: Redis): Promise<LiveHealth> {
  const latencyMs = await medianPing(server);
  const fields = infoFields(await server.info());
  const settings = await readSettings(server);
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  const hits = number('keyspace_hits');
  const lookUps = hits + number('keyspace_misses');
  const save = settings.get('save');
  return {
    server: server.options.path ?? `${server.options.host ?? ''}:${String(server.options.port)}`,
    ...whoIsIt(fields),
    transport: transportOf(server.stream),
    role: fields.get('role') ?? 'unknown',
    keys: await server.dbsize(),
    keysElsewhere: fields.get('cluster_enabled') === '1' ? keysElsewhere(fields) : 0,
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory'),
    evictionPolicy: fields.get('maxmemory_policy') ?? null,
    fragmentation: number('mem_fragmentation_ratio'),
    hitRatio: lookUps === 0 ? null : hits / lookUps,
    opsPerSecond: number('instantaneous_ops_per_sec'),
    latencyMs,
    clients: number('connected_clients'),
    rejectedClients: number('rejected_connections'),
    evictedKeys: number('evicted_keys'),
    expiredKeys: number('expired_keys'),
    replicas: number('connected_slaves'),
    aof: {
      enabled: fields.get('aof_enabled') === '1',
      fsync: settings.get('appendfsync') ?? null,
      ok:
        isOk(fields.get('aof_last_write_status')) && isOk(fields.get('aof_last_bgrewrite_status')),
    },
    rdb: {
      enabled: save === undefined ? null : save !== '',
      ok: isOk(fields.get('rdb_last_bgsave_status')),
      savedAt: number('rdb_last_save_time') * 1000,
    },
  };
}

const isOk = (status: string | undefined): boolean => status === undefined || status === 'ok';

/** What INFO does not tell. Empty where this user may not ask: many services forbid CONFIG. */
/** Others than Redis call themselves by a version of their own, and give Redis' for old clients. */
function whoIsIt(
  fields: ReadonlyMap<string, string>,
): Pick<LiveHealth, 'product' | 'version' | 'redisVersion'> {
  const redisVersion = fields.get('redis_version') ?? 'unknown';
  const name =
    fields.get('server_name') ?? OTHERS.find((other) => fields.has(`${other}_version`)) ?? 'redis';
  return {
    product: name.charAt(0).toUpperCase() + name.slice(1),
    version: fields.get(`${name}_version`) ?? redisVersion,
    redisVersion,
  };
}

/** That don't tell their name but by their version. */
const OTHERS = ['valkey', 'redict', 'dragonfly', 'kvrocks'];

/** INFO has `db3:keys=12,expires=…` for each database that has any. */
function keysElsewhere(fields: ReadonlyMap<string, string>): number {
  return [...fields]
    .filter(([name]) => /^db[1-9]\d*$/.test(name))
    .reduce((sum, [, text]) => sum + Number(/keys=(\d+)/.exec(text)?.[1] ?? 0), 0);
}

async function readSettings(server: Redis): Promise<ReadonlyMap<string, string>> {
  const settings = new Map<string, string>();
  for (const name of ['appendfsync', 'save']) {
    try {
      const [, value] = (await server.call('CONFIG', 'GET', name)) as string[];
      if (value !== undefined) settings.set(name, value);
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return settings;
}

const PINGS = 5;

async function medianPing(server: Redis): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < PINGS; count += 1) {
    const from = performance.now();
    await server.ping();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[(PINGS - 1) / 2] ?? 0;
}

/** How many keys of a source are asked for their TTL. */
const KEYS_LOOKED_AT = 200;

/** The shortest TTL among some keys of each source, and among some fields of hashes. */
export async function lookAtTtls(
  store: LiveStore,
  specs: readonly LiveSourceSpec[],
  signal: AbortSignal,
): Promise<readonly SourceAtRisk[]> {
  const risks: SourceAtRisk[] = [];
  const fieldsMayRunOut = specs.some(takesHashes) && (await hasFieldTtls(store));
  for (const spec of specs) {
    const keys: string[] = [];
    for await (const page of scanKeys(store, spec.pattern, signal)) {
      keys.push(...page.keys);
      if (keys.length >= KEYS_LOOKED_AT) break;
    }
    keys.splice(KEYS_LOOKED_AT);
    const [ttls, fieldTtls] = await doing(`looking at the keys of ${spec.name}`, async () => [
      await Promise.all(keys.map((key) => store.client.pttl(key))),
      fieldsMayRunOut && takesHashes(spec)
        ? await Promise.all(keys.map((key) => shortestFieldTtlMs(store, key)))
        : [],
    ]);
    risks.push({
      name: spec.name,
      kind: spec.kind,
      shortestTtlMs: shortest(ttls.filter((ttl) => ttl >= 0)),
      shortestFieldTtlMs: shortest(fieldTtls.filter((ttl) => ttl !== null)),
    });
  }
  return risks;
}

/** Kinds that take hashes away; a snapshot leaves them to whoever wanted them to run out. */
function takesHashes({ kind }: LiveSourceSpec): boolean {
  return kind === 'move' || kind === 'claim';
}

function shortest(ttls: readonly number[]): number | null {
  return ttls.length === 0 ? null : Math.min(...ttls);
}
