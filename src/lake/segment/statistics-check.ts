/**
 * Whether the statistics in a footer are true of the values. Queries leave row groups out by them,
 * so a bound that lies hides rows as well as a deletion would. Decimals and UUIDs are left out:
 * hyparquet gives their bounds rounded or not at all.
 */
import type { FileMetaData, Statistics } from 'hyparquet';
import type { ColumnPlan, HeldKind } from '../../domain/column-plan.ts';
import type { ColumnBytes, SliceFingerprint } from '../../domain/fingerprint.ts';
import { type Mismatch, verifyMismatch } from './mismatch.ts';
import { NUMERIC_MAX_BYTES } from './numeric-bytes.ts';
import { writeValue } from './physical-values.ts';

/** Bounds of one column in one row group, in PostgreSQL's bytes. */
interface GroupBounds {
  /** The position in the file that follows the group's last row. */
  readonly endRow: number;
  readonly min: DataView | null;
  readonly max: DataView | null;
}

interface ColumnCheck {
  readonly name: string;
  readonly groups: readonly GroupBounds[];
  readonly compare: Compare;
}

/** Negative, zero or positive: how a value of so many bytes stands to a bound. */
type Compare = (view: DataView, offset: number, length: number, bound: DataView) => number;

export class StatisticsCheck {
  readonly #path: string;
  readonly #columns: readonly (ColumnCheck | null)[];

  constructor(path: string, footer: FileMetaData, columns: readonly ColumnPlan[]) {
    this.#path = path;
    this.#columns = columns.map((plan, index) => {
      const compare = compareFor(plan.held.kind);
      if (compare === null) return null;
      return { name: plan.name, compare, groups: boundsOf(footer, index, plan.held.kind) };
    });
  }

  /**
   * Checks rows `[fromRow, toRow)` of a batch whose first row is number `batchStart` of the file.
   * Throws VERIFY_MISMATCH.
   */
  check(
    index: number,
    bytes: ColumnBytes,
    fromRow: number,
    toRow: number,
    batchStart: number,
  ): void {
    const column = this.#columns[index] ?? null;
    if (column === null) return;
    let row = fromRow;
    for (const group of column.groups) {
      const end = Math.min(toRow, group.endRow - batchStart);
      if (end <= row) continue;
      if (group.min !== null) this.#checkBound(column, bytes, row, end, group.min, 1);
      if (group.max !== null) this.#checkBound(column, bytes, row, end, group.max, -1);
      row = end;
    }
  }

  #checkBound(
    { name, compare }: ColumnCheck,
    { view, offsets, lengths }: ColumnBytes,
    fromRow: number,
    toRow: number,
    bound: DataView,
    side: 1 | -1,
  ): void {
    for (let row = fromRow; row < toRow; row += 1) {
      const length = lengths[row] as number;
      if (length < 0) continue;
      const offset = offsets[row] as number;
      const order = compare(view, offset, length, bound);
      // Written so that a NaN, which stands in no order, fails as well.
      if (order * side >= 0) continue;
      throw verifyMismatch({
        file: this.#path,
        column: name,
        what: `each value, by the statistics of its row group,`,
        expected: `at ${side === 1 ? 'least' : 'most'} ${inHex(bound, 0, bound.byteLength)}`,
        found: inHex(view, offset, length),
      });
    }
  }
}

/** Throws VERIFY_MISMATCH where a footer counts other nulls than were read. */
export function checkNullCounts(
  path: string,
  footer: FileMetaData,
  { columns }: SliceFingerprint,
): void {
  columns.forEach(({ name, nulls }, index) => {
    const counts = footer.row_groups.map(
      (group) => group.columns[index]?.meta_data?.statistics?.null_count,
    );
    // Not every writer counts; a wrong count is what misleads.
    if (counts.includes(undefined)) return;
    const found = counts.reduce<bigint>((sum, count) => sum + (count ?? 0n), 0n);
    if (found === BigInt(nulls)) return;
    const mismatch: Mismatch = {
      file: path,
      column: name,
      what: 'nulls in the statistics',
      expected: String(nulls),
      found: String(found),
    };
    throw verifyMismatch(mismatch);
  });
}

function boundsOf(footer: FileMetaData, index: number, kind: HeldKind): GroupBounds[] {
  let endRow = 0;
  return footer.row_groups.map((group) => {
    endRow += Number(group.num_rows);
    const statistics = group.columns[index]?.meta_data?.statistics;
    return {
      endRow,
      min: boundBytes(statistics?.min_value, kind),
      max: boundBytes(statistics?.max_value, kind),
    };
  });
}

function boundBytes(value: Statistics['min_value'], kind: HeldKind): DataView | null {
  if (value === undefined) return null;
  const room = NUMERIC_MAX_BYTES + (value instanceof Uint8Array ? value.length : 0);
  const view = new DataView(new ArrayBuffer(room));
  return new DataView(view.buffer, 0, writeBound(view, value, kind));
}

function writeBound(view: DataView, value: unknown, kind: HeldKind): number {
  if (kind === 'float8') {
    view.setFloat64(0, Number(value));
    return 8;
  }
  if (kind === 'float4') {
    view.setFloat32(0, Number(value));
    return 4;
  }
  return writeValue(view, 0, value, kind, 0);
}

function compareFor(kind: HeldKind): Compare | null {
  switch (kind) {
    case 'int2':
      return (view, offset, _, bound) => view.getInt16(offset) - bound.getInt16(0);
    case 'int4':
    case 'date':
      return (view, offset, _, bound) => view.getInt32(offset) - bound.getInt32(0);
    case 'int8':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return compareInt64;
    case 'float4':
      return (view, offset, _, bound) => inOrder(view.getFloat32(offset), bound.getFloat32(0));
    case 'float8':
      return (view, offset, _, bound) => inOrder(view.getFloat64(offset), bound.getFloat64(0));
    case 'bytea':
    case 'json':
    case 'varchar':
    case 'text':
      return compareBytes;
    case 'bool':
    case 'uint4':
    case 'decimal':
    case 'uuid':
    case 'jsonb':
      return null;
  }
}

const MAX_SHOWN_BYTES = 32;

/** PostgreSQL's bytes of a value, for a message. */
function inHex(view: DataView, offset: number, length: number): string {
  const shown = Math.min(length, MAX_SHOWN_BYTES);
  const hex = Buffer.from(view.buffer, view.byteOffset + offset, shown).toString('hex');
  return `\\x${hex}${length > shown ? '…' : ''}`;
}

/** A difference of infinities would be no number. */
function inOrder(value: number, bound: number): number {
  if (value === bound) return 0;
  return value < bound ? -1 : value > bound ? 1 : NaN;
}

function compareInt64(view: DataView, offset: number, _: number, bound: DataView): number {
  const high = view.getInt32(offset) - bound.getInt32(0);
  return high === 0 ? view.getUint32(offset + 4) - bound.getUint32(4) : high;
}

/** As Parquet orders text and bytes: unsigned, a prefix before what it is the prefix of. */
function compareBytes(view: DataView, offset: number, length: number, bound: DataView): number {
  const common = Math.min(length, bound.byteLength);
  for (let at = 0; at < common; at += 1) {
    const difference = view.getUint8(offset + at) - bound.getUint8(at);
    if (difference !== 0) return difference;
  }
  return length - bound.byteLength;
}
