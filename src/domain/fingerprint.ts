/**
 * The fingerprint of a slice: of every column, and of whole rows, whatever the order of the rows.
 * It is taken from the bytes PostgreSQL sent for each value, and again from the bytes that the
 * values read back out of the lake would have been sent as; equal fingerprints are what allows a
 * delete (I1).
 *
 * Each value is hashed into two independent lanes of 32 bits; a column sums its lanes and counts
 * its nulls; a row chains the lanes of its values in column order, and the row hash sums those of
 * all rows. So a changed, lost or doubled value changes its column's sum, and values that changed
 * places between rows, or between columns, change the row hash.
 *
 * Strength: two lanes of 32 bits miss a random change with a chance of about 2^-64. The constants
 * are public and the hash is not cryptographic: it is proof against accidents of software and
 * hardware, not against somebody who wants two tables to look the same. Files are additionally
 * held to their SHA-256.
 */
import { TierdError } from './errors.ts';

export interface ColumnFingerprint {
  readonly name: string;
  readonly nulls: number;
  /** Both lanes of all values that are not null: 16 hex digits. */
  readonly values: string;
}

export interface SliceFingerprint {
  readonly rows: number;
  /** Both lanes of all rows: 16 hex digits. */
  readonly rowHash: string;
  readonly columns: readonly ColumnFingerprint[];
}

/** Where the value of each row lies in `view`; the length of a null is -1. */
export interface ColumnBytes {
  readonly view: DataView;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
}

/** Of no rows. */
export function emptyFingerprint(columnNames: readonly string[]): SliceFingerprint {
  const none = lanesToHex(0, 0);
  const columns = columnNames.map((name) => ({ name, nulls: 0, values: none }));
  return { rows: 0, rowHash: none, columns };
}

/** The fingerprint of the rows of both; the columns must be the same. */
export function addFingerprints(a: SliceFingerprint, b: SliceFingerprint): SliceFingerprint {
  if (a.columns.length !== b.columns.length) throw differentColumns();
  return {
    rows: a.rows + b.rows,
    rowHash: addHex(a.rowHash, b.rowHash),
    columns: a.columns.map((column, index) => {
      const other = b.columns[index];
      if (other?.name !== column.name) throw differentColumns();
      return {
        name: column.name,
        nulls: column.nulls + other.nulls,
        values: addHex(column.values, other.values),
      };
    }),
  };
}

/** The fingerprint of the rows of `whole` that are not those of `part`, which must all be among them. */
export function subtractFingerprint(
  whole: SliceFingerprint,
  part: SliceFingerprint,
): SliceFingerprint {
  return addFingerprints(whole, {
    rows: -part.rows,
    rowHash: negateHex(part.rowHash),
    columns: part.columns.map(({ name, nulls, values }) => ({
      name,
      nulls: -nulls,
      values: negateHex(values),
    })),
  });
}

export interface FingerprintDifference {
  /** The column, or null where only the rows as wholes differ. */
  readonly column: string | null;
  readonly what: 'rows' | 'columns' | 'nulls' | 'values' | 'row hash';
  readonly expected: string;
  readonly found: string;
}

/** What differs, most telling first; empty when the fingerprints are equal. */
export function compareFingerprints(
  expected: SliceFingerprint,
  found: SliceFingerprint,
): FingerprintDifference[] {
  const differences: FingerprintDifference[] = [];
  const check = (
    column: string | null,
    what: FingerprintDifference['what'],
    a: string | number,
    b: string | number,
  ): void => {
    if (a !== b) differences.push({ column, what, expected: String(a), found: String(b) });
  };
  check(null, 'rows', expected.rows, found.rows);
  const names = (print: SliceFingerprint): string =>
    JSON.stringify(print.columns.map((column) => column.name));
  check(null, 'columns', names(expected), names(found));
  expected.columns.forEach((column, index) => {
    const other = found.columns[index];
    if (other === undefined) return;
    check(column.name, 'nulls', column.nulls, other.nulls);
    check(column.name, 'values', column.values, other.values);
  });
  check(null, 'row hash', expected.rowHash, found.rowHash);
  return differences;
}

/** Two lanes of 32 bits as 16 hex digits. */
export function lanesToHex(a: number, b: number): string {
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
}

function addHex(a: string, b: string): string {
  const lane = (hex: string, at: number): number => Number.parseInt(hex.slice(at, at + 8), 16);
  return lanesToHex(lane(a, 0) + lane(b, 0), lane(a, 8) + lane(b, 8));
}

function negateHex(hex: string): string {
  return lanesToHex(-Number.parseInt(hex.slice(0, 8), 16), -Number.parseInt(hex.slice(8), 16));
}

function differentColumns(): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: 'Fingerprints of different columns were added; nothing was changed.',
  });
}
