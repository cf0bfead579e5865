/** A hold keeps time in the lake: in the table a DELETE would reach its rows. Another table may have copies of them. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { formatHeld, type Hold, holdsRange } from '../../domain/plan/holds.ts';
import { type Refusal, unforceable } from '../../domain/plan/refusal.ts';
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import { assertNotHeld } from '../assert-not-held.ts';
import { holdingNow } from '../holding-now.ts';
import type { LookingRestoreRooms, RestoreContext, RestoreRequest } from './rooms.ts';

interface OfSlice {
  readonly range: TimeRange;
}

/** What stands in the way of a slice. Changes nothing. */
export async function findHeld(
  { clock }: Pick<LookingRestoreRooms, 'clock'>,
  db: pg.Client,
  { name }: Dataset,
  request: RestoreRequest,
): Promise<(slice: OfSlice) => readonly Refusal[]> {
  if (request.into !== null) return () => [];
  const holds = await holdingNow({ clock }, db, name);
  return (slice) => holds.filter((hold) => touches(hold, request, slice)).map(refuseHeld);
}

/** In the transaction that brings it back, first. @throws TierdError REFUSED */
export async function assertNotHeldNow(
  { clock }: Pick<LookingRestoreRooms, 'clock'>,
  db: pg.Client,
  { dataset, request }: Pick<RestoreContext, 'dataset' | 'request'>,
  slice: OfSlice,
): Promise<void> {
  if (request.into !== null) return;
  await assertNotHeld(db, {
    clock,
    refused: {
      dataset: dataset.name,
      what: `the restore of ${dataset.name}`,
      outcome: `${formatRange(slice.range)} stays cold`,
    },
    touches: (hold) => touches(hold, request, slice),
  });
}

/** A condition chooses rows of the span alone; without one all of the slice comes back. */
function touches(
  hold: Hold,
  { where, span }: Pick<RestoreRequest, 'where' | 'span'>,
  { range }: OfSlice,
): boolean {
  if (where === null) return holdsRange(hold, range);
  return holdsRange(hold, {
    fromInclusive: Math.max(range.fromInclusive, span.fromInclusive),
    toExclusive: Math.min(range.toExclusive, span.toExclusive),
  });
}

function refuseHeld({ id, range, reason }: Hold): Refusal {
  return unforceable(
    'held',
    `hold ${id} (${reason}) keeps ${formatHeld(range)} in the lake`,
    `copy the rows with --into another table, leave that time out, or end the hold: \`tierd hold lift ${id} --reason …\``,
  );
}
