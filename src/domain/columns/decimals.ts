/** Which `numeric` fits a fixed-point number of the lake. */
import type { ColumnChoice } from '../dataset.ts';
import type { Held } from './column-plan.ts';

type HeldDecimal = Extract<Held, { kind: 'decimal' }>;

/** DuckDB's and Parquet's widest exact number. */
export const MAX_DECIMAL_WIDTH = 38;

/** `decimal(p,s)` as the configuration has it, or null. */
export function chosenDecimal(choice: ColumnChoice | undefined): HeldDecimal | null {
  const match = /^decimal\((\d+),(\d+)\)$/u.exec(choice ?? '');
  return match === null
    ? null
    : { kind: 'decimal', width: Number(match[1]), scale: Number(match[2]) };
}

/**
 * `numeric(p,s)` as a decimal, or null where it needs more than 38 digits. PostgreSQL allows
 * scales below 0 and above the precision; both are widened to what DuckDB knows:
 * numeric(5,-2) → 7 digits, none after the point; numeric(3,5) → 5 digits, all after the point.
 */
export function decimalFor(typmod: number): HeldDecimal | null {
  if (typmod < 4) return null;
  const precision = (typmod - 4) >> 16;
  // 11 bits, signed: see numeric_typmod_scale in PostgreSQL's numeric.c.
  const scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
  const width = scale < 0 ? precision - scale : Math.max(precision, scale);
  if (width > MAX_DECIMAL_WIDTH) return null;
  return { kind: 'decimal', width, scale: Math.max(0, scale) };
}
