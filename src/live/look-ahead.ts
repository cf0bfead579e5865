/**
 * What waits in a source, and its first entries, without touching them: nothing is claimed, no
 * consumer group is made, nothing is marked as delivered.
 */
import type { Clock } from '../domain/clock.ts';
import { fieldValues, type LiveEntry, type LiveSourceSpec } from '../domain/live-entry.ts';
import { claimedKey } from './claim-name.ts';
import type { LiveStore } from './connect.ts';
import { findClaims } from './find-claims.ts';
import { doing, isRefusal } from './redis-error.ts';
import { scanKeys } from './scan-keys.ts';

export interface Waiting {
  /** That hold something for the drain, claims of an earlier run included. */
  readonly keys: number;
  readonly entries: number;
  /** The first of them. */
  readonly sample: readonly LiveEntry[];
}

/** Asked for together; Redis answers them one after the other. */
const KEYS_AT_A_TIME = 200;

export async function lookAhead(
  store: LiveStore,
  spec: LiveSourceSpec,
  options: { readonly sampleSize: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Waiting> {
  const look = lookerOf(store, spec, options.clock);
  let keys = 0;
  let entries = 0;
  const sample: LiveEntry[] = [];
  for await (const page of placesOf(store, spec, options.signal)) {
    const found = await doing(`looking at ${spec.name} at ${store.place}`, () =>
      Promise.all(
        page.map(async (place) => ({ place, count: await unlessWrong(look.count(place)) })),
      ),
    );
    for (const { place, count } of found) {
      if (count === 0) continue;
      keys += 1;
      entries += count;
      const room = options.sampleSize - sample.length;
      if (room > 0) sample.push(...(await sampleOf(look, place, room, store)));
    }
  }
  return { keys, entries, sample };
}

/** Where a key's content lies now: under its own name, or under that of a claim. */
interface Place {
  readonly key: string;
  readonly at: string;
}

interface Looker {
  count(place: Place): Promise<number>;
  first(place: Place, most: number): Promise<readonly LiveEntry[]>;
}

async function* placesOf(
  store: LiveStore,
  spec: LiveSourceSpec,
  signal: AbortSignal,
): AsyncGenerator<readonly Place[], void, undefined> {
  if (spec.kind === 'claim' || spec.kind === 'list') {
    const claims = await findClaims(store, spec.name, signal);
    yield* pagesOf(claims.map((at) => ({ key: claimedKey(at), at })));
  }
  for await (const { keys } of scanKeys(store, spec.pattern, signal)) {
    yield* pagesOf(keys.map((key) => ({ key, at: key })));
  }
}

function* pagesOf(places: readonly Place[]): Generator<readonly Place[], void, undefined> {
  for (let from = 0; from < places.length; from += KEYS_AT_A_TIME) {
    yield places.slice(from, from + KEYS_AT_A_TIME);
  }
}

async function sampleOf(
  look: Looker,
  place: Place,
  most: number,
  store: LiveStore,
): Promise<readonly LiveEntry[]> {
  return doing(`looking at ${place.at} at ${store.place}`, () => look.first(place, most));
}

/** A key of another type holds nothing for this source; the drain itself tells of it. */
async function unlessWrong(count: Promise<number>): Promise<number> {
  try {
    return await count;
  } catch (error) {
    if (isRefusal(error, 'WRONGTYPE')) return 0;
    throw error;
  }
}

function lookerOf(store: LiveStore, spec: LiveSourceSpec, clock: Clock): Looker {
  switch (spec.kind) {
    case 'snapshot':
      return spec.holds === 'string' ? lookAtStrings(store) : lookAtHashes(store);
    case 'move':
    case 'claim':
      return lookAtHashes(store);
    case 'list':
      return lookAtLists(store);
    case 'stream':
      return lookAtStreams(store, spec);
    case 'zset':
      return lookAtZsets(store, spec, clock);
  }
}

/** Redis' numbers come as text, whatever the types of ioredis say. */
function countOf(answer: unknown): number {
  return Number(answer);
}

function lookAtStrings({ client }: LiveStore): Looker {
  return {
    count: ({ at }) => client.exists(at).then(countOf),
    async first({ key, at }) {
      const value = await client.getBuffer(at);
      return value === null ? [] : [{ key, id: null, payload: { kind: 'value', value } }];
    },
  };
}

function lookAtHashes({ client }: LiveStore): Looker {
  return {
    count: async ({ at }) => (countOf(await client.hlen(at)) > 0 ? 1 : 0),
    async first({ key, at }) {
      const flat = await client.callBuffer('HGETALL', at);
      return [entryOf(key, null, flatten(flat))];
    },
  };
}

function lookAtLists({ client }: LiveStore): Looker {
  return {
    count: ({ at }) => client.llen(at).then(countOf),
    async first({ key, at }, most) {
      const values = await client.lrangeBuffer(at, 0, most - 1);
      return values.map((value, index) => ({
        key,
        id: String(index),
        payload: { kind: 'value', value },
      }));
    },
  };
}

function lookAtStreams(
  { client }: LiveStore,
  spec: LiveSourceSpec & { readonly kind: 'stream' },
): Looker {
  /** What was delivered last, and how many are pending; null before the group is made. */
  const groupOf = async (at: string): Promise<ReadonlyMap<string, string> | null> => {
    const groups = (await client.call('XINFO', 'GROUPS', at)) as readonly unknown[];
    const known = groups.map((group) => new Map(pairsOf(group)));
    return known.find((group) => group.get('name') === spec.group) ?? null;
  };
  const startOf = (group: ReadonlyMap<string, string> | null): string | null => {
    if (group !== null) return group.get('last-delivered-id') ?? '0-0';
    return spec.startAt === '$' ? null : '0-0';
  };
  return {
    async count({ at }) {
      if (countOf(await client.exists(at)) === 0) return 0;
      const group = await groupOf(at);
      const start = startOf(group);
      if (start === null) return 0;
      const pending = Number(group?.get('pending') ?? 0);
      const lag = Number(group?.get('lag') ?? Number.NaN);
      if (group !== null && Number.isFinite(lag)) return pending + lag;
      if (group === null) return countOf(await client.xlen(at));
      // Redis does not know: entries were removed from the middle. Counted, a page at a time.
      return pending + (await countAfter(start, at));
    },
    async first({ key, at }, most) {
      const start = startOf(await groupOf(at));
      if (start === null) return [];
      const found = await client.xrangeBuffer(at, `(${start}`, '+', 'COUNT', most);
      return found.map(([id, flat]) => entryOf(key, id.toString(), flat));
    },
  };

  async function countAfter(start: string, at: string): Promise<number> {
    let count = 0;
    let after = start;
    for (;;) {
      const page = await client.xrange(at, `(${after}`, '+', 'COUNT', 1_000);
      count += page.length;
      const last = page.at(-1)?.[0];
      if (last === undefined) return count;
      after = last;
    }
  }
}

const UNITS_PER_MS = { s: 1 / 1_000, ms: 1, us: 1_000 } as const;

function lookAtZsets(
  { client }: LiveStore,
  spec: LiveSourceSpec & { readonly kind: 'zset' },
  clock: Clock,
): Looker {
  const below = `(${String((clock.now() - spec.graceMs) * UNITS_PER_MS[spec.scoreUnit])}`;
  return {
    count: ({ at }) => client.zcount(at, '-inf', below).then(countOf),
    async first({ key, at }, most) {
      const flat = await client.callBuffer(
        'ZRANGEBYSCORE',
        at,
        '-inf',
        below,
        'WITHSCORES',
        'LIMIT',
        0,
        most,
      );
      return chunksOfTwo(flatten(flat)).map(([value, score]) => ({
        key,
        id: score.toString(),
        payload: { kind: 'value', value },
      }));
    },
  };
}

function entryOf(key: string, id: string | null, flat: readonly Buffer[]): LiveEntry {
  const pairs = chunksOfTwo(flat);
  return {
    key,
    id,
    payload: {
      kind: 'fields',
      names: pairs.map(([name]) => name.toString()),
      values: fieldValues(pairs.map(([, value]) => value)),
    },
  };
}

/** RESP3 nests what RESP2 gives in a row, or gives it as a map. */
function flatten(answer: unknown): Buffer[] {
  if (Buffer.isBuffer(answer)) return [answer];
  if (typeof answer === 'number') return [Buffer.from(String(answer))];
  if (answer instanceof Map) return [...answer.entries()].flatMap(flatten);
  if (Array.isArray(answer)) return answer.flatMap(flatten);
  if (typeof answer === 'object' && answer !== null) return Object.entries(answer).flatMap(flatten);
  return typeof answer === 'string' ? [Buffer.from(answer)] : [];
}

function chunksOfTwo(flat: readonly Buffer[]): (readonly [Buffer, Buffer])[] {
  const pairs: (readonly [Buffer, Buffer])[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    pairs.push([flat[at] ?? Buffer.alloc(0), flat[at + 1] ?? Buffer.alloc(0)]);
  }
  return pairs;
}

function pairsOf(answer: unknown): (readonly [string, string])[] {
  if (answer instanceof Map) return [...answer].map(([key, value]) => [String(key), String(value)]);
  if (Array.isArray(answer)) {
    const flat = answer.map(String);
    return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as const] : []));
  }
  return Object.entries(answer as object).map(([key, value]) => [key, String(value)]);
}
