/**
 * The entries of one stream in the order that loses none: first what this consumer was given and
 * did not acknowledge, then what others have held for too long, then what nobody was given yet.
 */
import type { LiveStore } from './connect.ts';
import { doing, isRefusal } from './redis-error.ts';
import { runScript, type Script } from './run-script.ts';
import { CLAIM_IDLE, READ_GROUP } from './scripts/read-stream.ts';

export interface StreamGroup {
  readonly key: string;
  readonly group: string;
  readonly consumer: string;
  readonly startAt: string;
  readonly claimIdleMs: number;
}

export interface RawEntry {
  readonly id: string;
  readonly packed: Buffer;
}

export interface RawPage {
  readonly entries: readonly RawEntry[];
  /** Entries that were pending, and were trimmed or deleted meanwhile. */
  readonly lost: readonly string[];
}

type Phase = 'own' | 'others' | 'new' | 'end';
/** Id, fields, id, fields, … */
type Reply = readonly (Buffer | null)[];

const START = '0-0';

export class StreamReader {
  readonly #store: LiveStore;
  readonly #at: StreamGroup;
  #phase: Phase;
  /** In the pending entries of `own`, or in the scan of `others`. */
  #cursor = START;

  /** `isFirst`: whether what this consumer has pending was not read by this process. */
  constructor(store: LiveStore, at: StreamGroup, isFirst: boolean) {
    this.#store = store;
    this.#at = at;
    this.#phase = isFirst ? 'own' : 'others';
  }

  /** Up to `count` entries of about `room` bytes; null when the stream has no more for us now. */
  async next(count: number, room: number): Promise<RawPage | null> {
    const what = `reading the stream "${this.#at.key}" as ${this.#at.group}`;
    return doing(what, async () => {
      for (;;) {
        const page = await this.#page(count, room);
        if (page === null || page.entries.length > 0 || page.lost.length > 0) return page;
      }
    });
  }

  #page(count: number, room: number): Promise<RawPage | null> {
    switch (this.#phase) {
      case 'own':
        return this.#own(count, room);
      case 'others':
        return this.#others(count, room);
      case 'new':
        return this.#new(count, room);
      case 'end':
        return Promise.resolve(null);
    }
  }

  async #own(count: number, room: number): Promise<RawPage> {
    const page = pageOf(await this.#run(READ_GROUP, this.#cursor, count, room));
    if (page.last === null) {
      this.#phase = 'others';
      this.#cursor = START;
    } else {
      this.#cursor = page.last;
    }
    return page;
  }

  async #others(count: number, room: number): Promise<RawPage> {
    const { claimIdleMs } = this.#at;
    const reply = await this.#run(CLAIM_IDLE, this.#cursor, count, room, claimIdleMs);
    const [next, gone, entries] = reply as [Buffer, readonly Buffer[], Reply];
    this.#cursor = next.toString();
    if (this.#cursor === START) this.#phase = 'new';
    const page = pageOf(entries);
    // Since Redis 7 they are named apart; before, they came as entries without fields.
    return { ...page, lost: [...page.lost, ...gone.map(String)] };
  }

  async #new(count: number, room: number): Promise<RawPage> {
    const page = pageOf(await this.#run(READ_GROUP, '>', count, room));
    if (page.last === null) this.#phase = 'end';
    return page;
  }

  #run(what: Script, from: string, ...rest: readonly number[]): Promise<unknown> {
    const { key, group, consumer } = this.#at;
    return runScript(this.#store.client, what, [key], [group, consumer, from, ...rest]);
  }
}

function pageOf(reply: unknown): RawPage & { readonly last: string | null } {
  const flat = reply as Reply;
  const entries: RawEntry[] = [];
  const lost: string[] = [];
  let last: string | null = null;
  for (let index = 0; index < flat.length; index += 2) {
    last = flat[index]?.toString('latin1') ?? '';
    const packed = flat[index + 1] ?? null;
    if (packed === null) lost.push(last);
    else entries.push({ id: last, packed });
  }
  return { entries, lost, last };
}

/**
 * Makes the group unless it is there. False when there is no such stream, or it has just gone.
 * Throws what Redis says of a key that is no stream.
 */
export async function ensureGroup(store: LiveStore, at: StreamGroup): Promise<boolean> {
  try {
    await store.client.xgroup('CREATE', at.key, at.group, at.startAt);
  } catch (error) {
    if (isRefusal(error, 'BUSYGROUP')) return true;
    if (isRefusal(error, 'ERR') && error.message.includes('requires the key to exist')) {
      return false;
    }
    throw error;
  }
  return true;
}
