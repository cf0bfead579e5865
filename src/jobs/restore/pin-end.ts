/** How long restored rows stay hot where nobody has said it. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { PIN_DAYS } from '../../domain/plan/pins.ts';
import { DAY_MS } from '../../domain/time/time-range.ts';
import { readClocks } from '../clock-facts.ts';
import type { LookingRestoreRooms, RestoreRequest, RestoreWish } from './rooms.ts';

/**
 * From the latest of the clocks on, that of the last run among them: one that runs behind would set a pin that is
 * over as soon as it is put right, and the next rotation would take the rows again.
 */
export async function withPinEnd(
  { clock }: Pick<LookingRestoreRooms, 'clock'>,
  db: pg.Client,
  { name }: Pick<Dataset, 'name'>,
  { pinUntil, ...wish }: RestoreWish,
): Promise<RestoreRequest> {
  if (pinUntil !== 'default') return { ...wish, pinUntil };
  const { now, databaseNow, lastRunAt } = await readClocks(clock, db, name);
  return { ...wish, pinUntil: Math.max(now, databaseNow, lastRunAt ?? now) + PIN_DAYS * DAY_MS };
}
