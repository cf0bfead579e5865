/**
 * The entries of one stream in the order that loses none: first what this consumer was given and
 * did not acknowledge, then what others have held for too long, then what nobody was given yet.
 */
import type { LiveStore } from './connect.ts';
import { PageSize } from './page-size.ts';
import { type RawConnection, unlessRefused } from './raw-connection.ts';
import { doing, isRefusal } from './redis-error.ts';
import { ReplyCursor } from './resp.ts';
import { runScript } from './run-script.ts';
import { CLAIM_IDLE } from './scripts/read-stream.ts';

export interface StreamGroup {
  readonly key: string;
  readonly group: string;
  readonly consumer: string;
  readonly startAt: string;
  readonly claimIdleMs: number;
}

export interface RawEntry {
  readonly id: string;
  /** Its fields, for a FieldReader. */
  readonly packed: Buffer;
}

export interface RawPage {
  readonly entries: readonly RawEntry[];
  /** Entries that were pending, and were trimmed or deleted meanwhile. */
  readonly lost: readonly string[];
  /** Whether another consumer had been given them. */
  readonly isTakenOver: boolean;
}

/** So many are read in one go: a few milliseconds in which Redis serves nobody else. */
const ENTRIES_PER_CALL = 1_000;

type Phase = 'own' | 'others' | 'new' | 'end';
/** Id, fields, id, fields, … */
type Reply = readonly (Buffer | null)[];

const START = '0-0';

export class StreamReader {
  readonly #store: LiveStore;
  readonly #at: StreamGroup;
  readonly #raw: RawConnection;
  readonly #pages = new PageSize(ENTRIES_PER_CALL);
  #phase: Phase;
  /** In the pending entries of `own`, or in the scan of `others`. */
  #cursor = START;

  /** `isFirst`: whether what this consumer has pending was not read by this process. */
  constructor(store: LiveStore, raw: RawConnection, at: StreamGroup, isFirst: boolean) {
    this.#store = store;
    this.#raw = raw;
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
    const page = await this.#readGroup(this.#cursor, count, room);
    if (page.last === null) {
      this.#phase = 'others';
      this.#cursor = START;
    } else {
      this.#cursor = page.last;
    }
    return page;
  }

  async #others(count: number, room: number): Promise<RawPage> {
    const { key, group, consumer, claimIdleMs } = this.#at;
    const most = Math.min(count, ENTRIES_PER_CALL);
    const reply = await runScript(
      this.#store.client,
      CLAIM_IDLE,
      [key],
      [group, consumer, this.#cursor, most, room, claimIdleMs],
    );
    const [next, gone, entries] = reply as [Buffer, readonly Buffer[], Reply];
    this.#cursor = next.toString();
    if (this.#cursor === START) this.#phase = 'new';
    const page = pageOf(entries);
    // Since Redis 7 they are named apart; before, they came as entries without fields.
    return { ...page, isTakenOver: true, lost: [...page.lost, ...gone.map(String)] };
  }

  async #new(count: number, room: number): Promise<RawPage> {
    const page = await this.#readGroup('>', count, room);
    if (page.last === null) this.#phase = 'end';
    return page;
  }

  /** @param from an id to read what is pending for the consumer behind it, or `>` for what is new. */
  async #readGroup(from: string, count: number, room: number): Promise<Page> {
    const { key, group, consumer } = this.#at;
    const most = String(Math.min(count, this.#pages.next(room)));
    const command = ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', most, 'STREAMS', key, from];
    const [reply] = await this.#raw.ask([command]);
    const page = readPage(unlessRefused(reply));
    this.#pages.learn(page.entries.length, reply?.length ?? 0);
    return page;
  }
}

type Page = RawPage & { readonly last: string | null };

/** Of the reply to XREADGROUP of one stream: its name, and ids with their fields. */
function readPage(reply: Buffer): Page {
  const entries: RawEntry[] = [];
  const lost: string[] = [];
  let last: string | null = null;
  const cursor = new ReplyCursor(reply);
  // RESP3 has a map of streams, RESP2 an array of pairs.
  const streams = cursor.enter() ?? 0;
  if (streams === 1) cursor.enter();
  if (streams > 0) cursor.text();
  const count = streams > 0 ? (cursor.enter() ?? 0) : 0;
  for (let index = 0; index < count; index += 1) {
    cursor.enter();
    cursor.text();
    const id = reply.toString('latin1', cursor.from, cursor.to);
    last = id;
    const from = cursor.at;
    if (cursor.enter() === null) {
      // Pending, and trimmed or deleted meanwhile.
      lost.push(id);
      continue;
    }
    cursor.at = from;
    cursor.skip();
    entries.push({ id, packed: reply.subarray(from, cursor.at) });
  }
  return { entries, lost, last, isTakenOver: false };
}

function pageOf(flat: Reply): Omit<RawPage, 'isTakenOver'> {
  const entries: RawEntry[] = [];
  const lost: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const id = flat[index]?.toString('latin1') ?? '';
    const packed = flat[index + 1] ?? null;
    if (packed === null) lost.push(id);
    else entries.push({ id, packed });
  }
  return { entries, lost };
}

/**
 * Makes the group unless it is there. `gone` when there is no such stream any more.
 * Throws what Redis says of a key that is no stream.
 */
export async function ensureGroup(
  store: LiveStore,
  at: StreamGroup,
): Promise<'there' | 'made' | 'gone'> {
  try {
    await store.client.xgroup('CREATE', at.key, at.group, at.startAt);
  } catch (error) {
    if (isRefusal(error, 'BUSYGROUP')) return 'there';
    if (isRefusal(error, 'ERR') && error.message.includes('requires the key to exist')) {
      return 'gone';
    }
    // A full Redis refuses it before it looks whether the group is there; reading is not refused.
    if (!isRefusal(error, 'OOM')) throw error;
    const groups = await groupsOf(store, at.key);
    if (groups === null) return 'gone';
    if (!groups.includes(at.group)) throw error;
    return 'there';
  }
  return 'made';
}

/** Null when there is no such stream. */
async function groupsOf({ client }: LiveStore, key: string): Promise<readonly unknown[] | null> {
  try {
    const groups = (await client.call('XINFO', 'GROUPS', key)) as readonly unknown[];
    return groups.map(nameOf);
  } catch (error) {
    if (isRefusal(error, 'ERR')) return null;
    throw error;
  }
}

/** RESP3 gives a map, RESP2 names and values in a row. */
function nameOf(group: unknown): unknown {
  if (Array.isArray(group)) return group[group.indexOf('name') + 1];
  return group instanceof Map ? group.get('name') : (group as { name?: unknown }).name;
}
