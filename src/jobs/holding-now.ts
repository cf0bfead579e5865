import type pg from 'pg';
import { type Hold, isHolding } from '../domain/plan/holds.ts';
import type { Clock } from '../domain/time/clock.ts';
import { listHolds } from '../ledger/holds.ts';
import { earlierClock } from './both-clocks.ts';

/** Holds on the dataset that have not ended by either clock: one that runs ahead must not end a hold. */
export async function holdingNow(
  { clock }: { readonly clock: Clock },
  db: pg.Client,
  dataset: string,
): Promise<readonly Hold[]> {
  const earliest = await earlierClock(clock.now(), db);
  return (await listHolds(db, dataset)).filter((hold) => isHolding(hold, earliest));
}
