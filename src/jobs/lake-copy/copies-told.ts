/** What of copying the lake is under way, and what comes next, for whoever asks how things stand. */
import { agree, countOf } from '../../domain/count.ts';
import type { ReadableStore } from '../../lake/object-store.ts';
import { COPY_NOTE, type PlaceNote, readPlaceNote } from '../../lake/place-note.ts';
import { whoCopies } from '../../ledger/copied-segments.ts';
import { type CopyInMaking, listCopiesInMaking } from '../../ledger/copies-in-making.ts';
import type { Queryable } from '../../ledger/queryable.ts';

export interface CopyStanding {
  readonly copies: readonly CopyInMaking[];
  /** Who copies now; null: nobody. */
  readonly holder: string | null;
  /** That the configured place is a copy itself, or was one until a switch that did not end; null: it is none. */
  readonly note: PlaceNote | null;
}

/** Changes nothing. @throws TierdError LAKE_NOT_THE_SAME, LAKE_UNREADABLE, LAKE_UNREACHABLE */
export async function lookAtCopies(store: ReadableStore, db: Queryable): Promise<CopyStanding> {
  return {
    copies: await listCopiesInMaking(db),
    holder: await whoCopies(db),
    note: await readPlaceNote(store, COPY_NOTE),
  };
}

export interface ToldCopy {
  readonly found: string;
  readonly next: string;
}

const TO = '--to FILE` (the file that names the new place)';

/** @param lakeId the ledger's; null: none yet */
export function tellCopies(
  { copies, holder, note }: CopyStanding,
  lakeId: string | null,
): readonly ToldCopy[] {
  const told = copies.map((copy) => tellCopy(copy, holder));
  if (copies.length === 0 && holder !== null) {
    told.push({ found: `${holder} begins to copy the lake`, next: 'let it end' });
  }
  if (note === null) return told;
  return [...told, tellNote(note, lakeId)];
}

function tellCopy(
  { lakeId, segments, ofSegments, lastAt }: CopyInMaking,
  holder: string | null,
): ToldCopy {
  const found = `a copy of the lake (${lakeId}) is in the making: ${countOf(segments, 'live segment')} of ${ofSegments.toLocaleString('en-US')} ${agree(segments, 'is', 'are')} proven there, the last at ${lastAt}`;
  if (holder !== null) return { found: `${found}, and ${holder} copies now`, next: 'let it end' };
  return {
    found,
    next:
      segments < ofSegments
        ? `go on with \`tierd lake copy ${TO}; where it was given up, empty that place: nothing here depends on it`
        : `\`tierd lake switch ${TO} makes it the lake`,
  };
}

function tellNote(
  { lakeId: own, of, ledgerId, since }: PlaceNote,
  lakeId: string | null,
): ToldCopy {
  return own === lakeId
    ? {
        found: `this place was a copy of the lake ${of}, and the switch to it did not end`,
        next: `run \`tierd lake switch ${TO} again: it removes what is left of the copying`,
      }
    : {
        found: `this place is a copy in the making of the lake ${of}, by the ledger ${ledgerId} since ${since}`,
        next: `let \`lake\` name the place that is copied, until \`tierd lake switch ${TO} has made this one the lake`,
      };
}
