/**
 * stream: entries of a consumer group, acknowledged after they are committed. What is delivered a
 * second time, after a crash or a failover that forgot the acknowledgement, the ledger knows by id.
 */
import type { Redis } from 'ioredis';
import type {
  BatchLimits,
  LiveBatch,
  LiveProblem,
  LiveSource,
  LiveSourceSpec,
  StreamMark,
} from '../domain/live/live-entry.ts';
import type { LiveStore } from './connect.ts';
import { notText, problemOf } from './key-batches.ts';
import { FieldReader } from './packed-fields.ts';
import type { RawConnection } from './raw-connection.ts';
import { doing, isRefusal, redisError } from './redis-error.ts';
import { runScript } from './run-script.ts';
import { type KeyPage, scanKeys } from './scan-keys.ts';
import { TRIM_STREAM } from './scripts/trim-stream.ts';
import { ensureGroup, type RawEntry, type StreamGroup, StreamReader } from './stream-reader.ts';
import { describeMade, type StreamStanding, standingOf, startOf } from './stream-standing.ts';

type StreamSpec = LiveSourceSpec & { readonly kind: 'stream' };

/** XACK takes them all in one command; this many keep it under a millisecond. */
const IDS_PER_ACK = 1_000;

interface OpenStream {
  readonly at: StreamGroup;
  readonly reader: StreamReader;
  readonly entries: RawEntry[];
  readonly lost: string[];
  readonly takenOver: Set<string>;
  bytes: number;
  isOver: boolean;
}

type MarkOf = (key: string) => Promise<StreamMark | null>;

export function openStreamSource(store: LiveStore, spec: StreamSpec, markOf: MarkOf): LiveSource {
  return new StreamSource(store, spec, markOf);
}

class StreamSource implements LiveSource {
  readonly #store: LiveStore;
  readonly #spec: StreamSpec;
  readonly #markOf: MarkOf;
  readonly #fields = new FieldReader();
  /**
   * Streams whose own pending entries this process has read: what is pending now, it holds. With how
   * they stood to the ledger when they were first met, or their group was made.
   */
  readonly #met = new Map<string, StreamStanding>();
  readonly #toTrim = new Set<string>();
  /**
   * Read, or told as lost, and not acknowledged. Until then Redis tells of them again: what a consumer
   * has pending itself is also what was held for too long.
   */
  readonly #inHand = new Set<string>();
  readonly #problems: LiveProblem[] = [];
  readonly #raws = new Map<Redis, RawConnection>();
  #pages: AsyncGenerator<KeyPage, void, undefined> | null = null;
  #keys: string[] = [];
  /** The pass is over, and only its last problems were left to tell. */
  #isOver = false;
  #current: OpenStream | null = null;

  constructor(store: LiveStore, spec: StreamSpec, markOf: MarkOf) {
    this.#store = store;
    this.#spec = spec;
    this.#markOf = markOf;
  }

