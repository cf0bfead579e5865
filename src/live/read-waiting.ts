/**
 * All that waits in a source, in the order in which a drain would read it, without touching any of it: what
 * is pending or claimed, and what nobody has taken yet.
 *
 * A drain may be at work meanwhile, and renames keys: so they are read before the claims, and what is
 * renamed in between is met twice rather than not at all.
 */
import { countOf } from '../domain/count.ts';
import { TierdError } from '../domain/errors.ts';
import type {
  EntryPayload,
  LiveBatch,
  LiveEntry,
  LiveSourceSpec,
  StreamMark,
} from '../domain/live/live-entry.ts';
import type { Clock } from '../domain/time/clock.ts';
import { claimedKey } from './claim-name.ts';
import type { LiveStore } from './connect.ts';
import { findClaims } from './find-claims.ts';
import { dueBelow, entryOf, flatten, membersOf } from './lookers.ts';
import { isRefusal, redisError } from './redis-error.ts';
import { scanEveryKey } from './scan-keys.ts';
import { type GivenEntry, readStreamWaiting } from './stream-waiting.ts';

/** What may be read in all, of however many sources. */
export class WaitingRoom {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #entries = 0;
  #bytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  /** Of entries that may be asked for at once: one more than may be told, so that it is seen. */
  get entriesLeft(): number {
    return Math.max(0, this.#maxEntries - this.#entries) + 1;
  }

  /** @throws TierdError LIVE_ROWS_EXCEEDED */
  take(source: string, payload: EntryPayload): void {
    this.#entries += 1;
    this.#bytes += payload.kind === 'value' ? payload.value.length : payload.values.bytes;
    const isFull = this.#entries > this.#maxEntries;
    if (!isFull && this.#bytes <= this.#maxBytes) return;
    const most = isFull
      ? `${countOf(this.#maxEntries, 'entry', 'entries')} (query.max_live_rows)`
      : `${String(Math.round(this.#maxBytes / 1024 ** 2))}MB`;
    throw new TierdError({
      code: 'LIVE_ROWS_EXCEEDED',
      message: `more than ${most} wait in Redis for the question; it was at ${source}; nothing was answered`,
      hint: `run \`tierd drain ${source}\`, after which they are in PostgreSQL, ask without live rows, or raise query.max_live_rows`,
      context: { source },
    });
  }
}

export interface WaitingOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly room: WaitingRoom;
  /** Up to where the ledger has a stream as drained. */
  readonly markOf: (key: string) => Promise<StreamMark | null>;
}

export interface ReadWaiting {
  readonly batches: readonly LiveBatch[];
  /** Claims that were there before anything was read. */
  readonly claimsBefore: readonly string[];
  /** Keys were claimed while they were read: what they held may be in two of the batches. */
  readonly wasClaimed: boolean;
  /** Keys of the pattern that are of another type than the source reads. */
  readonly foreignKeys: number;
}

/** Asked for together; Redis answers them one after the other. */
const KEYS_AT_A_TIME = 200;

/** @throws TierdError LIVE_ROWS_EXCEEDED, and what Redis answers */
export async function readWaiting(
  store: LiveStore,
  spec: LiveSourceSpec,
  options: WaitingOptions,
): Promise<ReadWaiting> {
  const { signal } = options;
  const claimsAreMade = spec.kind === 'claim' || spec.kind === 'list';
  const claimsOf = async (): Promise<readonly string[]> =>
    claimsAreMade ? findClaims(store, spec.name, signal) : [];
  const claimsBefore = await claimsOf();
  const keys: string[] = [];
  for await (const page of scanEveryKey(store, spec.pattern, signal)) keys.push(...page.keys);
  const known = [...new Set(keys)];
  const ofKeys = await readPlaces(
    store,
    spec,
    options,
    known.map((key) => ({ key, at: key })),
  );
  const claims = await claimsOf();
  const ofClaims = await readPlaces(
    store,
    spec,
    options,
    claims.map((at) => ({ key: claimedKey(at), at })),
  );
  const before = new Set(claimsBefore);
  return {
    batches: [...ofClaims.batches, ...ofKeys.batches],
    claimsBefore,
    wasClaimed: claims.some((claim) => !before.has(claim)),
    foreignKeys: ofKeys.foreignKeys + ofClaims.foreignKeys,
  };
}

interface Place {
  readonly key: string;
  readonly at: string;
}

async function readPlaces(
  store: LiveStore,
  spec: LiveSourceSpec,
  options: WaitingOptions,
  places: readonly Place[],
): Promise<{ readonly batches: readonly LiveBatch[]; readonly foreignKeys: number }> {
  const batches: LiveBatch[] = [];
  let foreignKeys = 0;
  for (let from = 0; from < places.length; from += KEYS_AT_A_TIME) {
    options.signal.throwIfAborted();
    const page = places.slice(from, from + KEYS_AT_A_TIME);
    // All of them settle before one is thrown: none is under way when the connection is closed.
    const found = await Promise.allSettled(
      page.map((place) => readPlace(store, spec, options, place)),
    );
    for (const one of found) {
      if (one.status === 'fulfilled') {
        if (one.value !== null) batches.push(one.value);
      } else if (isRefusal(one.reason, 'WRONGTYPE')) foreignKeys += 1;
      else throw redisError(one.reason, `reading what waits in ${spec.name} at ${store.place}`);
    }
  }
  return { batches, foreignKeys };
}

/** Null for nothing. */
async function readPlace(
  store: LiveStore,
  spec: LiveSourceSpec,
  options: WaitingOptions,
  place: Place,
): Promise<LiveBatch | null> {
  const { room } = options;
  const taken = (entries: readonly LiveEntry[]): readonly LiveEntry[] => {
    for (const { payload } of entries) room.take(spec.name, payload);
    return entries;
  };
  if (spec.kind === 'stream') {
    const found = await readStreamWaiting(store, spec, place.at, options, (entry) => {
      room.take(spec.name, entry.payload);
    });
    return found === null ? null : streamBatch(spec, place.key, found);
  }
  if (spec.kind === 'list') return readList(store, spec, place, taken);
  const entries = taken(await readKey(store, spec, options, place));
  return entries.length === 0 ? null : batchOf(spec.name, entries, { kind: 'keys' });
}

async function readKey(
  { client }: LiveStore,
  spec: Exclude<LiveSourceSpec, { kind: 'stream' | 'list' }>,
  { clock, room, signal }: WaitingOptions,
  { key, at }: Place,
): Promise<readonly LiveEntry[]> {
  if (spec.kind === 'zset') {
    const [below, most] = [dueBelow(spec, clock), room.entriesLeft];
    const limits = ['-inf', below, 'WITHSCORES', 'LIMIT', 0, most];
    return membersOf(key, await client.callBuffer('ZRANGEBYSCORE', at, ...limits));
  }
  if (spec.kind === 'snapshot' && spec.holds === 'zset') {
    return readMembers(client, key, room, signal);
  }
  if (spec.kind === 'snapshot' && spec.holds === 'string') {
    const value = await client.getBuffer(at);
    return value === null ? [] : [{ key, id: null, payload: { kind: 'value', value } }];
  }
  const flat = flatten(await client.callBuffer('HGETALL', at));
  return flat.length === 0 ? [] : [entryOf(key, null, flat)];
}

/** As a drain reads them: each member that is there throughout, and one that moves maybe twice. */
async function readMembers(
  client: LiveStore['client'],
  key: string,
  room: WaitingRoom,
  signal: AbortSignal,
): Promise<readonly LiveEntry[]> {
  const members = new Map<string, LiveEntry>();
  let cursor = '0';
  do {
    signal.throwIfAborted();
    const reply = await client.callBuffer('ZSCAN', key, cursor, 'COUNT', 1_000);
    const [next, flat] = reply as [unknown, unknown];
    cursor = String(next);
    for (const member of membersOf(key, flat)) {
      const { payload } = member;
      members.set(payload.kind === 'value' ? payload.value.toString('latin1') : '', member);
    }
  } while (cursor !== '0' && members.size <= room.entriesLeft);
  return [...members.values()];
}

/** So many are read in one go: about a millisecond in which Redis serves nobody else. */
const LIST_PAGE = 1_000;

async function readList(
  { client }: LiveStore,
  spec: LiveSourceSpec & { readonly kind: 'list' },
  { key, at }: Place,
  taken: (entries: readonly LiveEntry[]) => readonly LiveEntry[],
): Promise<LiveBatch | null> {
  const entries: LiveEntry[] = [];
  for (;;) {
    const from = entries.length;
    const values = await client.lrangeBuffer(at, from, from + LIST_PAGE - 1);
    entries.push(
      ...taken(
        values.map((value, index) => ({
          key,
          id: String(from + index),
          payload: { kind: 'value', value },
        })),
      ),
    );
    if (values.length < LIST_PAGE) break;
  }
  if (entries.length === 0) return null;
  const toIndex = entries.length;
  // A list that is not claimed yet is named by its own key, which is the name of no claim.
  const origin = {
    kind: 'claimed-list',
    claim: at,
    key,
    fromIndex: 0,
    toIndex,
    last: true,
  } as const;
  return batchOf(spec.name, entries, origin);
}

function streamBatch(
  { name, group }: LiveSourceSpec & { readonly kind: 'stream' },
  key: string,
  { given, isSame }: { readonly given: readonly GivenEntry[]; readonly isSame: boolean },
): LiveBatch {
  return batchOf(
    name,
    given.map(({ entry }) => entry),
    {
      kind: 'stream',
      key,
      group,
      ids: given.map(({ entry }) => entry.id ?? ''),
      takenOver: new Set(
        given.flatMap(({ entry, isOthers }) => (isOthers ? [entry.id ?? ''] : [])),
      ),
      isSame,
      lost: [],
    },
  );
}

function batchOf(
  source: string,
  entries: readonly LiveEntry[],
  origin: LiveBatch['origin'],
): LiveBatch {
  return { source, entries, bytes: 0, origin, problems: [] };
}
