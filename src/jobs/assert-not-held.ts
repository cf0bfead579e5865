import type pg from 'pg';
import { formatHeld, type Hold } from '../domain/plan/holds.ts';
import { type RefusedRun, throwIfRefused, unforceable } from '../domain/plan/refusal.ts';
import type { Clock } from '../domain/time/clock.ts';
import { freezeHolds } from '../ledger/holds.ts';
import { holdingNow } from './holding-now.ts';

/**
 * In a transaction that takes rows out of the lake, first: a hold is seen here, or is set after COMMIT.
 *
 * @param touches whether the hold is on what leaves
 * @throws TierdError REFUSED
 */
export async function assertNotHeld(
  db: pg.Client,
  {
    clock,
    refused,
    touches,
  }: {
    readonly clock: Clock;
    readonly refused: RefusedRun;
    readonly touches: (hold: Hold) => boolean;
  },
): Promise<void> {
  await freezeHolds(db);
  const holding = (await holdingNow({ clock }, db, refused.dataset)).filter(touches);
  throwIfRefused(
    refused,
    holding.map(({ id, range, reason }) =>
      unforceable(
        'held',
        `hold ${id} (${reason}) was set on ${formatHeld(range)} meanwhile`,
        'run the same command again: it leaves out or names what is held',
      ),
    ),
  );
}
