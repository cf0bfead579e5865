/** Backups that nobody has made for too long. */
import type { Condition } from '../../domain/alert.ts';
import { countOf } from '../../domain/count.ts';
import { DAY_MS, type EpochMs } from '../../domain/time/time-range.ts';

export interface BackupTimes {
  readonly nowMs: EpochMs;
  /** Of this daemon. */
  readonly startedAtMs: EpochMs;
}

/**
 * A kind that never had a good run is given as long, from the daemon's start on.
 *
 * @param last when the last good run of a kind ended
 * @param ages how old that may be, in milliseconds, of each kind that is watched
 */
export function observeBackups(
  last: ReadonlyMap<string, EpochMs>,
  ages: ReadonlyMap<string, number>,
  { nowMs, startedAtMs }: BackupTimes,
): readonly Condition[] {
  return [...ages].flatMap(([kind, mostMs]): Condition[] => {
    const ended = last.get(kind);
    if (nowMs - (ended ?? startedAtMs) <= mostMs) return [];
    const which = `good \`tierd backup ${kind}\``;
    const told =
      ended === undefined
        ? `there never was a ${which}`
        : `the last ${which} ended ${new Date(ended).toISOString().slice(0, 16)}Z`;
    const message = `${told}, and it is to be no older than ${inWords(mostMs)}: \`tierd backup runs\` says what became of the others`;
    return [{ kind: 'backup_overdue', severity: 'error', subject: kind, message }];
  });
}

const HOUR_MS = 3_600_000;

function inWords(ms: number): string {
  if (ms % DAY_MS === 0) return countOf(ms / DAY_MS, 'day');
  if (ms >= HOUR_MS) return countOf(Math.round(ms / HOUR_MS), 'hour');
  return countOf(Math.max(1, Math.round(ms / 60_000)), 'minute');
}
