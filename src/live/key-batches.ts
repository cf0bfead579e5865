/** Whole keys, read page by page and cut into batches: what snapshot, move and claim have in common. */
import type {
  BatchLimits,
  EntryPayload,
  LiveBatch,
  LiveEntry,
  LiveProblem,
} from '../domain/live/live-entry.ts';
import { PageSize } from './page-size.ts';
import { prefixOf, serverRefusal } from './redis-error.ts';
import type { Lane } from './watch-lanes.ts';

export interface WantedKey {
  /** As its writers name it. */
  readonly key: string;
  /** Where it lies now: itself, or its claim. */
  readonly at: string;
}

export interface HeldKey extends WantedKey {
  readonly bytes: Buffer;
  /** Null where nobody watches it. */
  readonly lane: Lane | null;
  /** Some of its fields run out by themselves: what is missing of it later is no writer's doing. */
  readonly isMortal?: boolean;
}

/** One answer for each key that was asked for. */
export interface KeyAnswers {
  readonly answers: readonly unknown[];
  readonly lane: Lane | null;
}

export interface WantedPage {
  readonly wanted: readonly WantedKey[];
  readonly problems: readonly LiveProblem[];
}

export interface KeyBatchesOptions {
  readonly source: string;
  /** The keys of one pass. */
  readonly feed: (signal: AbortSignal) => AsyncGenerator<WantedPage, void, undefined>;
  /**
   * One answer for each key: its bytes; null when there is none; [message] when it can't be read;
   * undefined when it was left for later because `room` bytes were full.
   */
  readonly readMany: (wanted: readonly WantedKey[], room: number) => Promise<KeyAnswers>;
  /** How many keys one call of `readMany` reads at most. */
  readonly mostKeys: number;
  readonly toPayload: (bytes: Buffer) => EntryPayload;
}

export class KeyBatches {
  readonly #options: KeyBatchesOptions;
  readonly #waiting: WantedKey[] = [];
  readonly #ready: HeldKey[] = [];
  readonly #problems: LiveProblem[] = [];
  /** Where what is ready lies: SCAN may tell a key twice. */
  readonly #places = new Set<string>();
  readonly #pages: PageSize;
  #readyBytes = 0;
  #feed: AsyncGenerator<WantedPage, void, undefined> | null = null;
  #isFed = false;

  constructor(options: KeyBatchesOptions) {
    this.#options = options;
    this.#pages = new PageSize(options.mostKeys);
  }

  /** The next batch and what it was made of, or null at the end of a pass. */
  async next(
    limits: BatchLimits,
    signal: AbortSignal,
  ): Promise<{ readonly batch: LiveBatch; readonly held: readonly HeldKey[] } | null> {
    this.#feed ??= this.#options.feed(signal);
    while (!this.#isFull(limits)) {
      signal.throwIfAborted();
      if (this.#waiting.length === 0 && !(await this.#fetchPage())) break;
      await this.#fetchKeys(limits);
    }
    if (this.#ready.length === 0 && this.#problems.length === 0) {
      this.#feed = null;
      this.#isFed = false;
      return null;
    }
    return this.#cut(limits);
  }

  #isFull({ maxEntries, maxBytes }: BatchLimits): boolean {
    return (
      this.#ready.length >= maxEntries ||
      this.#readyBytes >= maxBytes ||
      this.#problems.length >= maxEntries
    );
  }

  async #fetchPage(): Promise<boolean> {
    if (this.#isFed) return false;
    const page = await this.#feed?.next();
    if (page === undefined || page.done === true) {
      this.#isFed = true;
      return false;
    }
    this.#waiting.push(...page.value.wanted);
    this.#problems.push(...page.value.problems);
    return true;
  }

  async #fetchKeys({ maxEntries, maxBytes }: BatchLimits): Promise<void> {
    const room = maxBytes - this.#readyBytes;
    const count = Math.min(this.#pages.next(room), maxEntries - this.#ready.length);
    const asked = this.#waiting
      .splice(0, Math.max(count, 1))
      .filter(({ at }) => !this.#places.has(at));
    if (asked.length === 0) return;
    const { answers, lane } = await this.#options.readMany(asked, room);
    const [keysBefore, bytesBefore] = [this.#ready.length, this.#readyBytes];
    const left: WantedKey[] = [];
    for (const [index, wanted] of asked.entries()) {
      if (answers[index] === undefined) left.push(wanted);
      else this.#take(wanted, answers[index], lane);
    }
    this.#waiting.unshift(...left);
    this.#pages.learn(this.#ready.length - keysBefore, this.#readyBytes - bytesBefore);
  }

  #take({ key, at }: WantedKey, answer: unknown, lane: Lane | null): void {
    if (Buffer.isBuffer(answer)) {
      this.#ready.push({ key, at, bytes: answer, lane });
      this.#places.add(at);
      this.#readyBytes += answer.length;
    } else if (Array.isArray(answer)) {
      this.#problems.push(problemOf(key, String(answer[0])));
    }
  }

  #cut({ maxEntries, maxBytes }: BatchLimits): {
    readonly batch: LiveBatch;
    readonly held: readonly HeldKey[];
  } {
    let count = 0;
    let bytes = 0;
    for (const { bytes: value } of this.#ready) {
      if (count === maxEntries || (count > 0 && bytes + value.length > maxBytes)) break;
      count += 1;
      bytes += value.length;
    }
    const held = this.#ready.splice(0, count);
    this.#readyBytes -= bytes;
    for (const { at } of held) this.#places.delete(at);
    const entries = held.map(
      ({ key, bytes: value }): LiveEntry => ({
        key,
        id: null,
        payload: this.#options.toPayload(value),
      }),
    );
    const problems = this.#problems.splice(0);
    const { source } = this.#options;
    return { batch: { source, entries, bytes, origin: { kind: 'keys' }, problems }, held };
  }
}

/**
 * A refusal of Redis that concerns one key. One that concerns the server, and so all that is waiting, is
 * thrown: a key is not left alone for it, and a pass over all of them is not told as one that found nothing.
 */
export function problemOf(key: string, message: string): LiveProblem {
  const ofServer = serverRefusal(message, `reading ${JSON.stringify(key)}`);
  if (ofServer !== null) throw ofServer;
  return prefixOf(message) === 'WRONGTYPE'
    ? { key, reason: 'wrong_type', found: 'it is of another type than the source reads' }
    : { key, reason: 'refused', found: message };
}

export function notText(key: string): LiveProblem {
  return { key, reason: 'key_not_text', found: 'the name of the key is not UTF-8' };
}
