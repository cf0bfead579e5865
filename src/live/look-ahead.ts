/**
 * What waits in a source, and its first entries, without touching them: nothing is claimed, no
 * consumer group is made, nothing is marked as delivered.
 */

import type { ForeignKeys, LiveEntry, LiveSourceSpec } from '../domain/live/live-entry.ts';
import type { Clock } from '../domain/time/clock.ts';
import { claimedKey } from './claim-name.ts';
import type { LiveStore } from './connect.ts';
import { findClaims } from './find-claims.ts';
import { type Looker, lookerOf, type Place } from './lookers.ts';
import { doing, isRefusal } from './redis-error.ts';
import { scanKeys } from './scan-keys.ts';

export interface Waiting {
  /** That hold something for the drain, claims of an earlier run included. */
  readonly keys: number;
  readonly entries: number;
  /** The first of them. */
  readonly sample: readonly LiveEntry[];
  /** Keys of the pattern that are of another type than the source reads; null for none. */
  readonly foreign: ForeignKeys | null;
}

interface Look {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Asked for together; Redis answers them one after the other. */
const KEYS_AT_A_TIME = 200;

/** Every key of the source is counted. */
export async function lookAhead(
  store: LiveStore,
  spec: LiveSourceSpec,
  options: Look & { readonly sampleSize: number },
): Promise<Waiting> {
  const look = lookerOf(store, spec, options.clock);
  let keys = 0;
  let entries = 0;
  const foreign: string[] = [];
  const sample: LiveEntry[] = [];
  for await (const page of placesOf(store, spec, options.signal)) {
    for (const { place, count } of await countPage(store, spec, look, page)) {
      if (count === null) foreign.push(place.at);
      if (count === null || count === 0) continue;
      keys += 1;
      entries += count;
      const room = options.sampleSize - sample.length;
      if (room > 0) sample.push(...(await sampleOf(look, place, room, store)));
    }
  }
  return { keys, entries, sample, foreign: await describeForeign(store, foreign) };
}

/** What a source is judged by before anything of it is taken. */
export interface FirstLook extends Pick<Waiting, 'sample' | 'foreign'> {
  /** Of sorted sets that are scored by time: from both ends, what is not due yet included. */
  readonly scores: readonly { readonly key: string; readonly score: string }[];
}

const MOST_KEYS = 50;
const MOST_ENTRIES = 100;
/** Of one key, for the writers of the others may do otherwise. */
const MOST_OF_A_KEY = 10;

/** A few entries of a few keys. Nothing is counted, so that it costs a drain little to begin with it. */
export async function lookFirst(
  store: LiveStore,
  spec: LiveSourceSpec,
  { clock, signal }: Look,
): Promise<FirstLook> {
  const look = lookerOf(store, spec, clock);
  const foreign: string[] = [];
  const sample: LiveEntry[] = [];
  const scores: { readonly key: string; readonly score: string }[] = [];
  let keys = 0;
  for await (const page of placesOf(store, spec, signal)) {
    const some = page.slice(0, MOST_KEYS - keys);
    keys += some.length;
    for (const { place, count } of await countPage(store, spec, look, some)) {
      if (count === null) {
        foreign.push(place.at);
        continue;
      }
      const room = Math.min(MOST_OF_A_KEY, MOST_ENTRIES - sample.length);
      if (count > 0 && room > 0) sample.push(...(await sampleOf(look, place, room, store)));
      if (spec.kind === 'zset') scores.push(...(await edgesOf(store, place)));
    }
    if (keys >= MOST_KEYS || sample.length >= MOST_ENTRIES) break;
  }
  return { sample, scores, foreign: await describeForeign(store, foreign) };
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

/** Null for a key of another type: it holds nothing for this source. */
async function countPage(
  store: LiveStore,
  spec: LiveSourceSpec,
  look: Looker,
  page: readonly Place[],
): Promise<readonly { readonly place: Place; readonly count: number | null }[]> {
  return doing(`looking at ${spec.name} at ${store.place}`, () =>
    Promise.all(
      page.map(async (place) => ({ place, count: await unlessWrong(look.count(place)) })),
    ),
  );
}

async function sampleOf(
  look: Looker,
  place: Place,
  most: number,
  store: LiveStore,
): Promise<readonly LiveEntry[]> {
  return doing(`looking at ${place.at} at ${store.place}`, () => look.first(place, most));
}

async function unlessWrong(count: Promise<number>): Promise<number | null> {
  try {
    return await count;
  } catch (error) {
    if (isRefusal(error, 'WRONGTYPE')) return null;
    throw error;
  }
}

const EDGE = 5;

async function edgesOf(
  store: LiveStore,
  { key, at }: Place,
): Promise<readonly { readonly key: string; readonly score: string }[]> {
  return doing(`looking at ${at} at ${store.place}`, async () => {
    const ends = await Promise.all([
      store.client.zrange(at, '0', String(EDGE - 1), 'WITHSCORES'),
      store.client.zrange(at, String(-EDGE), '-1', 'WITHSCORES'),
    ]);
    // RESP3 nests what RESP2 gives in a row. A small set has all of its members at both ends.
    const scores = new Map<string, string>();
    for (const end of ends) {
      const flat = (end as unknown[]).flat().map(String);
      for (let n = 0; n + 1 < flat.length; n += 2) scores.set(flat[n] ?? '', flat[n + 1] ?? '');
    }
    return [...scores.values()].map((score) => ({ key, score }));
  });
}

async function describeForeign(
  store: LiveStore,
  foreign: readonly string[],
): Promise<ForeignKeys | null> {
  const [key] = foreign;
  if (key === undefined) return null;
  return doing(`looking at ${key} at ${store.place}`, async () => {
    const type = await store.client.type(key);
    const start = type === 'string' ? await store.client.getrange(key, 0, 99) : '';
    return { keys: foreign.length, key, type, isJson: start.trimStart().startsWith('{') };
  });
}
