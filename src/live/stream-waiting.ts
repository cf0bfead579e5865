/** What waits in a stream for its consumer group: pending for whomever, or given to nobody yet. */
import type { LiveEntry, LiveSourceSpec, StreamMark } from '../domain/live/live-entry.ts';
import type { LiveStore } from './connect.ts';
import { entryOf, readGroup } from './lookers.ts';
import { standingOf, startOf } from './stream-standing.ts';

export interface GivenEntry {
  readonly entry: LiveEntry;
  /** Another consumer has it pending. */
  readonly isOthers: boolean;
}

export interface StreamWaiting {
  readonly given: readonly GivenEntry[];
  readonly isSame: boolean;
}

type StreamSpec = LiveSourceSpec & { readonly kind: 'stream' };

const PAGE = 1_000;

/**
 * What was delivered last is asked first: what is delivered after that is read as new, and what is
 * acknowledged after that was committed before.
 *
 * @param onEntry may throw, to end it
 * @returns null for a stream that is not there, or of which nothing waits
 */
export async function readStreamWaiting(
  store: LiveStore,
  spec: StreamSpec,
  key: string,
  {
    signal,
    markOf,
  }: {
    readonly signal: AbortSignal;
    readonly markOf: (key: string) => Promise<StreamMark | null>;
  },
  onEntry: (entry: LiveEntry) => void,
): Promise<StreamWaiting | null> {
  const { client } = store;
  if (String(await client.exists(key)) === '0') return null;
  const standing = await standingOf(store, key, await markOf(key));
  const group = await readGroup(client, key, spec.group);
  const given = new Map<string, GivenEntry>();
  const take = (id: string, flat: readonly Buffer[], isOthers: boolean): void => {
    if (given.has(id)) return;
    const entry = entryOf(key, id, flat);
    onEntry(entry);
    given.set(id, { entry, isOthers });
  };
  const start =
    group === null ? startOf(standing, spec) : (group.get('last-delivered-id') ?? '0-0');
  if (group !== null) {
    for await (const page of pendingPages(store, spec, key, signal)) {
      const found = await Promise.all(page.map(({ id }) => client.xrangeBuffer(key, id, id)));
      for (const [index, [entry]] of found.entries()) {
        const { id = '', consumer = '' } = page[index] ?? {};
        // One that was trimmed while it was pending is gone.
        if (entry !== undefined) take(id, entry[1], consumer !== spec.consumer);
      }
    }
  }
  if (start === '$') return sorted(given, standing.isSame);
  let after = start;
  for (;;) {
    signal.throwIfAborted();
    const page = await client.xrangeBuffer(key, `(${after}`, '+', 'COUNT', PAGE);
    for (const [id, flat] of page) take(id.toString(), flat, false);
    const last = page.at(-1)?.[0].toString();
    if (last === undefined) return sorted(given, standing.isSame);
    after = last;
  }
}

/** A drain reads what it has pending itself first, then what others have, then what is new. */
function sorted(given: ReadonlyMap<string, GivenEntry>, isSame: boolean): StreamWaiting | null {
  return given.size === 0 ? null : { given: [...given.values()], isSame };
}

interface Pending {
  readonly id: string;
  readonly consumer: string;
}

/** Those of the group's own consumer first. */
async function* pendingPages(
  { client }: LiveStore,
  { group, consumer }: StreamSpec,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<readonly Pending[], void, undefined> {
  for (const own of [true, false]) {
    let from = '-';
    for (;;) {
      signal.throwIfAborted();
      const asked = [key, group, from, '+', String(PAGE), ...(own ? [consumer] : [])];
      const reply = (await client.call('XPENDING', ...asked)) as readonly (readonly unknown[])[];
      const page = reply.map(([id, name]) => ({ id: String(id), consumer: String(name) }));
      yield own ? page : page.filter((one) => one.consumer !== consumer);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      from = `(${last.id}`;
    }
  }
}
