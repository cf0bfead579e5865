/** Durations and sizes as people write them in the configuration file. */

const MS_PER: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Powers of 1024, as PostgreSQL counts its own settings. */
const BYTES_PER: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

// No bare `m`: it is read as minutes by some, months by others and MB by a third.
export const DURATION_PATTERN = /^(\d+(?:\.\d+)?) ?(ms|s|min|h|d)$/;
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?) ?(B|[kKMGT]B)$/;

export const DURATION_EXPECTED = 'a duration with its unit, such as 30s, 5min, 2h or 7d';
export const SIZE_EXPECTED = 'a size with its unit, such as 256MB or 5GB';

/** Milliseconds of `30s`, `5min`, `2h`. The text has been checked against DURATION_PATTERN. */
export function parseDuration(text: string): number {
  return scale(text, DURATION_PATTERN, (unit) => MS_PER[unit]);
}

/** Bytes of `256MB`, `5 GB`. The text has been checked against SIZE_PATTERN. */
export function parseSize(text: string): number {
  return scale(text, SIZE_PATTERN, (unit) => BYTES_PER[unit.toUpperCase()]);
}

function scale(
  text: string,
  pattern: RegExp,
  factorOf: (unit: string) => number | undefined,
): number {
  const [, figure, unit] = pattern.exec(text) ?? [];
  const factor = unit === undefined ? undefined : factorOf(unit);
  if (figure === undefined || factor === undefined) {
    throw new RangeError(`"${text}" was not checked before it was parsed`);
  }
  return Math.round(Number(figure) * factor);
}
