/** Figures as people read them. */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
/** Where a figure is not known. */
export const UNKNOWN = '–';

/** `3012345` → `3,012,345` */
export function formatCount(value: number | null): string {
  return value === null ? UNKNOWN : WHOLE.format(value);
}

/** `rows` of one is `row`. */
export function countOf(value: number | null, plural: string): string {
  return `${formatCount(value)} ${value === 1 ? plural.replace(/s$/, '') : plural}`;
}

/** Powers of 1024 under the names of the configuration and the command line, three digits: `1.25 GB`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return UNKNOWN;
  let value = bytes;
  let unit = 0;
  // 1023.6 would be written as 1024.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** For the axis of a chart: `1.2M`. */
export function formatShort(value: number): string {
  return new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 }).format(
    value,
  );
}

const STEPS: readonly (readonly [unit: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

/** The two largest units: `3 h 12 min`. */
export function formatSeconds(seconds: number | null): string {
  if (seconds === null) return UNKNOWN;
  if (seconds < 1) return seconds <= 0 ? '0 s' : `${String(Math.ceil(seconds * 1000))} ms`;
  if (seconds < 9.95 && seconds % 1 !== 0) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const first = STEPS.findIndex(([, size]) => whole >= size);
  const [unit, size] = STEPS[first] ?? ['s', 1];
  const next = STEPS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[1]);
  const head = `${String(Math.floor(whole / size))} ${unit}`;
  return next === undefined || rest === 0 ? head : `${head} ${String(rest)} ${next[0]}`;
}

/** `2026-11-24T14:03:22.123Z` → `2026-11-24` */
export function formatDay(iso: string | null): string {
  return iso === null ? UNKNOWN : iso.slice(0, 10);
}

/** With the day only where it is not today's: `14:03:22`, `11-23 14:03`. */
export function formatTime(iso: string, nowMs: number): string {
  const today = new Date(nowMs).toISOString();
  if (iso.slice(0, 10) === today.slice(0, 10)) return iso.slice(11, 19);
  const day = iso.slice(0, 4) === today.slice(0, 4) ? iso.slice(5, 10) : iso.slice(0, 10);
  return `${day} ${iso.slice(11, 16)}`;
}

/** A share of the whole, for a bar: 0 to 1. */
export function shareOf(done: number, total: number): number {
  return total <= 0 ? 0 : Math.min(1, Math.max(0, done / total));
}
