/** Dates and times as ISO 8601 writes them, to the microsecond, whatever the machine's time zone. */

const DAY_US = 86_400_000_000n;
const MS_PER_DAY = 86_400_000;

/** Days since 1970 → `2024-01-15`; years beyond four digits and before 1 as `±YYYYYY`. */
export function isoDate(days: number): string {
  const { year, month, day } = civilFrom(days);
  return `${isoYear(year)}-${two(month)}-${two(day)}`;
}

/** Microseconds since 1970 → `2024-01-15T06:00:00.000000`. */
export function isoTimestamp(micros: bigint): string {
  const days = floorDiv(micros, DAY_US);
  return `${isoDate(Number(days))}T${isoTime(micros - days * DAY_US)}`;
}

/** Microseconds since midnight → `06:00:00.000000`; a day's end is `24:00:00.000000`. */
export function isoTime(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  const fraction = String(micros % 1_000_000n).padStart(6, '0');
  const minutes = Math.floor(seconds / 60);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${fraction}`;
}

/** The calendar repeats every 400 years: Date, which ends in the year 275760, needs only these. */
const ERA_YEARS = 400;
const ERA_DAYS = 146_097;

/** The day that is so many after the first of 1970. */
export function civilFrom(days: number): { year: number; month: number; day: number } {
  const era = Math.floor(days / ERA_DAYS);
  const date = new Date((days - era * ERA_DAYS) * MS_PER_DAY);
  return {
    year: date.getUTCFullYear() + era * ERA_YEARS,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
  };
}

function isoYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0');
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
