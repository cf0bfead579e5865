/** snapshot and move: keys that stay where they are until they may be removed. */
import type {
  Acknowledged,
  LiveBatch,
  LiveSource,
  LiveSourceSpec,
} from '../domain/live/live-entry.ts';
import { countAnswers } from './acknowledged.ts';
import type { LiveStore } from './connect.ts';
import { findMortal } from './field-ttls.ts';
import {
  type HeldKey,
  type KeyAnswers,
  KeyBatches,
  notText,
  type WantedKey,
  type WantedPage,
} from './key-batches.ts';
import { asPacked, FieldReader } from './packed-fields.ts';
import { doing } from './redis-error.ts';
import { runOverItems, type Script } from './run-script.ts';
import { scanKeys } from './scan-keys.ts';
import { REMOVE_OUTLIVED_HASHES } from './scripts/mortal-fields.ts';
import { READ_HASHES, READ_STRINGS } from './scripts/read-keys.ts';
import { REMOVE_UNCHANGED_HASHES } from './scripts/remove-keys.ts';
import { type Lane, WatchLanes } from './watch-lanes.ts';

type KeySpec = LiveSourceSpec & { readonly kind: 'snapshot' | 'move' };

/** A millisecond or two in which Redis serves nobody else. */
export const KEYS_PER_CALL = 500;
/** With twice as many, WATCH takes half as much again for each; with half, the lanes are 80. */
const KEYS_PER_LANE = 250;

/** Reads every key of the pattern once a pass. `move` removes what has not changed since. */
export function openKeySource(store: LiveStore, spec: KeySpec): LiveSource {
  const holdsStrings = spec.kind === 'snapshot' && spec.holds === 'string';
  const script = holdsStrings ? READ_STRINGS : READ_HASHES;
  const lanes = spec.kind === 'move' && !store.isCluster ? new WatchLanes(store) : null;
  const fields = new FieldReader();
  const batches = new KeyBatches({
    source: spec.name,
    feed: (signal) => wantedKeys(store, spec, signal),
    readMany: (wanted, room) =>
      lanes === null ? readUnwatched(store, script, wanted, room) : readWatched(lanes, wanted),
    mostKeys: lanes === null ? KEYS_PER_CALL : KEYS_PER_LANE,
    toPayload: (bytes) => (holdsStrings ? { kind: 'value', value: bytes } : fields.read(bytes)),
  });
  const held = new WeakMap<LiveBatch, readonly HeldKey[]>();
  return {
    async read(limits, signal) {
      const next = await batches.next(limits, signal);
      if (next === null) return null;
      if (spec.kind === 'move') held.set(next.batch, await withMortality(store, fields, next.held));
      return next.batch;
    },
    acknowledge(batch) {
      const keys = held.get(batch) ?? [];
      // Once: a second time nothing would watch the keys any more, and a newer version would go.
      held.delete(batch);
      return doing(`removing drained keys of ${spec.name}`, () =>
        removeUnchanged(store, lanes, keys),
      );
    },
    close: () => Promise.resolve(),
  };
}

/** After the reading: a TTL that was there then is there now, or has taken its field. */
async function withMortality(
  store: LiveStore,
  fields: FieldReader,
  held: readonly HeldKey[],
): Promise<readonly HeldKey[]> {
  const mortal = await findMortal(
    store,
    held.map(({ at, bytes }) => ({ at, fields: fields.namesOf(bytes).length })),
  );
  return held.map((key, index) => (mortal[index] === true ? { ...key, isMortal: true } : key));
}

async function readUnwatched(
  store: LiveStore,
  script: Script,
  wanted: readonly WantedKey[],
  room: number,
): Promise<KeyAnswers> {
  return { answers: await readKeys(store, script, wanted, room), lane: null };
}

async function readWatched(lanes: WatchLanes, wanted: readonly WantedKey[]): Promise<KeyAnswers> {
  return doing('reading keys that are watched', () => lanes.read(wanted.map(({ at }) => at)));
}

/** By lane, all at once, where nothing of it was written; key by key where something was. */
async function removeUnchanged(
  store: LiveStore,
  lanes: WatchLanes | null,
  held: readonly HeldKey[],
): Promise<Acknowledged> {
  const groups = new Map<Lane | null, HeldKey[]>();
  for (const key of held) {
    const group = groups.get(key.lane);
    if (group === undefined) groups.set(key.lane, [key]);
    else group.push(key);
  }
  const results = await Promise.all(
    [...groups].map(async ([lane, keys]) => {
      if (lane !== null && lanes !== null && (await removeLane(lanes, lane, keys))) {
        return { removed: keys.length, changed: 0 };
      }
      return compareAndRemove(store, keys);
    }),
  );
  return results.reduce(
    (sum, { removed, changed }) => ({
      removed: sum.removed + removed,
      changed: sum.changed + changed,
    }),
    { removed: 0, changed: 0 },
  );
}

async function removeLane(
  lanes: WatchLanes,
  lane: Lane,
  keys: readonly HeldKey[],
): Promise<boolean> {
  lane.waiting -= keys.length;
  if (keys.length === lane.size) {
    return lanes.removeUnwritten(
      lane,
      keys.map(({ at }) => at),
    );
  }
  // Cut in two by the limit of a batch: all of its keys are compared.
  if (lane.waiting === 0) await lanes.release(lane);
  return false;
}

async function compareAndRemove(store: LiveStore, keys: readonly HeldKey[]): Promise<Acknowledged> {
  const remove = (script: Script, some: readonly HeldKey[]): Promise<readonly unknown[]> =>
    runOverItems(
      store,
      script,
      [],
      some.map(({ at, bytes }) => ({ keys: [at], args: [asPacked(bytes)] })),
    );
  const mortal = keys.filter(({ isMortal }) => isMortal === true);
  const lasting = keys.filter(({ isMortal }) => isMortal !== true);
  return countAnswers([
    ...(await remove(REMOVE_UNCHANGED_HASHES, lasting)),
    ...(await remove(REMOVE_OUTLIVED_HASHES, mortal)),
  ]);
}

async function* wantedKeys(
  store: LiveStore,
  spec: KeySpec,
  signal: AbortSignal,
): AsyncGenerator<WantedPage, void, undefined> {
  for await (const { keys, unreadable } of scanKeys(store, spec.pattern, signal)) {
    yield { wanted: keys.map((key) => ({ key, at: key })), problems: unreadable.map(notText) };
  }
}

function readKeys(
  store: LiveStore,
  script: Script,
  wanted: readonly { readonly at: string }[],
  room: number,
): Promise<readonly unknown[]> {
  return doing(`reading keys from ${store.place}`, () =>
    runOverItems(
      store,
      script,
      [room],
      wanted.map(({ at }) => ({ keys: [at] })),
    ),
  );
}
