/**
 * zset: members whose score is a time, drained once they are older than the grace. A member that
 * got another score since it was read is left for a later read.
 */

import type {
  BatchLimits,
  LiveBatch,
  LiveSource,
  LiveSourceSpec,
} from '../domain/live/live-entry.ts';
import type { Clock } from '../domain/time/clock.ts';
import { countAnswers } from './acknowledged.ts';
import type { LiveStore } from './connect.ts';
import { notText, problemOf } from './key-batches.ts';
import { doing } from './redis-error.ts';
import { runScript } from './run-script.ts';
import { type KeyPage, scanKeys } from './scan-keys.ts';
import { READ_MEMBERS } from './scripts/read-members.ts';
import { REMOVE_UNCHANGED_MEMBERS } from './scripts/remove-keys.ts';

type ZsetSpec = LiveSourceSpec & { readonly kind: 'zset' };

const UNITS_PER_MS = { s: 1 / 1_000, ms: 1, us: 1_000 } as const;

interface Member {
  readonly value: Buffer;
  readonly score: Buffer;
  /** Tells apart what was read; the bytes as text, one character each. */
  readonly name: string;
}

interface Taken {
  readonly key: string;
  readonly members: readonly Member[];
}

export function openZsetSource(store: LiveStore, spec: ZsetSpec, clock: Clock): LiveSource {
  return new ZsetSource(store, spec, clock);
}

class ZsetSource implements LiveSource {
  readonly #store: LiveStore;
  readonly #spec: ZsetSpec;
  readonly #clock: Clock;
  readonly #taken = new WeakMap<LiveBatch, Taken>();
  /** Of each key, what was read and is not acknowledged: it is still there, and is read over. */
  readonly #underway = new Map<string, Map<string, number>>();
  #pages: AsyncGenerator<KeyPage, void, undefined> | null = null;
  #keys: string[] = [];
  #current: string | null = null;
  /** Fixed for a pass, so that it ends however fast members are added. */
  #below = 0;

  constructor(store: LiveStore, spec: ZsetSpec, clock: Clock) {
    this.#store = store;
    this.#spec = spec;
    this.#clock = clock;
  }

  async read(limits: BatchLimits, signal: AbortSignal): Promise<LiveBatch | null> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#pages === null) {
        const { graceMs, scoreUnit } = this.#spec;
        this.#below = (this.#clock.now() - graceMs) * UNITS_PER_MS[scoreUnit];
        this.#pages = scanKeys(this.#store, this.#spec.pattern, signal);
      }
      this.#current ??= this.#keys.shift() ?? null;
      if (this.#current !== null) {
        const batch = await this.#readKey(this.#current, limits);
        if (batch !== null) return batch;
        this.#current = null;
        continue;
      }
      const page = await this.#pages.next();
      if (page.done === true) {
        this.#pages = null;
        return null;
      }
      this.#keys.push(...page.value.keys);
      if (page.value.unreadable.length > 0) {
        return this.#batch([], 0, page.value.unreadable.map(notText));
      }
    }
  }

  async acknowledge(batch: LiveBatch): Promise<{ removed: number; changed: number }> {
    const taken = this.#taken.get(batch);
    if (taken === undefined) return { removed: 0, changed: 0 };
    const { key, members } = taken;
    const answers = await doing(`removing drained members of "${key}"`, () =>
      runScript(
        this.#store.client,
        REMOVE_UNCHANGED_MEMBERS,
        [key],
        members.flatMap(({ value, score }) => [value, score]),
      ),
    );
    const underway = this.#underway.get(key);
    for (const { name } of members) underway?.delete(name);
    if (underway?.size === 0) this.#underway.delete(key);
    return countAnswers(answers as readonly unknown[]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #readKey(key: string, { maxEntries, maxBytes }: BatchLimits): Promise<LiveBatch | null> {
    const underway = this.#underway.get(key) ?? new Map<string, number>();
    const bytesUnderway = [...underway.values()].reduce((sum, bytes) => sum + bytes, 0);
    const reply = (await doing(`reading the sorted set "${key}"`, () =>
      runScript(
        this.#store.client,
        READ_MEMBERS,
        [key],
        [this.#below, maxEntries + underway.size, maxBytes + bytesUnderway],
      ),
    )) as readonly (Buffer | readonly Buffer[])[];
    const [first] = reply;
    if (Array.isArray(first)) {
      this.#current = null;
      return this.#batch([], 0, [problemOf(key, String(first[0]))]);
    }
    const members: Member[] = [];
    let bytes = 0;
    for (let index = 0; index + 1 < reply.length; index += 2) {
      const [value, score] = [reply[index], reply[index + 1]] as [Buffer, Buffer];
      const name = value.toString('latin1');
      if (underway.has(name)) continue;
      const isFull = members.length > 0 && bytes + value.length > maxBytes;
      if (isFull || members.length === maxEntries) break;
      members.push({ value, score, name });
      bytes += value.length;
    }
    if (members.length === 0) return null;
    for (const { name, value } of members) underway.set(name, value.length);
    this.#underway.set(key, underway);
    const batch = this.#batch(
      members.map(({ value, score }) => ({
        key,
        id: score.toString('latin1'),
        payload: { kind: 'value', value },
      })),
      bytes,
      [],
    );
    this.#taken.set(batch, { key, members });
    return batch;
  }

  #batch(entries: LiveBatch['entries'], bytes: number, problems: LiveBatch['problems']): LiveBatch {
    return { source: this.#spec.name, entries, bytes, origin: { kind: 'keys' }, problems };
  }
}
