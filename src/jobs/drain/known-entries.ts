/** What the ledger says of entries that were read: which were committed before, and which may have been. */
import { reasonOfHeld, sortCameAgain } from '../../domain/drain/came-again.ts';
import type { Reason } from '../../domain/drain/reason.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import type { BatchOrigin, LiveBatch } from '../../domain/live/live-entry.ts';
import { readClaim } from '../../ledger/claims.ts';
import { findDelivered } from '../../ledger/deliveries.ts';
import type { Queryable } from '../../ledger/queryable.ts';
import { readMark } from '../../ledger/streams.ts';

/** What the ledger says of a batch's entries. */
export interface Known {
  readonly isKnown: (index: number) => boolean;
  readonly count: number;
  /** Why the entry at this place is kept for somebody to look at; null when it is not. */
  readonly heldFor: (index: number) => Reason | null;
  /** What is to be told of entries that came again. */
  readonly note: string | null;
  /** Ids of a stream that nobody committed and that are gone. */
  readonly lost: readonly string[];
  /** Earlier records all of whose entries are in the batch. */
  readonly deliveries: readonly string[];
}

const NOTHING_KNOWN: Known = {
  isKnown: () => false,
  count: 0,
  heldFor: () => null,
  note: null,
  lost: [],
  deliveries: [],
};

export async function findKnown(
  db: Queryable,
  source: DrainSource,
  { origin, entries }: LiveBatch,
): Promise<Known> {
  switch (origin.kind) {
    case 'keys':
      // A key of the table makes it harmless that they are written again.
      return NOTHING_KNOWN;
    case 'claimed-list': {
      const progress = await readClaim(db, origin.claim);
      const position = progress?.done === true ? origin.toIndex : (progress?.position ?? 0);
      const count = Math.min(entries.length, Math.max(0, position - origin.fromIndex));
      return { ...NOTHING_KNOWN, isKnown: (index) => index < count, count };
    }
    case 'stream':
      return origin.ids.length + origin.lost.length === 0
        ? NOTHING_KNOWN
        : findDrained(db, source, origin);
  }
}

export type StreamOrigin = BatchOrigin & { readonly kind: 'stream' };

async function findDrained(
  db: Queryable,
  { live, dataset }: DrainSource,
  origin: StreamOrigin,
): Promise<Known> {
  const found = await findDelivered(db, origin, [...origin.ids, ...origin.lost]);
  const mark = await readMark(db, { dataset: dataset.name, key: origin.key });
  const cameAgain = live.kind === 'stream' ? live.cameAgain : 'hold';
  const again = sortCameAgain(origin, mark, cameAgain, (id) => found.ids.has(id));
  const isKnown = (id: string): boolean => found.ids.has(id) || again.known.has(id);
  return {
    isKnown: (index) => isKnown(origin.ids[index] ?? ''),
    count: origin.ids.filter(isKnown).length,
    heldFor: (index) => {
      const id = origin.ids[index] ?? '';
      return again.held.has(id) ? reasonOfHeld(id) : null;
    },
    note: again.note,
    // One that was committed and trimmed before Redis was told is no loss.
    lost: origin.lost.filter((id) => !found.ids.has(id)),
    deliveries: found.deliveries,
  };
}
