/**
 * list: two equal entries are two rows, so an entry is known by its place alone. A list is renamed
 * to a claim that nobody writes to, and the ledger remembers how far each claim was committed. A
 * restart or failover of Redis that forgot the rename would bring the entries back under the old
 * name, to be claimed a second time: nothing of a claim is committed before it is durable.
 */

import type {
  BatchLimits,
  ClaimProgress,
  LiveBatch,
  LiveProblem,
  LiveSource,
  LiveSourceSpec,
} from '../domain/live/live-entry.ts';
import type { Clock } from '../domain/time/clock.ts';
import { type ClaimNames, claimedKey, claimNames } from './claim-name.ts';
import type { LiveStore } from './connect.ts';
import { findClaims } from './find-claims.ts';
import { notText, problemOf } from './key-batches.ts';
import { makeDurable } from './make-durable.ts';
import { doing } from './redis-error.ts';
import { runOverItems, runScript } from './run-script.ts';
import { scanKeys } from './scan-keys.ts';
import { CLAIM_LISTS, READ_LIST, TOUCH_LISTS } from './scripts/lists.ts';

type ListSpec = LiveSourceSpec & { readonly kind: 'list' };

/** How many lists may lie claimed and unread; a dead process' claims are found again. */
const LISTS_PER_CLAIM = 500;

interface Claim {
  readonly name: string;
  readonly key: string;
  readonly length: number;
  /** Of the next entry to read. */
  index: number;
}

export interface ListSourceOptions {
  readonly store: LiveStore;
  readonly spec: ListSpec;
  readonly clock: Clock;
  /** What the ledger knows of a claim that somebody made earlier. */
  readonly progressOf: (claim: string) => Promise<ClaimProgress>;
}

