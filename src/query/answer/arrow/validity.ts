/** Which values are there: a bit each, the least significant first, as Arrow lays them out. */

export interface Validity {
  readonly length: number;
  readonly nullCount: number;
  /** Undefined where all are there. */
  readonly nullBitmap: Uint8Array | undefined;
}

export function validityOf(values: readonly unknown[]): Validity {
  const bitmap = bitsOf(values, (value) => value !== null);
  const nullCount = values.reduce<number>(
    (nulls, value) => (value === null ? nulls + 1 : nulls),
    0,
  );
  return {
    length: values.length,
    nullCount,
    nullBitmap: nullCount === 0 ? undefined : bitmap,
  };
}

export function bitsOf<T>(values: readonly T[], isSet: (value: T) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (const [at, value] of values.entries()) {
    if (isSet(value)) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return bits;
}
