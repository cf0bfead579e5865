/** How a key of each kind of source is counted, and its first entries read, without touching them. */

import { fieldValues, type LiveEntry, type LiveSourceSpec } from '../domain/live/live-entry.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { LiveStore } from './connect.ts';

/** Where a key's content lies now: under its own name, or under that of a claim. */
export interface Place {
  readonly key: string;
  readonly at: string;
}

export interface Looker {
  count(place: Place): Promise<number>;
  first(place: Place, most: number): Promise<readonly LiveEntry[]>;
}

/** Throws WRONGTYPE for a key of another type. */
export function lookerOf(store: LiveStore, spec: LiveSourceSpec, clock: Clock): Looker {
  switch (spec.kind) {
    case 'snapshot':
      return lookAtSnapshot(store, spec);
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

function lookAtSnapshot(
  store: LiveStore,
  { holds }: LiveSourceSpec & { readonly kind: 'snapshot' },
): Looker {
  switch (holds) {
    case 'hash':
      return lookAtHashes(store);
    case 'string':
      return lookAtStrings(store);
    case 'zset':
      return lookAtMembers(store);
  }
}

function lookAtStrings({ client }: LiveStore): Looker {
  return {
    // A string has bytes or is empty; STRLEN, for EXISTS would count a key of any type.
    count: async ({ at }) => {
      const length = countOf(await client.strlen(at));
      return length > 0 ? 1 : client.exists(at).then(countOf);
    },
    async first({ key, at }) {
      const value = await client.getBuffer(at);
      return value === null ? [] : [{ key, id: null, payload: { kind: 'value', value } }];
    },
  };
}

function lookAtMembers({ client }: LiveStore): Looker {
  return {
    count: ({ at }) => client.zcard(at).then(countOf),
    async first({ key, at }, most) {
      const flat = await client.callBuffer('ZRANGE', at, 0, most - 1, 'WITHSCORES');
      return membersOf(key, flat);
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

/** What was delivered last, and how many are pending; null before the group is made. */
export async function readGroup(
  client: LiveStore['client'],
  stream: string,
  name: string,
): Promise<ReadonlyMap<string, string> | null> {
  const groups = (await client.call('XINFO', 'GROUPS', stream)) as readonly unknown[];
  const known = groups.map((group) => new Map(pairsOf(group)));
  return known.find((group) => group.get('name') === name) ?? null;
}

function lookAtStreams(
  { client }: LiveStore,
  spec: LiveSourceSpec & { readonly kind: 'stream' },
): Looker {
  const groupOf = (at: string): Promise<ReadonlyMap<string, string> | null> =>
    readGroup(client, at, spec.group);
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
      const group = await groupOf(at);
      const start = startOf(group);
      if (start === null) return [];
      const held = Number(group?.get('pending') ?? 0) > 0 ? await pendingOf(at, most) : [];
      const fresh =
        held.length < most
          ? await client.xrangeBuffer(at, `(${start}`, '+', 'COUNT', most - held.length)
          : [];
      return [...held, ...fresh].map(([id, flat]) => entryOf(key, id.toString(), flat));
    },
  };

  /** What was given to a consumer and not acknowledged is read before what is new. */
  async function pendingOf(at: string, most: number): Promise<[id: Buffer, flat: Buffer[]][]> {
    const pending = (await client.call('XPENDING', at, spec.group, '-', '+', most)) as unknown[];
    const ids = pending.map((one) => String((one as unknown[])[0]));
    return (await Promise.all(ids.map((id) => client.xrangeBuffer(at, id, id)))).flat();
  }

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

/** The score below which members are due, as ZRANGEBYSCORE takes it. */
export function dueBelow(
  { graceMs, scoreUnit }: LiveSourceSpec & { readonly kind: 'zset' },
  clock: Clock,
): string {
  return `(${String((clock.now() - graceMs) * UNITS_PER_MS[scoreUnit])}`;
}

function lookAtZsets(
  { client }: LiveStore,
  spec: LiveSourceSpec & { readonly kind: 'zset' },
  clock: Clock,
): Looker {
  const below = dueBelow(spec, clock);
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
      return membersOf(key, flat);
    },
  };
}

export function membersOf(key: string, flat: unknown): readonly LiveEntry[] {
  return chunksOfTwo(flatten(flat)).map(([value, score]) => ({
    key,
    id: score.toString(),
    payload: { kind: 'value', value },
  }));
}

export function entryOf(key: string, id: string | null, flat: readonly Buffer[]): LiveEntry {
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
export function flatten(answer: unknown): Buffer[] {
  if (Buffer.isBuffer(answer)) return [answer];
  if (typeof answer === 'number') return [Buffer.from(scoreText(answer))];
  if (answer instanceof Map) return [...answer.entries()].flatMap(flatten);
  if (Array.isArray(answer)) return answer.flatMap(flatten);
  if (typeof answer === 'object' && answer !== null) return Object.entries(answer).flatMap(flatten);
  return typeof answer === 'string' ? [Buffer.from(answer)] : [];
}

/** As Redis writes it where it answers with texts. */
function scoreText(score: number): string {
  return Number.isFinite(score) ? String(score) : score > 0 ? 'inf' : '-inf';
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
