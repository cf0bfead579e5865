/** Rows may leave the lake only after they have come into it. Reads the file as it is written. */
import { asRecord, formatPath } from './path.ts';
import type { PlacedProblem } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

const DEFAULT_HOT_DAYS = 30;

export function checkColdDays(file: Raw): PlacedProblem[] {
  const lifecycle = asRecord(asRecord(file['storage'])['lifecycle']);
  const general = [
    ...checkPair(['storage', 'lifecycle'], lifecycle, lifecycle),
    ...checkByInterval(['storage', 'lifecycle'], lifecycle, lifecycle),
  ];
  const own = Object.entries(asRecord(file['datasets'])).flatMap(([name, value]) =>
    checkDataset(['datasets', name], asRecord(value), lifecycle),
  );
  return [...general, ...own];
}

function checkDataset(path: readonly string[], dataset: Raw, lifecycle: Raw): PlacedProblem[] {
  const says = (key: string): boolean => dataset[key] !== undefined;
  if (says('cold_days_by_interval')) {
    return says('cold_days') ? [bothSaid(path)] : checkByInterval(path, dataset, lifecycle);
  }
  if (says('cold_days')) return checkPair(path, dataset, lifecycle);
  if (!says('hot_days')) return [];
  const byInterval = lifecycle['cold_days_by_interval'];
  if (!says('interval_column') || byInterval === undefined) {
    return checkPair(path, dataset, lifecycle);
  }
  const problems = checkByInterval(
    path,
    { ...dataset, cold_days_by_interval: byInterval },
    lifecycle,
  );
  const own = [...path, 'hot_days'];
  return problems.map((problem) => ({ ...problem, where: formatPath(own), path: own }));
}

function bothSaid(section: readonly string[]): PlacedProblem {
  const path = [...section, 'cold_days'];
  return {
    where: formatPath(path),
    path,
    message: 'stands beside cold_days_by_interval',
    expected: 'only one of the two; rows of an interval that is not named stay for ever',
  };
}

function checkPair(section: readonly string[], own: Raw, inherited: Raw): PlacedProblem[] {
  const cold = own['cold_days'] ?? inherited['cold_days'];
  const hot = hotDaysOf(own, inherited);
  if (typeof cold !== 'number' || typeof hot !== 'number' || cold > hot) return [];
  return [
    tooShort([...section, own['cold_days'] === undefined ? 'hot_days' : 'cold_days'], cold, hot),
  ];
}

/** Rows of an interval that is not in hot_intervals become cold as soon as their slice is closed. */
function checkByInterval(section: readonly string[], own: Raw, inherited: Raw): PlacedProblem[] {
  const hot = hotDaysOf(own, inherited);
  const hotIntervals = own['hot_intervals'] ?? inherited['hot_intervals'];
  return Object.entries(asRecord(own['cold_days_by_interval'])).flatMap(([interval, cold]) => {
    const isHot = !Array.isArray(hotIntervals) || hotIntervals.includes(interval);
    if (typeof cold !== 'number' || typeof hot !== 'number' || !isHot || cold > hot) return [];
    return [tooShort([...section, 'cold_days_by_interval', interval], cold, hot)];
  });
}

export const hotDaysOf = (own: Raw, inherited: Raw): unknown =>
  own['hot_days'] ?? inherited['hot_days'] ?? DEFAULT_HOT_DAYS;

function tooShort(path: readonly string[], cold: number, hot: number): PlacedProblem {
  const what = path.includes('cold_days_by_interval')
    ? `cold_days of ${String(path.at(-1))}`
    : 'cold_days';
  return {
    where: formatPath(path),
    path,
    message: `${what} (${String(cold)}) is not more than hot_days (${String(hot)}): rows would be gone as soon as they are cold`,
    expected: `cold_days of more than ${String(hot)}, counted from the row's own time; left out, rows stay for ever`,
  };
}
