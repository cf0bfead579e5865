/** How old the last good run of each kind of backup may be before somebody is told. */
import { OVERDUE_KINDS } from '../../config/backup-section.ts';
import type { TierdConfig } from '../../config/load.ts';
import { nextSlot, type Schedule } from '../../daemon/schedule.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';

/** As configured, or by the schedule: twice the longest time between two of its slots. Of a kind that has neither, nothing. */
export function backupAgesOf(
  { backup, schedules }: Pick<TierdConfig, 'backup' | 'schedules'>,
  nowMs: EpochMs,
): ReadonlyMap<string, number> {
  if (backup === undefined) return new Map();
  return new Map(
    OVERDUE_KINDS.flatMap((kind): [string, number][] => {
      const own = backup.overdue[kind];
      if (own !== undefined) return [[kind, own]];
      const job = schedules.jobs.find((one) => one.job === `backup-${kind}`);
      const longest = job === undefined ? null : longestBetween(job.schedule, nowMs);
      return longest === null ? [] : [[kind, 2 * longest]];
    }),
  );
}

/** A cron pattern has its longest pause within a week, or it comes more seldom than that. */
const SLOTS_LOOKED_AT = 24 * 7 + 1;

/** Null of a pattern that never comes twice. */
function longestBetween(schedule: Schedule, nowMs: EpochMs): number | null {
  if (schedule.kind === 'every') return schedule.everyMs;
  let longest: number | null = null;
  let slot = nextSlot(schedule, nowMs);
  for (let looked = 1; slot !== null && looked < SLOTS_LOOKED_AT; looked += 1) {
    const next = nextSlot(schedule, slot);
    if (next === null) break;
    longest = Math.max(longest ?? 0, next - slot);
    slot = next;
  }
  return longest;
}
