/**
 * When a job is due. Slots are instants that both a restarted daemon and its standby reckon alike:
 * those of a cron pattern in its time zone, or the multiples of an interval since 1970.
 *
 * Where clocks change, a pattern with a fixed hour has one slot a day all the same: in the gap it
 * is the instant at which the clock jumps (02:30 becomes 03:00), in the repeat the first of the
 * two. A pattern that says every hour, or every few minutes of any hour, goes on through both.
 */
import { Cron } from 'croner';
import type { EpochMs } from '../domain/time-range.ts';

export type Schedule =
  | { readonly kind: 'cron'; readonly pattern: string; readonly timeZone: string }
  | { readonly kind: 'every'; readonly everyMs: number };

/** The first slot after `afterMs`; null for a pattern that never comes, such as February 30th. */
export function nextSlot(schedule: Schedule, afterMs: EpochMs): EpochMs | null {
  if (schedule.kind === 'every') {
    const { everyMs } = schedule;
    return (Math.floor(afterMs / everyMs) + 1) * everyMs;
  }
  const cron = new Cron(schedule.pattern, { timezone: schedule.timeZone, paused: true });
  return cron.nextRun(new Date(afterMs))?.getTime() ?? null;
}

/** Further back than this a clock is not corrected: it was wrong before. */
const CREDIBLE_CORRECTION_MS = 24 * 3_600_000;

/**
 * The next slot of a running daemon. A clock that was set back does not bring a slot again that has
 * had its run; one that was a day and more ahead is not waited for.
 */
export function nextDue(
  schedule: Schedule,
  nowMs: EpochMs,
  lastSlotMs: EpochMs | null,
): EpochMs | null {
  const ahead = lastSlotMs === null ? 0 : lastSlotMs - nowMs;
  const isSetBack = ahead > 0 && ahead <= CREDIBLE_CORRECTION_MS;
  return nextSlot(schedule, isSetBack && lastSlotMs !== null ? lastSlotMs : nowMs);
}

/** Spreads many machines over `jitterMs` after the slot. `random` is in [0, 1). */
export function withJitter(slotMs: EpochMs, jitterMs: number, random: number): EpochMs {
  return slotMs + Math.floor(random * jitterMs);
}
