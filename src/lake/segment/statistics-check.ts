/**
 * Whether the statistics in a footer are true of the values. Queries leave row groups out by them,
 * so a bound that lies hides rows as well as a deletion would. Decimals and UUIDs are left out:
 * hyparquet gives their bounds rounded or not at all.
 */
import type { FileMetaData } from 'hyparquet';
import type { ColumnPlan, HeldKind } from '../../domain/columns/column-plan.ts';
import type { TierdError } from '../../domain/errors.ts';
import type { ColumnBytes, SliceFingerprint } from '../../domain/fingerprint.ts';
import { type Bounds, type FindOutside, findOutsideFor } from './bounds.ts';
import { type Mismatch, verifyMismatch } from './mismatch.ts';
import { NUMERIC_MAX_BYTES } from './numeric-bytes.ts';
import { writeValue } from './physical-values.ts';

interface GroupBounds {
  /** The position in the file that follows the group's last row. */
  readonly endRow: number;
  /** Null where the group has no bounds. */
  readonly bounds: Bounds | null;
}

interface ColumnCheck {
  readonly name: string;
  readonly groups: readonly GroupBounds[];
  readonly find: FindOutside;
}

export class StatisticsCheck {
  readonly #path: string;
  readonly #columns: readonly (ColumnCheck | null)[];

  constructor(path: string, footer: FileMetaData, columns: readonly ColumnPlan[]) {
    this.#path = path;
    this.#columns = columns.map(({ name, held: { kind } }, index) => {
      const find = findOutsideFor(kind);
      return find === null ? null : { name, find, groups: groupsOf(footer, index, kind) };
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
    for (const { endRow, bounds } of column.groups) {
      const end = Math.min(toRow, endRow - batchStart);
      if (end <= row) continue;
      const outside = bounds === null ? -1 : column.find(bytes, row, end, bounds);
      if (bounds !== null && outside !== -1) throw this.#lie(column.name, bytes, outside, bounds);
      row = end;
    }
  }

  #lie(column: string, bytes: ColumnBytes, row: number, { min, max }: Bounds): TierdError {
    const { view, offsets, lengths } = bytes;
    return verifyMismatch({
      file: this.#path,
      column,
      what: 'each value, by the statistics of its row group,',
      expected: `from ${inHex(min, 0, min.byteLength)} to ${inHex(max, 0, max.byteLength)}`,
      found: inHex(view, offsets[row] as number, lengths[row] as number),
    });
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

function groupsOf(footer: FileMetaData, index: number, kind: HeldKind): GroupBounds[] {
  let endRow = 0;
  return footer.row_groups.map((group) => {
    endRow += Number(group.num_rows);
    const { min_value: min, max_value: max } = group.columns[index]?.meta_data?.statistics ?? {};
    const known = min !== undefined && max !== undefined;
    const bounds = known ? { min: boundBytes(min, kind), max: boundBytes(max, kind) } : null;
    return { endRow, bounds };
  });
}

/** In PostgreSQL's bytes. */
function boundBytes(value: unknown, kind: HeldKind): DataView {
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

const MAX_SHOWN_BYTES = 32;

/** PostgreSQL's bytes of a value, for a message. */
function inHex(view: DataView, offset: number, length: number): string {
  const shown = Math.min(length, MAX_SHOWN_BYTES);
  const hex = Buffer.from(view.buffer, view.byteOffset + offset, shown).toString('hex');
  return `\\x${hex}${length > shown ? '…' : ''}`;
}
