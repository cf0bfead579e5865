/**
 * snapshot of sorted sets: each member with its score is an entry, and all of them stay. A member
 * that is there throughout a pass is read in it; one that moves meanwhile may be read twice.
 */
import type {
  BatchLimits,
  LiveBatch,
  LiveEntry,
  LiveProblem,
  LiveSource,
  LiveSourceSpec,
} from '../domain/live/live-entry.ts';
import type { LiveStore } from './connect.ts';
import { notText, problemOf } from './key-batches.ts';
import { PageSize } from './page-size.ts';
import { doing } from './redis-error.ts';
import { runScript } from './run-script.ts';
import { scanKeys } from './scan-keys.ts';
import { SCAN_MEMBERS } from './scripts/read-members.ts';

type SnapshotSpec = LiveSourceSpec & { readonly kind: 'snapshot' };

/** A millisecond or two in which Redis serves nobody else. */
const MEMBERS_PER_CALL = 500;

interface Member {
  readonly key: string;
  readonly value: Buffer;
  readonly score: Buffer;
}

export function openZsetSnapshot(store: LiveStore, spec: SnapshotSpec): LiveSource {
  let pass: AsyncGenerator<Member | LiveProblem, void, undefined> | null = null;
  /** Read, and too much for the batch before. */
  let left: Member | null = null;

  const take = async (signal: AbortSignal): Promise<Member | LiveProblem | null> => {
    if (left !== null) {
      const member = left;
      left = null;
      return member;
    }
    pass ??= membersOf(store, spec, signal);
    const { value, done } = await pass.next();
    return done === true ? null : value;
  };

  const fill = async (limits: BatchLimits, signal: AbortSignal): Promise<LiveBatch> => {
    const entries: LiveEntry[] = [];
    const problems: LiveProblem[] = [];
    let bytes = 0;
    while (entries.length < limits.maxEntries && problems.length < limits.maxEntries) {
      const next = await take(signal);
      if (next === null) break;
      if ('reason' in next) {
        problems.push(next);
        continue;
      }
      if (entries.length > 0 && bytes + next.value.length > limits.maxBytes) {
        left = next;
        break;
      }
      bytes += next.value.length;
      const { key, value, score } = next;
      entries.push({ key, id: score.toString('latin1'), payload: { kind: 'value', value } });
    }
    return { source: spec.name, entries, bytes, origin: { kind: 'keys' }, problems };
  };

  return {
    async read(limits, signal) {
      const batch = await fill(limits, signal);
      if (batch.entries.length + batch.problems.length > 0) return batch;
      pass = null;
      return null;
    },
    acknowledge: () => Promise.resolve({ removed: 0, changed: 0 }),
    close: () => Promise.resolve(),
  };
}

async function* membersOf(
  store: LiveStore,
  spec: SnapshotSpec,
  signal: AbortSignal,
): AsyncGenerator<Member | LiveProblem, void, undefined> {
  const pages = new PageSize(MEMBERS_PER_CALL);
  for await (const { keys, unreadable } of scanKeys(store, spec.pattern, signal)) {
    yield* unreadable.map(notText);
    for (const key of keys) yield* membersOfKey(store, key, pages, signal);
  }
}

/** How many bytes of members a page should have. */
const PAGE_BYTES = 1024 * 1024;

async function* membersOfKey(
  store: LiveStore,
  key: string,
  pages: PageSize,
  signal: AbortSignal,
): AsyncGenerator<Member | LiveProblem, void, undefined> {
  let cursor = '0';
  do {
    signal.throwIfAborted();
    const reply = (await doing(`reading the sorted set "${key}"`, () =>
      runScript(store.client, SCAN_MEMBERS, [key], [cursor, pages.next(PAGE_BYTES)]),
    )) as readonly (Buffer | readonly Buffer[])[];
    const [first, ...rest] = reply;
    if (Array.isArray(first)) {
      yield problemOf(key, String(first[0]));
      return;
    }
    cursor = String(first);
    let bytes = 0;
    for (let index = 0; index + 1 < rest.length; index += 2) {
      const [value, score] = [rest[index], rest[index + 1]] as [Buffer, Buffer];
      bytes += value.length;
      yield { key, value, score };
    }
    pages.learn(rest.length / 2, bytes);
  } while (cursor !== '0');
}
