/** Entries of a stream from before its mark: those that were drained, or others that look like them. */
import type { BatchOrigin, CameAgain, StreamMark } from '../live/live-entry.ts';
import { type Reason, reasonFor } from './reason.ts';
import { compareIds } from './stream-ids.ts';

export interface SortedAgain {
  /** Were committed: left out. */
  readonly known: ReadonlySet<string>;
  /** May have been: dead letters, for somebody to say. */
  readonly held: ReadonlySet<string>;
  /** In words, for whoever looks after it; null when nothing came again. */
  readonly note: string | null;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * What a group gives to its only consumer comes in order, and is committed in that order: what it gives
 * from before the mark was committed. It is given again when the group is another one or was set back.
 * What another consumer had is as new as the ledger says, for it may never have been committed.
 *
 * @param isDelivered whether the ledger has the very id
 */
export function sortCameAgain(
  origin: BatchOrigin & { readonly kind: 'stream' },
  mark: StreamMark | null,
  cameAgain: CameAgain,
  isDelivered: (id: string) => boolean,
): SortedAgain {
  if (mark === null || cameAgain === 'take') return { known: NONE, held: NONE, note: null };
  const again = origin.ids.filter(
    (id) => !isDelivered(id) && !origin.takenOver.has(id) && compareIds(id, mark.id) <= 0,
  );
  if (again.length === 0) return { known: NONE, held: NONE, note: null };
  const ids = new Set(again);
  const what = `${String(again.length)} of the entries of "${origin.key}" came again from before ${mark.id}, up to where it was drained`;
  if (origin.isSame) {
    const note = `${what}: they are the ones that were, and were left out (came_again: take would write them again)`;
    return { known: ids, held: NONE, note };
  }
  if (cameAgain === 'skip') {
    return { known: ids, held: NONE, note: `${what}: left out, as came_again says` };
  }
  const note = `${what}, and the entry at ${mark.id} is not there: it may be another stream, so they are dead letters: retry writes them, discard leaves them out`;
  return { known: NONE, held: ids, note };
}

export function reasonOfHeld(id: string): Reason {
  return reasonFor('came_again', null, id);
}
