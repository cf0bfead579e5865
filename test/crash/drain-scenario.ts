/**
 * What the crash suites of the drain share: for each kind of source a table, a writer who knows what
 * Redis confirmed, and what must then be found.
 */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { DrainSource } from '../../src/domain/drain/source.ts';
import type { SourceKind } from '../../src/domain/live/live-entry.ts';
import { makeSource } from '../support/drain-source.ts';

export interface DrainVictimOrder {
  readonly url: string;
  readonly redisUrl: string;
  readonly kind: SourceKind;
  /** Names the table, the source and the keys: each scene has its own. */
  readonly name: string;
  readonly leaseTtlMs: number;
  /** The ordinal of the effect to die at, 0 is none; or how the label of the first such effect begins. */
  readonly killAt: number | string;
  readonly moment: 'before' | 'sent';
}

/** Few long lists and streams; of keys so many that what is lost is not soon written again. */
const SYMBOLS = { few: ['A', 'B', 'C'], many: Array.from('ABCDEFGHIJKL') } as const;
const HASHES: ReadonlySet<SourceKind> = new Set(['claim', 'move', 'snapshot']);
const T0 = Date.parse('2026-03-01T00:00:00Z');
/** So that what a scene starts with is several batches. */
const ENTRIES_A_BATCH = { few: 12, many: 4 } as const;

function sizeOf(kind: SourceKind): 'few' | 'many' {
  return HASHES.has(kind) ? 'many' : 'few';
}

export function sceneSource(kind: SourceKind, name: string): DrainSource {
  const shared = {
    kind,
    name,
    keys: `${name}:{symbol}`,
    limits: { maxEntries: ENTRIES_A_BATCH[sizeOf(kind)], maxBytes: 1e6 },
  };
  switch (kind) {
    case 'list':
    case 'stream':
      return makeSource(name, {
        ...shared,
        columns: { symbol: '{symbol}', ts: 'ts time_ms', n: 'n' },
      });
    case 'zset':
      return makeSource(name, {
        ...shared,
        version: 'ts',
        columns: { symbol: '{symbol}', ts: '$score time_ms', n: 'n' },
      });
    case 'claim':
      return makeSource(name, { ...shared, columns: { symbol: '{symbol}', a: 'a', b: 'b' } });
    case 'move':
    case 'snapshot':
      return makeSource(name, {
        ...shared,
        version: 'n',
        columns: { symbol: '{symbol}', ts: 'ts time_ms', n: 'n' },
      });
  }
}

/** One unique key where there must be one, none where entries have ids of their own. */
export function sceneTable(kind: SourceKind, name: string): string {
  const columns =
    kind === 'claim'
      ? 'symbol text not null, ts timestamptz, a int, b int'
      : 'symbol text not null, ts timestamptz, n int not null';
  const key = {
    list: '',
    stream: '',
    zset: ', primary key (symbol, n)',
    claim: ', primary key (symbol)',
    move: ', primary key (symbol)',
    snapshot: ', primary key (symbol)',
  }[kind];
  return `create table ${name} (${columns}${key})`;
}

/** What a writer was told that Redis has: name of a thing → what is to be found of it. */
export type DrainTruth = Map<string, string>;

/** Writes one thing, and enters it once Redis has confirmed it. */
export async function writeOne(
  redis: Redis,
  kind: SourceKind,
  name: string,
  truth: DrainTruth,
  n: number,
): Promise<void> {
  const symbols = SYMBOLS[sizeOf(kind)];
  const symbol = symbols[n % symbols.length] ?? '';
  const key = `${name}:${symbol}`;
  // Every seventh can be no row; every fifth is there twice.
  const isBad = n % 7 === 3;
  const entry = { ts: T0 + n, n: isBad ? `x${String(n)}` : n };
  switch (kind) {
    case 'list': {
      const times = n % 5 === 0 ? 2 : 1;
      await redis.rpush(key, ...new Array<string>(times).fill(JSON.stringify(entry)));
      truth.set(`${symbol} ${String(entry.n)}`, String(times));
      return;
    }
    case 'stream':
      await redis.xadd(key, '*', 'ts', entry.ts, 'n', entry.n);
      truth.set(`${symbol} ${String(entry.n)}`, '1');
      return;
    case 'zset': {
      // The same members again, at a later time.
      const member = n % 20;
      await redis.zadd(key, T0 + n, JSON.stringify({ n: member }));
      truth.set(`${symbol} ${String(member)}`, String(T0 + n));
      return;
    }
    case 'claim': {
      // Each key gets both in turn.
      const field = Math.floor(n / symbols.length) % 2 === 0 ? 'a' : 'b';
      await redis.hset(key, field, n);
      truth.set(`${symbol} ${field}`, String(n));
      return;
    }
    case 'move':
    case 'snapshot':
      await redis.hset(key, { ts: T0 + n, n });
      truth.set(symbol, String(n));
      return;
  }
}

/** What is found in the hot store and among the dead letters, named as the writer names it. */
export async function readFound(
  db: pg.Client,
  kind: SourceKind,
  name: string,
): Promise<Map<string, string>> {
  const rows = async (sql: string): Promise<(readonly [string, string])[]> =>
    (await db.query<{ name: string; held: string }>(sql)).rows.map((row) => [row.name, row.held]);
  switch (kind) {
    case 'list':
    case 'stream':
      return new Map([
        ...(await rows(
          `select symbol || ' ' || n as name, count(*)::text as held from ${name} group by 1`,
        )),
        ...(await rows(
          `select split_part(entry_key, ':', 2) || ' ' || substring(convert_from(payload, 'UTF8') from 'x\\d+') as name,
                  count(*)::text as held
           from tierd.dead_letters where source = '${name}' group by 1`,
        )),
      ]);
    case 'zset':
      return new Map(
        await rows(
          `select symbol || ' ' || n as name, (extract(epoch from ts) * 1000)::bigint::text as held from ${name}`,
        ),
      );
    case 'claim':
      return new Map(
        await rows(
          `select symbol || ' a' as name, a::text as held from ${name} where a is not null
           union all select symbol || ' b', b::text from ${name} where b is not null`,
        ),
      );
    case 'move':
    case 'snapshot':
      return new Map(await rows(`select symbol as name, n::text as held from ${name}`));
  }
}

/** What lies in Redis that a drain to the end should not have left. */
export async function readLeft(redis: Redis, kind: SourceKind, name: string): Promise<string[]> {
  const claims = await redis.keys(`tierd:claim:${name}:*`);
  const keys = await redis.keys(`${name}:*`);
  switch (kind) {
    case 'snapshot':
      return claims;
    case 'stream': {
      const pending: string[] = [];
      for (const key of keys) {
        const [count] = await redis.xpending(key, 'tierd');
        if (Number(count) > 0) pending.push(`${key}: ${String(count)} pending`);
      }
      return pending;
    }
    default:
      return [...claims, ...keys];
  }
}
