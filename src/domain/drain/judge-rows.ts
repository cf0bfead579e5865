/** The validation rules of a source: which rows are written, flagged or rejected. */
import type { EpochMs } from '../time/time-range.ts';
import type { MappedRow } from './map-entry.ts';
import { type Reason, type ReasonCode, reasonFor } from './reason.ts';
import { EMPTY_WINDOW, type RollingWindow, robustScore, withValue } from './rolling-window.ts';
import type { AnomalyRule, KeyedRule, OhlcRule, RangeRule, Rules } from './source.ts';
import { TentativeMap } from './tentative-map.ts';

export type Verdict =
  | { readonly reject: Reason }
  | { readonly reject: null; readonly flags: readonly ReasonCode[] };

/** Rules that remember: call `keep` when what was judged is committed, `forget` when it is not. */
export interface Judge {
  judge(row: MappedRow, now: EpochMs): Verdict;
  keep(): void;
  forget(): void;
}

type Values = readonly (string | null)[];

/** A finding, and whether it makes the row a dead letter. */
interface Finding {
  readonly reason: Reason;
  readonly rejects: boolean;
}

type Check = (row: MappedRow, now: EpochMs) => Finding | null;

/** How many symbols, or whatever `by` names, a rule remembers. */
const REMEMBERED = 100_000;
/** With fewer values a window says nothing yet. */
const FEWEST_VALUES = 10;

/** `columns` are the names of a row's values. Rules about columns that are not there don't apply. */
export function openJudge(rules: Rules, columns: readonly string[], timeColumn: string): Judge {
  const indexOf = (column: string): number => columns.indexOf(column);
  const memories: TentativeMap<unknown>[] = [];
  const remember = <Value>(maxEntries: number): TentativeMap<Value> => {
    const memory = new TentativeMap<Value>(maxEntries);
    memories.push(memory);
    return memory;
  };
  const applies = (names: readonly string[]): boolean => names.every((name) => indexOf(name) >= 0);
  const { ohlc, monotonic, duplicates } = rules;
  const checks: Check[] = [
    ...rules.required
      .filter((column) => applies([column]))
      .map((column) => required(column, indexOf(column))),
    ...rules.ranges
      .filter(({ column }) => applies([column]))
      .map((range) => inRange(range, indexOf(range.column))),
    ...(rules.maxAgeMs === null ? [] : [notOlder(timeColumn, rules.maxAgeMs)]),
    ...(rules.maxFutureMs === null ? [] : [notNewer(timeColumn, rules.maxFutureMs)]),
    ...(ohlc !== null && applies(Object.values(ohlc)) ? [encloses(ohlc, indexOf)] : []),
    ...(monotonic !== null && applies(monotonic.by)
      ? [inOrder(monotonic, timeColumn, keyOf(monotonic, indexOf), remember(REMEMBERED))]
      : []),
    ...(duplicates !== null && applies(duplicates.by)
      ? [onlyOnce(duplicates, keyOf(duplicates, indexOf), remember(duplicates.window))]
      : []),
    ...rules.anomalies
      .filter((rule) => applies([rule.column, ...rule.by]))
      .map((rule) =>
        noJump(rule, indexOf(rule.column), keyOf(rule, indexOf), remember(REMEMBERED)),
      ),
  ];
  return {
    judge(row, now) {
      const flags: ReasonCode[] = [];
      for (const check of checks) {
        const finding = check(row, now);
        if (finding === null) continue;
        if (finding.rejects) return { reject: finding.reason };
        flags.push(finding.reason.code);
      }
      return { reject: null, flags };
    },
    keep() {
      for (const memory of memories) memory.keep();
    },
    forget() {
      for (const memory of memories) memory.forget();
    },
  };
}

function rejected(reason: Reason): Finding {
  return { reason, rejects: true };
}

function required(column: string, index: number): Check {
  return ({ values }) =>
    (values[index] ?? null) === null ? rejected(reasonFor('missing', column)) : null;
}

function inRange({ column, min, max, above, below }: RangeRule, index: number): Check {
  return ({ values }) => {
    const text = values[index] ?? null;
    if (text === null) return null;
    const value = Number(text);
    const isRight =
      (min === undefined || value >= min) &&
      (max === undefined || value <= max) &&
      (above === undefined || value > above) &&
      (below === undefined || value < below);
    return isRight ? null : rejected(reasonFor('out_of_range', column, text));
  };
}

function notOlder(column: string, maxAgeMs: number): Check {
  return ({ timeUs }, now) =>
    timeUs === null || timeUs / 1000 >= now - maxAgeMs
      ? null
      : rejected(reasonFor('too_old', column, shownTime(timeUs)));
}

function notNewer(column: string, maxFutureMs: number): Check {
  return ({ timeUs }, now) =>
    timeUs === null || timeUs / 1000 <= now + maxFutureMs
      ? null
      : rejected(reasonFor('too_new', column, shownTime(timeUs)));
}

function shownTime(us: number): string {
  return new Date(us / 1000).toISOString();
}

function encloses(rule: OhlcRule, indexOf: (column: string) => number): Check {
  const at = [rule.open, rule.high, rule.low, rule.close].map(indexOf);
  return ({ values }) => {
    const texts = at.map((index) => values[index] ?? null);
    // A bar that is still being put together lacks some of the four.
    if (texts.includes(null)) return null;
    const [open = 0, high = 0, low = 0, close = 0] = texts.map(Number);
    const isRight = low <= open && low <= close && open <= high && close <= high && low <= high;
    return isRight ? null : rejected(reasonFor('ohlc', null, texts.join(' ')));
  };
}

function keyOf({ by }: KeyedRule, indexOf: (column: string) => number): (values: Values) => string {
  const at = by.map(indexOf);
  // NUL is in no text of a row.
  return (values) => at.map((index) => values[index] ?? '').join('\0');
}

function inOrder(
  { action }: KeyedRule,
  column: string,
  key: (values: Values) => string,
  latest: TentativeMap<number>,
): Check {
  return ({ values, timeUs }) => {
    if (timeUs === null) return null;
    const name = key(values);
    const before = latest.get(name);
    if (before === undefined || timeUs >= before) {
      latest.set(name, timeUs);
      return null;
    }
    return {
      reason: reasonFor('not_monotonic', column, shownTime(timeUs)),
      rejects: action === 'reject',
    };
  };
}

function onlyOnce(
  { by, action }: KeyedRule,
  key: (values: Values) => string,
  seen: TentativeMap<true>,
): Check {
  return ({ values }) => {
    const name = key(values);
    if (seen.get(name) === undefined) {
      seen.set(name, true);
      return null;
    }
    const found = name.replaceAll('\0', ' ');
    return {
      reason: reasonFor('duplicate', by.join(', '), found),
      rejects: action === 'reject',
    };
  };
}

function noJump(
  { column, window, threshold, action }: AnomalyRule,
  index: number,
  key: (values: Values) => string,
  windows: TentativeMap<RollingWindow>,
): Check {
  return ({ values }) => {
    const text = values[index] ?? null;
    if (text === null) return null;
    const value = Number(text);
    const name = key(values);
    const before = windows.get(name) ?? EMPTY_WINDOW;
    // Also what is rejected: a new level would else be an anomaly for ever.
    windows.set(name, withValue(before, value, window));
    if (before.arrived.length < Math.min(FEWEST_VALUES, window)) return null;
    const score = robustScore(before, value);
    if (score <= threshold) return null;
    const { text: words, code } = reasonFor('anomaly', column, text);
    return {
      reason: { code, text: `${words} of ${score.toFixed(1)} standard deviations` },
      rejects: action === 'reject',
    };
  };
}
