/**
 * A hold keeps rows of the lake as they are. Late rows with other values would take their place, so the move stays
 * hot until the hold is lifted.
 */
import type pg from 'pg';
import { countOf } from '../../../domain/count.ts';
import { TierdError } from '../../../domain/errors.ts';
import { formatHeld, holdsRange } from '../../../domain/plan/holds.ts';
import { formatRange } from '../../../domain/time/time-range.ts';
import { freezeHolds } from '../../../ledger/holds.ts';
import { holdingNow } from '../../holding-now.ts';
import type { Rooms } from '../rooms.ts';
import type { MetMove } from '../staged-move.ts';

type Replacing = Pick<MetMove, 'move' | 'again' | 'replaced'>;

/** Throws COLD_DUPLICATES. */
export async function assertNoneHeld(
  { clock }: Pick<Rooms, 'clock'>,
  db: pg.Client,
  dataset: string,
  { move, again, replaced }: Replacing,
): Promise<void> {
  if (replaced.length === 0) return;
  const holding = (await holdingNow({ clock }, db, dataset)).filter((hold) =>
    replaced.some((range) => holdsRange(hold, range)),
  );
  if (holding.length === 0) return;
  const holds = holding.map(
    ({ id, range, reason }) => `hold ${id} (${reason}) on ${formatHeld(range)}`,
  );
  throw new TierdError({
    code: 'COLD_DUPLICATES',
    message: `${countOf(again.changed, 'late row')} of ${dataset} ${formatRange(move.range)} would replace rows of the lake with other values, where ${holds.join(' and ')} keeps them as they are; the move stays hot and nothing was changed`,
    hint: `delete the late rows, or end the hold: \`tierd hold lift ${holding[0]?.id ?? ''} --reason …\``,
    context: { dataset, again: again.rows, changed: again.changed },
  });
}

/** In the transaction that would replace them, first: a hold is seen here, or is set after COMMIT. */
export async function assertStillNoneHeld(
  rooms: Pick<Rooms, 'clock'>,
  db: pg.Client,
  dataset: string,
  replacing: Replacing,
): Promise<void> {
  if (replacing.replaced.length === 0) return;
  await freezeHolds(db);
  await assertNoneHeld(rooms, db, dataset, replacing);
}
