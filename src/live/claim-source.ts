/**
 * claim: keys that are written all the time are renamed to a claim of ours, so that the next write
 * begins a new key and never touches what is being drained. Claims that a dead process left are
 * read again before anything new is claimed: their rows go in by their keys, so twice is as once.
 */

import type { LiveBatch, LiveSource, LiveSourceSpec } from '../domain/live/live-entry.ts';
import type { Clock } from '../domain/time/clock.ts';
import { countAnswers } from './acknowledged.ts';
import { type ClaimNames, claimedKey, claimNames } from './claim-name.ts';
import type { LiveStore } from './connect.ts';
import { hasFieldTtls } from './field-ttls.ts';
import { findClaims } from './find-claims.ts';
import {
  type HeldKey,
  KeyBatches,
  notText,
  type WantedKey,
  type WantedPage,
} from './key-batches.ts';
import { KEYS_PER_CALL } from './key-sources.ts';
import { FieldReader } from './packed-fields.ts';
import { doing } from './redis-error.ts';
import { runOverItems } from './run-script.ts';
import { scanKeys } from './scan-keys.ts';
import { CLAIM_HASHES, READ_CLAIMS } from './scripts/read-keys.ts';
import { REMOVE_CLAIMS } from './scripts/remove-keys.ts';

type ClaimSpec = LiveSourceSpec & { readonly kind: 'claim' };

export function openClaimSource(store: LiveStore, spec: ClaimSpec, clock: Clock): LiveSource {
  const names = claimNames(spec.name, clock);
  const fields = new FieldReader();
  let keepsFields: Promise<boolean> | null = null;
  /** Claims of ours that are read and not yet acknowledged: not to be found as a dead process'. */
  const underway = new Set<string>();
  const batches = new KeyBatches({
    source: spec.name,
    feed: (signal) => wantedKeys({ store, spec, names, underway, signal }),
    async readMany(wanted, room) {
      keepsFields ??= hasFieldTtls(store);
      const answers = await readOrClaim(store, wanted, [room, (await keepsFields) ? 1 : 0]);
      for (const [index, { at }] of wanted.entries()) {
        if (Buffer.isBuffer(answers[index])) underway.add(at);
      }
      return { answers, lane: null };
    },
    mostKeys: KEYS_PER_CALL,
    toPayload: (bytes) => fields.read(bytes),
  });
  const held = new WeakMap<LiveBatch, readonly HeldKey[]>();
  return {
    async read(limits, signal) {
      const next = await batches.next(limits, signal);
      if (next === null) return null;
      held.set(next.batch, next.held);
      return next.batch;
    },
    async acknowledge(batch) {
      const claims = held.get(batch) ?? [];
      const answers = await doing(`removing drained claims of ${spec.name}`, () =>
        runOverItems(
          store,
          REMOVE_CLAIMS,
          [],
          claims.map(({ at }) => ({ keys: [at] })),
        ),
      );
      for (const { at } of claims) underway.delete(at);
      return countAnswers(answers);
    },
    close: () => Promise.resolve(),
  };
}

/** Old claims first, in the order they were made: a later one has the newer values of its key. */
async function* wantedKeys(pass: {
  readonly store: LiveStore;
  readonly spec: ClaimSpec;
  readonly names: ClaimNames;
  readonly underway: ReadonlySet<string>;
  readonly signal: AbortSignal;
}): AsyncGenerator<WantedPage, void, undefined> {
  const { store, spec, underway, signal } = pass;
  const left = (await findClaims(store, spec.name, signal)).filter((claim) => !underway.has(claim));
  if (left.length > 0) {
    yield { wanted: left.map((at) => ({ key: claimedKey(at), at })), problems: [] };
  }
  for await (const { keys, unreadable } of scanKeys(store, spec.pattern, signal)) {
    yield {
      wanted: keys.map((key) => ({ key, at: pass.names.next(key), isNew: true })),
      problems: unreadable.map(notText),
    };
  }
}

interface ClaimedKey extends WantedKey {
  /** Not claimed yet: `at` is the name that it gets. */
  readonly isNew?: boolean;
}

async function readOrClaim(
  store: LiveStore,
  wanted: readonly ClaimedKey[],
  common: readonly [room: number, keepsFields: 0 | 1],
): Promise<readonly unknown[]> {
  const old = wanted.filter(({ isNew }) => isNew !== true);
  // Pages are of one kind, but for the one where the old claims end.
  if (old.length > 0) {
    const answers = await doing(`reading claims at ${store.place}`, () =>
      runOverItems(
        store,
        READ_CLAIMS,
        common,
        old.map(({ at }) => ({ keys: [at] })),
      ),
    );
    return wanted.map((key) => answers[old.indexOf(key)]);
  }
  return doing(`claiming keys at ${store.place}`, () =>
    runOverItems(
      store,
      CLAIM_HASHES,
      common,
      wanted.map(({ key, at }) => ({ keys: [key, at] })),
    ),
  );
}
