/** Time that must stay in the lake, however old it is: somebody said so, with a reason. */
import { type EpochMs, formatRange, rangesOverlap, type TimeRange } from '../time/time-range.ts';

export interface Hold {
  /** Digits. */
  readonly id: string;
  readonly dataset: string;
  /** Null is all of time. */
  readonly range: TimeRange | null;
  readonly reason: string;
  /** Who set it. */
  readonly by: string;
  readonly since: EpochMs;
  /** Null is until it is lifted. */
  readonly until: EpochMs | null;
}

export function isHolding({ until }: Pick<Hold, 'until'>, now: EpochMs): boolean {
  return until === null || until > now;
}

export function holdsRange({ range }: Pick<Hold, 'range'>, time: TimeRange): boolean {
  return range === null || rangesOverlap(range, time);
}

export function formatHeld(range: TimeRange | null): string {
  return range === null ? 'all of time' : formatRange(range);
}
