/** Figures as people read them. Always `.` for decimals and `,` for thousands, whatever the locale. */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `0 B`, `812 B`, `1.2 MB`, `34 GB`: powers of 1024, as in the configuration. */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  // 1023.6 would be rounded up to "1024 KB": go to the next unit before that.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const sign = bytes < 0 ? '-' : '';
  return `${sign}${unit === 0 ? String(Math.round(value)) : threeDigits(value)} ${UNITS[unit] ?? ''}`;
}

/** `0`, `9,999`, `12.3 k`, `1.2 M`, `3.4 G`. Small counts are exact. */
export function formatCount(count: number): string {
  const value = Math.abs(count);
  const sign = count < 0 ? '-' : '';
  if (value < 10_000) return sign + formatInteger(value);
  if (value < 999_500) return `${sign}${threeDigits(value / 1e3)} k`;
  if (value < 999_500_000) return `${sign}${threeDigits(value / 1e6)} M`;
  return `${sign}${threeDigits(value / 1e9)} G`;
}

/** `1,234,567`: for figures that have to be exact. */
export function formatInteger(count: number | bigint): string {
  const whole = typeof count === 'bigint' ? count : Math.round(count);
  return whole.toLocaleString('en-US');
}

/** `1,234,567 rows`, `1 row`. */
export function formatRows(rows: number | bigint): string {
  return `${formatInteger(rows)} ${Number(rows) === 1 ? 'row' : 'rows'}`;
}

/** `0 ms`, `340 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 999.5) return `${String(Math.round(ms))} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${String(seconds)} s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** `just now`, `3 min ago`, `in 2 h`, `5 d ago`: one unit is enough to judge by. */
export function formatRelative(atMs: number, nowMs: number): string {
  const away = Math.abs(nowMs - atMs);
  if (away < 5_000) return 'just now';
  const [figure, unit] = largestUnit(away);
  const text = `${String(figure)} ${unit}`;
  return atMs <= nowMs ? `${text} ago` : `in ${text}`;
}

/** `24 %`, `0.3 %`, `100 %`; never 100 before all is done, never 0 once something is. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent <= 0) return '0 %';
  if (percent >= 100) return `${String(Math.round(percent))} %`;
  if (percent < 0.1) return '<0.1 %';
  if (percent < 9.95) return `${percent.toFixed(1)} %`;
  return `${String(Math.min(99, Math.round(percent)))} %`;
}

function threeDigits(value: number): string {
  return value < 9.95
    ? value.toFixed(1)
    : value < 99.5
      ? trimZero(value.toFixed(1))
      : value.toFixed(0);
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const head = `${String(large)} ${largeUnit}`;
  return small === 0 ? head : `${head} ${String(small)} ${smallUnit}`;
}

function largestUnit(ms: number): readonly [number, string] {
  const seconds = ms / 1000;
  if (seconds < 59.5) return [Math.round(seconds), 's'];
  if (seconds < 59.5 * 60) return [Math.round(seconds / 60), 'min'];
  if (seconds < 47.5 * 3600) return [Math.round(seconds / 3600), 'h'];
  return [Math.round(seconds / 86_400), 'd'];
}
