/**
 * When a job is due. Slots are instants that both a restarted daemon and its standby reckon alike:
 * those of a cron pattern in its time zone, or the multiples of an interval since 1970.
 *
 * Where clocks change, a pattern with a fixed hour has one slot a day all the same: in the gap it
 * is the instant at which the clock jumps (02:30 becomes 03:00), in the repeat the first of the
 * two. A pattern that says every hour, or every few minutes of any hour, goes on through both.
 */
import { Cron } from 'croner';
import type { EpochMs } from '../domain/time/time-range.ts';
import { gapsBetween } from './clock-gaps.ts';

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
  const slot = cron.nextRun(new Date(afterMs))?.getTime() ?? null;
  return slot === null ? null : (slotInGap(schedule, afterMs, slot) ?? slot);
}

/**
 * The jump of a clock over midnight (Nuuk: 23:00 becomes 00:00) takes the day away that croner looks
 * for, and it goes on with the next. A fixed hour in it comes at the jump, as in any other gap.
 */
function slotInGap(
  { pattern, timeZone }: Schedule & { readonly kind: 'cron' },
  afterMs: EpochMs,
  beforeMs: EpochMs,
): EpochMs | null {
  const [, hours = '*'] = pattern.trim().split(/\s+/);
  if (timeZone === 'UTC' || hours.startsWith('*')) return null;
  const local = new Cron(pattern, { timezone: 'UTC', paused: true });
  for (const { at, localFrom, localTo } of gapsBetween(timeZone, afterMs, beforeMs)) {
    const missed = local.nextRun(new Date(localFrom - 1))?.getTime() ?? localTo;
    if (missed < localTo) return at;
  }
  return null;
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
