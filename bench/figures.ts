/** Figures of several rounds. */

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[], digits = 0): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return {
    min: round(at(0), digits),
    median: round((at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, digits),
    max: round(at(sorted.length - 1), digits),
  };
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
