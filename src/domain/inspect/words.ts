/** Figures in the sentences of findings, and those who hold something up. */

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `512 bytes`, `1.5 GB`: powers of 1024. */
export function bytesInWords(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1023.5 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  const figure = unit === 0 || value >= 99.5 ? String(Math.round(value)) : value.toFixed(1);
  return `${figure} ${UNITS[unit] ?? ''}`;
}

/** `40 s`, `12 min`, `5.2 h`, `3.0 d`. */
export function secondsInWords(seconds: number): string {
  if (seconds < 120) return `${String(Math.round(seconds))} s`;
  if (seconds < 7_200) return `${String(Math.round(seconds / 60))} min`;
  if (seconds < 172_800) return `${(seconds / 3_600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(1)} d`;
}

/** `38 %`. */
export function shareInWords(share: number): string {
  return `${String(Math.round(share * 100))} %`;
}

/** `12,345`, never with a fraction. */
export function countInWords(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `1.4 billion`, `212 million`, for ages in transactions. */
export function ageInWords(transactions: number): string {
  if (transactions >= 1e9) return `${(transactions / 1e9).toFixed(1)} billion`;
  if (transactions >= 1e6) return `${String(Math.round(transactions / 1e6))} million`;
  return countInWords(transactions);
}

/** On one line, and not longer than a line may be. */
export function oneLine(text: string, length = 120): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

/** A session as it is named everywhere: `pid 71 (nightly dump)`. */
export function sessionInWords(pid: number, application: string): string {
  return application === '' ? `pid ${String(pid)}` : `pid ${String(pid)} (${application})`;
}
