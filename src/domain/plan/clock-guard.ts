/** A clock that is wrong would move or expire everything: when nothing is done by it. */

import type { RotationLimits } from '../dataset.ts';
import { DAY_MS, type EpochMs } from '../time/time-range.ts';
import type { Refusal } from './refusal.ts';

export interface ClockFacts {
  /** The host's clock, by which the plan was reckoned. */
  readonly now: EpochMs;
  readonly databaseNow: EpochMs;
  /** The clock of the newest earlier run, null when there is none. */
  readonly lastRunAt: EpochMs | null;
}

export function guardClock(
  { maxClockSkewMs, maxClockJumpMs }: Pick<RotationLimits, 'maxClockSkewMs' | 'maxClockJumpMs'>,
  { now, databaseNow, lastRunAt }: ClockFacts,
): Refusal[] {
  const refusals: Refusal[] = [];
  const skew = Math.abs(now - databaseNow);
  if (skew > maxClockSkewMs) {
    refusals.push({
      guard: 'clock_skew',
      message: `this machine's clock and the database's differ by ${seconds(skew)} (limit max_clock_skew: ${seconds(maxClockSkewMs)})`,
      hint: 'set both clocks right (timedatectl), then run again',
      forceable: true,
    });
  }
  if (lastRunAt === null) return refusals;
  const elapsed = now - lastRunAt;
  if (elapsed < -maxClockSkewMs) {
    refusals.push({
      guard: 'clock_jump',
      message: `the clock is ${seconds(-elapsed)} behind the last run (limit max_clock_skew: ${seconds(maxClockSkewMs)})`,
      hint: 'set the clock right (timedatectl), then run again',
      forceable: true,
    });
  }
  if (elapsed > maxClockJumpMs) {
    refusals.push({
      guard: 'clock_jump',
      message: `the clock is ${days(elapsed)} ahead of the last run (limit max_clock_jump: ${days(maxClockJumpMs)})`,
      hint: 'if nothing ran for that long and the clock is right, run once with --force',
      forceable: true,
    });
  }
  return refusals;
}

/**
 * The time that it is at least, for what is decided without a guard: the earliest of the clocks, and no later
 * than a run may come after the last one. A clock that is wrong makes nothing come early.
 */
export function earliestNow(
  { maxClockJumpMs }: Pick<RotationLimits, 'maxClockJumpMs'>,
  { now, databaseNow, lastRunAt }: ClockFacts,
): EpochMs {
  const latest = lastRunAt === null ? Number.POSITIVE_INFINITY : lastRunAt + maxClockJumpMs;
  return Math.min(now, databaseNow, latest);
}

const seconds = (ms: number): string => `${String(Math.round(ms / 1000))} s`;
const days = (ms: number): string => `${(ms / DAY_MS).toFixed(1)} days`;
