/** Times that look as if they were counted in another unit than the source says. */

import type { EpochMs } from '../time/time-range.ts';
import { type EpochUs, formatTime, parseTime, type TimeType } from './parse-time.ts';

export const TIME_UNITS = ['s', 'ms', 'us', 'ns'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** What is written, and what was found among the entries that were looked at. */
export interface TimeDoubt {
  /** A column, or `score`. */
  readonly what: string;
  readonly type: TimeType;
  /** In which nearly all that are doubtful are near now; null where there is none. */
  readonly likely: TimeUnit | null;
  readonly doubtful: number;
  readonly of: number;
  /** The first of them. */
  readonly key: string;
  readonly text: string;
  readonly now: EpochMs;
}

export interface WrittenTime {
  readonly key: string;
  readonly text: string;
}

/** What is counted in the wrong unit is off by a factor of a thousand: decades are near enough. */
const NEAR_US = 20 * 365.25 * 86_400_000_000;
const COUNT = /^[+-]?\d{6,20}(?:\.\d*)?(?:[eE][+-]?\d{1,2})?$/;

/**
 * Only what is far from now as it is written and near it in another unit is doubtful: a time of 1971
 * may be one. Null where nothing is.
 */
export function doubtTimes(
  what: string,
  type: TimeType,
  times: readonly WrittenTime[],
  now: EpochMs,
): TimeDoubt | null {
  const doubts = times.flatMap((time) => {
    const likely = isNear(parseTime(time.text, type), now)
      ? null
      : likelyUnit(time.text, type, now);
    return likely === null ? [] : [{ ...time, likely }];
  });
  const [first] = doubts;
  if (first === undefined) return null;
  return { ...first, what, type, doubtful: doubts.length, of: times.length, now };
}

/** Ranks, prices and counts, in a unit that would make them 1970. */
const SCORE_EARLIEST_US = Date.UTC(1971, 0, 1) * 1000;

/** As `doubtTimes`, and what is no time in any unit is doubtful too: members leave by their scores. */
export function doubtScores(
  type: TimeType,
  scores: readonly WrittenTime[],
  now: EpochMs,
): TimeDoubt | null {
  const counted = doubtTimes('score', type, scores, now);
  const doubts = scores.filter(
    ({ text }) =>
      !isScoreTime(parseTime(text, type), now) ||
      (!isNear(parseTime(text, type), now) && likelyUnit(text, type, now) !== null),
  );
  const [first] = doubts;
  if (first === undefined) return null;
  const found = { doubtful: doubts.length, of: scores.length };
  if (counted !== null && counted.doubtful * 2 > doubts.length) return { ...counted, ...found };
  return { ...first, what: 'score', type, likely: null, ...found, now };
}

/** `score: 4 of 4 that were looked at can't be times: "0.93" in "ranked"`, … */
export function describeDoubt(doubt: TimeDoubt): string {
  const { what, type, likely, key, text } = doubt;
  const looked = `${String(doubt.doubtful)} of the ${String(doubt.of)} that were looked at`;
  const shown = `${JSON.stringify(text)} in "${key}"`;
  if (likely === null) return `${what}: ${looked} can't be times (${type}): ${shown}`;
  const read = parseTime(text, type);
  const as = typeof read === 'string' ? 'is no time' : `is ${formatTime(read)}`;
  const other = parseTime(text, `time_${likely}`);
  const instead = typeof other === 'string' ? '' : `, as time_${likely} it is ${formatTime(other)}`;
  return `${what}: ${looked} look like ${UNIT_NAMES[likely]}: ${shown} as ${type} ${as}${instead}`;
}

export const UNIT_NAMES: Readonly<Record<TimeUnit, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
};

/** Whether a text says anything of the unit: what is no time in any becomes a dead letter. */
export function tellsUnit(text: string, type: TimeType, now: EpochMs): boolean {
  return typeof parseTime(text, type) === 'number' || likelyUnit(text, type, now) !== null;
}

function isScoreTime(read: EpochUs | string, now: EpochMs): boolean {
  return typeof read === 'number' && read >= SCORE_EARLIEST_US && read <= now * 1000 + NEAR_US;
}

function likelyUnit(text: string, type: TimeType, now: EpochMs): TimeUnit | null {
  if (!COUNT.test(text)) return null;
  // Finer than a microsecond is no reason not to know the unit.
  const whole = text.replace(/\.\d*$/, '');
  const others = TIME_UNITS.filter((unit) => `time_${unit}` !== type);
  return others.find((unit) => isNear(parseTime(whole, `time_${unit}`), now)) ?? null;
}

function isNear(read: EpochUs | string, now: EpochMs): boolean {
  return typeof read === 'number' && Math.abs(read - now * 1000) <= NEAR_US;
}
