/** Rows may leave the lake only after they have come into it. Reads the file as it is written. */
import { asRecord, formatPath } from './path.ts';
import type { PlacedProblem } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

const DEFAULT_HOT_DAYS = 30;

export function checkColdDays(file: Raw): PlacedProblem[] {
  const lifecycle = asRecord(asRecord(file['storage'])['lifecycle']);
  const general = checkPair(['storage', 'lifecycle'], lifecycle, lifecycle);
  const own = Object.entries(asRecord(file['datasets'])).flatMap(([name, value]) => {
    const dataset = asRecord(value);
    const saysNothing = dataset['cold_days'] === undefined && dataset['hot_days'] === undefined;
    return saysNothing ? [] : checkPair(['datasets', name], dataset, lifecycle);
  });
  return [...general, ...own];
}

function checkPair(section: readonly string[], own: Raw, inherited: Raw): PlacedProblem[] {
  const cold = own['cold_days'] ?? inherited['cold_days'];
  const hot = own['hot_days'] ?? inherited['hot_days'] ?? DEFAULT_HOT_DAYS;
  if (typeof cold !== 'number' || typeof hot !== 'number' || cold > hot) return [];
  const path = [...section, own['cold_days'] === undefined ? 'hot_days' : 'cold_days'];
  return [
    {
      where: formatPath(path),
      path,
      message: `cold_days (${String(cold)}) is not more than hot_days (${String(hot)}): rows would be gone as soon as they are cold`,
      expected: `cold_days of more than ${String(hot)}, counted from the row's own time; left out, rows stay for ever`,
    },
  ];
}