export function openListSource(options: ListSourceOptions): LiveSource {
  const { store, spec } = options;
  const underway = new Set<string>();
  let claims: AsyncGenerator<Claim | LiveProblem, void, undefined> | null = null;
  let current: Claim | null = null;
  /** The pass is over, and only its last problems were left to tell. */
  let isOver = false;

  const nextClaim = async (
    limits: BatchLimits,
    signal: AbortSignal,
  ): Promise<Claim | readonly LiveProblem[] | null> => {
    const problems: LiveProblem[] = [];
    if (isOver) {
      isOver = false;
      return null;
    }
    claims ??= claimsOf(options, underway, signal);
    while (problems.length < limits.maxEntries) {
      const { value, done } = await claims.next();
      if (done === true) {
        claims = null;
        // Or the next call would begin another pass, meet them again, and so on for ever.
        isOver = problems.length > 0;
        return isOver ? problems : null;
      }
      if ('reason' in value) problems.push(value);
      else if (problems.length === 0) return value;
      else {
        current = value;
        return problems;
      }
    }
    return problems;
  };

  return {
    async read(limits, signal) {
      signal.throwIfAborted();
      if (current === null) {
        const next = await nextClaim(limits, signal);
        if (next === null) return null;
        if (!('name' in next)) return problemBatch(spec, next);
        current = next;
      }
      underway.add(current.name);
      const batch = await readClaim(store, spec, current, limits);
      if (current.index >= current.length) current = null;
      return batch;
    },
    async acknowledge({ entries, origin }) {
      // The ledger has the position; the claim itself goes only with its last entry.
      if (origin.kind === 'claimed-list' && origin.last) {
        await removeClaim(store, spec, origin.claim);
        underway.delete(origin.claim);
      }
      return { removed: entries.length, changed: 0 };
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Old claims where the ledger says they stand, then every list of the pattern as a new claim. They
 * are claimed by the page: Redis writes to its disk once a second, and each claim is waited for.
 */
async function* claimsOf(
  options: ListSourceOptions,
  underway: ReadonlySet<string>,
  signal: AbortSignal,
): AsyncGenerator<Claim | LiveProblem, void, undefined> {
  const { store, spec, clock } = options;
  yield* await oldClaims(options, underway, signal);
  const names = claimNames(spec.name, clock);
  for await (const { keys, unreadable } of scanKeys(store, spec.pattern, signal)) {
    yield* unreadable.map(notText);
    for (let from = 0; from < keys.length; from += LISTS_PER_CLAIM) {
      yield* await claimLists(store, keys.slice(from, from + LISTS_PER_CLAIM), names);
    }
  }
}

async function oldClaims(
  { store, spec, progressOf }: ListSourceOptions,
  underway: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly Claim[]> {
  const left: { readonly name: string; readonly index: number }[] = [];
  const uncertain: string[] = [];
  for (const name of await findClaims(store, spec.name, signal)) {
    if (underway.has(name)) continue;
    const progress = await progressOf(name);
    if (progress?.done === true) {
      await removeClaim(store, spec, name);
      continue;
    }
    // Whoever made it may have died before it was durable; what has a position was.
    if (progress === null) uncertain.push(name);
    left.push({ name, index: progress?.position ?? 0 });
  }
  const lengths = await doing(`looking at the claims of ${spec.name}`, () =>
    runOverItems(
      store,
      TOUCH_LISTS,
      [],
      left.map(({ name }) => ({ keys: [name] })),
    ),
  );
  await makeDurable(store, uncertain);
  return left.map(({ name, index }, position) => ({
    name,
    key: claimedKey(name),
    length: Number(lengths[position]),
    index,
  }));
}

async function claimLists(
  store: LiveStore,
  keys: readonly string[],
  names: ClaimNames,
): Promise<readonly (Claim | LiveProblem)[]> {
  const wanted = keys.map((key) => ({ key, name: names.next(key) }));
  const lengths = await doing(`claiming lists at ${store.place}`, () =>
    runOverItems(
      store,
      CLAIM_LISTS,
      [],
      wanted.map(({ key, name }) => ({ keys: [key, name] })),
    ),
  );
  const found = wanted.flatMap(({ key, name }, index): (Claim | LiveProblem)[] => {
    const length = lengths[index];
    if (length === null) return [];
    if (Array.isArray(length)) return [problemOf(key, String(length[0]))];
    return [{ name, key, length: Number(length), index: 0 }];
  });
  await makeDurable(
    store,
    found.flatMap((claim) => ('name' in claim ? [claim.name] : [])),
  );
  return found;
}

async function readClaim(
  store: LiveStore,
  spec: ListSpec,
  claim: Claim,
  { maxEntries, maxBytes }: BatchLimits,
): Promise<LiveBatch> {
  const values = (await doing(`reading the claim ${claim.name}`, () =>
    runScript(store.client, READ_LIST, [claim.name], [claim.index, maxEntries, maxBytes]),
  )) as Buffer[];
  const taken: Buffer[] = [];
  let bytes = 0;
  for (const value of values) {
    if (taken.length > 0 && bytes + value.length > maxBytes) break;
    taken.push(value);
    bytes += value.length;
  }
  const fromIndex = claim.index;
  const toIndex = fromIndex + taken.length;
  claim.index = toIndex;
  // A claim that ends before its length was emptied by somebody's hand: its end is told all the same.
  const last = toIndex >= claim.length || taken.length === 0;
  if (taken.length === 0) claim.index = claim.length;
  return {
    source: spec.name,
    entries: taken.map((value, index) => ({
      key: claim.key,
      id: String(fromIndex + index),
      payload: { kind: 'value', value },
    })),
    bytes,
    origin: { kind: 'claimed-list', claim: claim.name, key: claim.key, fromIndex, toIndex, last },
    problems: [],
  };
}

function problemBatch(spec: ListSpec, problems: readonly LiveProblem[]): LiveBatch {
  return { source: spec.name, entries: [], bytes: 0, origin: { kind: 'keys' }, problems };
}

async function removeClaim(store: LiveStore, spec: ListSpec, claim: string): Promise<void> {
  await doing(`removing a drained claim of ${spec.name}`, () => store.client.unlink(claim));
}