  async read(limits: BatchLimits, signal: AbortSignal): Promise<LiveBatch | null> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isOver) {
        this.#isOver = false;
        return null;
      }
      this.#current ??= await this.#nextStream(signal);
      if (this.#problems.length > 0) return this.#problemBatch();
      const stream = this.#current;
      if (stream === null) return null;
      await this.#fill(stream, limits, signal);
      if (stream.isOver && stream.entries.length === 0) this.#current = null;
      if (stream.entries.length > 0 || stream.lost.length > 0) return this.#cut(stream, limits);
    }
  }

  async acknowledge({ origin }: LiveBatch): Promise<{ removed: number; changed: number }> {
    if (origin.kind !== 'stream') return { removed: 0, changed: 0 };
    const { key, group, ids, lost } = origin;
    const all = [...ids, ...lost];
    await doing(`acknowledging entries of the stream "${key}"`, async () => {
      for (let from = 0; from < all.length; from += IDS_PER_ACK) {
        await this.#store.client.xack(key, group, ...all.slice(from, from + IDS_PER_ACK));
      }
    });
    for (const id of all) this.#inHand.delete(nameOf(key, id));
    if (this.#spec.trim) this.#toTrim.add(key);
    return { removed: ids.length, changed: 0 };
  }

  async close(): Promise<void> {
    // What is not trimmed now is trimmed at the end of the next pass; nothing waits for it.
    await this.#trim().catch(() => undefined);
  }

  async #nextStream(signal: AbortSignal): Promise<OpenStream | null> {
    for (;;) {
      const key = this.#keys.shift();
      if (key === undefined) {
        this.#pages ??= scanKeys(this.#store, this.#spec.pattern, signal);
        const page = await this.#pages.next();
        if (page.done === true) {
          this.#pages = null;
          // Or the next call would begin another pass, meet them again, and so on for ever.
          this.#isOver = this.#problems.length > 0;
          // What was acknowledged in this pass; the last batches of it follow in the next.
          await this.#trim();
          return null;
        }
        this.#keys.push(...page.value.keys);
        this.#problems.push(...page.value.unreadable.map(notText));
        continue;
      }
      const opened = await this.#open(key);
      if (opened !== null || this.#problems.length > 0) return opened;
    }
  }

  async #open(key: string): Promise<OpenStream | null> {
    const { group, consumer, claimIdleMs } = this.#spec;
    const met = this.#met.get(key);
    const isFirst = met === undefined;
    const mark = isFirst ? await this.#markOf(key) : null;
    let at: StreamGroup;
    try {
      const standing = met ?? (await standingOf(this.#store, key, mark));
      at = { key, group, consumer, startAt: startOf(standing, this.#spec), claimIdleMs };
      const found = await ensureGroup(this.#store, at);
      if (found === 'gone') return null;
      this.#met.set(key, found === 'made' ? await this.#madeAnew(at, isFirst, standing) : standing);
    } catch (error) {
      if (!isRefusal(error, 'WRONGTYPE')) throw redisError(error, `opening the stream "${key}"`);
      this.#problems.push(problemOf(key, error.message));
      return null;
    }
    const reader = new StreamReader(this.#store, await this.#rawFor(key), at, isFirst);
    return {
      at,
      reader,
      entries: [],
      lost: [],
      takenOver: new Set(),
      bytes: 0,
      isOver: false,
    };
  }

  /** A group that was gone while this process ran may have gone with its stream: looked at again. */
  async #madeAnew(
    at: StreamGroup,
    isFirst: boolean,
    before: StreamStanding,
  ): Promise<StreamStanding> {
    const { key, group, startAt } = at;
    const now = isFirst ? before : await standingOf(this.#store, key, await this.#markOf(key));
    const start = startOf(now, this.#spec);
    if (start !== startAt) await this.#store.client.xgroup('SETID', key, group, start);
    if (now.mark !== null) {
      const found = describeMade(key, group, now, start);
      this.#problems.push({ key, reason: 'group_made', found });
    }
    return now;
  }

  /** One connection for all streams; in a cluster one for each server. */
  async #rawFor(key: string): Promise<RawConnection> {
    const server = this.#store.serverOf(key);
    const known = this.#raws.get(server);
    if (known !== undefined) return known;
    const raw = await doing(`connecting to ${this.#store.place}`, () => this.#store.openRaw(key));
    this.#raws.set(server, raw);
    return raw;
  }

  /** Until there is enough for a batch, or the stream has no more. */
  async #fill(stream: OpenStream, limits: BatchLimits, signal: AbortSignal): Promise<void> {
    while (!stream.isOver && stream.lost.length < limits.maxEntries) {
      const count = limits.maxEntries - stream.entries.length;
      const room = limits.maxBytes - stream.bytes;
      if (count <= 0 || room <= 0) return;
      signal.throwIfAborted();
      const page = await stream.reader.next(count, room);
      if (page === null) {
        stream.isOver = true;
        return;
      }
      for (const entry of page.entries) {
        if (!this.#takeInHand(stream, entry.id)) continue;
        stream.entries.push(entry);
        stream.bytes += entry.packed.length;
        if (page.isTakenOver) stream.takenOver.add(entry.id);
      }
      for (const id of page.lost) if (this.#takeInHand(stream, id)) stream.lost.push(id);
    }
  }

  /** False when it is in hand already: taken twice, it would be two rows, or a row and a loss. */
  #takeInHand({ at }: OpenStream, id: string): boolean {
    const name = nameOf(at.key, id);
    if (this.#inHand.has(name)) return false;
    this.#inHand.add(name);
    return true;
  }

  #cut(stream: OpenStream, { maxEntries, maxBytes }: BatchLimits): LiveBatch {
    let count = 0;
    let bytes = 0;
    for (const { packed } of stream.entries) {
      if (count === maxEntries || (count > 0 && bytes + packed.length > maxBytes)) break;
      count += 1;
      bytes += packed.length;
    }
    stream.bytes -= bytes;
    const taken = stream.entries.splice(0, count);
    const { key, group } = stream.at;
    const ids = taken.map(({ id }) => id);
    return {
      source: this.#spec.name,
      entries: taken.map(({ id, packed }) => ({ key, id, payload: this.#fields.read(packed) })),
      bytes,
      origin: {
        kind: 'stream',
        key,
        group,
        ids,
        takenOver: new Set(ids.filter((id) => stream.takenOver.delete(id))),
        isSame: this.#met.get(key)?.isSame ?? false,
        lost: stream.lost.splice(0),
      },
      problems: [],
    };
  }

  #problemBatch(): LiveBatch {
    const problems = this.#problems.splice(0);
    return { source: this.#spec.name, entries: [], bytes: 0, origin: { kind: 'keys' }, problems };
  }

  async #trim(): Promise<void> {
    const keys = [...this.#toTrim];
    this.#toTrim.clear();
    for (const key of keys) {
      await doing(`trimming the stream "${key}"`, () =>
        runScript(this.#store.client, TRIM_STREAM, [key], []),
      );
    }
  }
}

/** An id has no space, so no two entries have one name. */
function nameOf(key: string, id: string): string {
  return `${id} ${key}`;
}
