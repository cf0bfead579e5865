/** Expiries over a rotation's bench. */
import type { Dataset } from '../../src/domain/dataset.ts';
import type { ExpiryPlan } from '../../src/domain/plan/expiry.ts';
import { type ExpireOptions, expireDataset, planExpiryOf } from '../../src/jobs/expire.ts';
import type { ExpiryOutcome } from '../../src/jobs/expiry/outcome.ts';
import type { ExpiryEvent } from '../../src/jobs/expiry/rooms.ts';
import type { TestDatabase } from './database.ts';
import type { Bench } from './rotation.ts';

export function expire(
  { rooms }: Pick<Bench, 'rooms'>,
  dataset: Dataset,
  options: Partial<ExpireOptions> = {},
  tell: (event: ExpiryEvent) => void = () => undefined,
): Promise<ExpiryOutcome> {
  const { force = false, evenIfPaused = false, mayEmpty = false } = options;
  return expireDataset({ ...rooms, tell }, dataset, { force, evenIfPaused, mayEmpty });
}

export function planExpiry({ rooms }: Pick<Bench, 'rooms'>, dataset: Dataset): Promise<ExpiryPlan> {
  return planExpiryOf(rooms, dataset, { mayEmpty: false }, rooms.signal);
}

/** As if all that is in the lake had come there long ago. */
export async function ageLake(database: TestDatabase): Promise<void> {
  await database.query(
    `update tierd.segments set published_at = published_at - interval '400 days'`,
  );
}
