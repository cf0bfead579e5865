/** `5 minutes` in microseconds; null for what has months, is nothing, or is written in another way. */
export function bucketWidthUs(interval: string): bigint | null {
  const match = /^\s*(\d{1,6})\s*([a-z]+)\s*$/.exec(interval.toLowerCase());
  const unit = MICROS.get((match?.[2] ?? '').replace(/s$/, ''));
  if (match === null || unit === undefined) return null;
  const width = BigInt(match[1] ?? '') * unit;
  return width > 0n ? width : null;
}

const SECOND = 1_000_000n;
const MICROS = new Map([
  ['second', SECOND],
  ['minute', 60n * SECOND],
  ['hour', 3600n * SECOND],
  ['day', 86_400n * SECOND],
  ['week', 7n * 86_400n * SECOND],
]);
