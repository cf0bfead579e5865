/**
 * Row groups of a segment as if each were a segment of its own, so that what rules out segments rules out row groups.
 * Their bounds are Parquet's, which are believed where a segment's proof has compared them with every value; else
 * those of the whole segment stand, which are true of each of its parts.
 */
import type { ColumnStatistics } from '../../domain/lake/column-statistics.ts';
import type { RowGroup, StoredBounds } from '../../lake/segment-files.ts';
import { isoTimestamp } from '../iso-time.ts';
import type { ColdColumn, ColdTimeColumn, SegmentRef } from './cold-catalog.ts';
import { nameInFile } from './columns-as-now.ts';

export function rowGroupRefs(
  segment: SegmentRef,
  groups: readonly RowGroup[],
  timeColumn: ColdTimeColumn | null,
  /** Those that a condition is on, by the names that they have now. */
  columns: ReadonlySet<string>,
): readonly SegmentRef[] {
  const compared = segment.columns.filter(({ name }) => columns.has(name));
  const time = segment.columns.find(({ name }) => name === timeColumn?.name);
  return groups.map((group) => {
    const known = compared.flatMap((column) => {
      const bounds = textsOf(column, group.boundsOf(nameInFile(column)));
      return bounds === null ? [] : [[nameInFile(column), bounds] as const];
    });
    return {
      ...segment,
      rows: BigInt(group.rows),
      ...timesOf(time, group),
      statistics: { ...segment.statistics, ...Object.fromEntries(known) },
      // What was counted is of the whole segment; where that has no null, it was not chosen for one.
      counts: null,
    };
  });
}

/** Parquet's numbers. */
const INT32 = 1;
const INT64 = 2;
const BYTE_ARRAY = 6;
const UTF8 = 0;
const DATE = 6;
const TIMESTAMP_MICROS = 10;

/** Of times that every engine reads and writes alike. */
const FIRST_US = BigInt(Date.UTC(1000, 0, 1)) * 1000n;
const LAST_US = BigInt(Date.UTC(9999, 11, 31)) * 1000n;
const DAY_US = 86_400_000_000n;

/** Nothing where they are not known: those of the segment are then taken. */
function timesOf(
  column: ColdColumn | undefined,
  group: RowGroup,
): Partial<Pick<SegmentRef, 'minTimeUs' | 'maxTimeUs'>> {
  if (!column?.duckdbType.startsWith('TIMESTAMP')) return {};
  const bounds = group.boundsOf(nameInFile(column));
  const min = bounds === null ? null : microsIn(bounds, bounds.min);
  const max = bounds === null ? null : microsIn(bounds, bounds.max);
  return min === null || max === null ? {} : { minTimeUs: min, maxTimeUs: max };
}

function textsOf(column: ColdColumn, bounds: StoredBounds | null): ColumnStatistics | null {
  if (bounds === null) return null;
  const min = textOf(column.duckdbType, bounds, bounds.min);
  const max = textOf(column.duckdbType, bounds, bounds.max);
  return min === null || max === null ? null : { min, max };
}

/** Null where it is not certain what the bytes mean. */
function textOf(type: string, bounds: StoredBounds, value: Uint8Array): string | null {
  const { physical, converted } = bounds;
  switch (type) {
    case 'VARCHAR':
      return physical === BYTE_ARRAY && converted === UTF8 ? utf8Of(value) : null;
    case 'SMALLINT':
    case 'INTEGER':
      return physical === INT32 && value.length === 4
        ? String(viewOf(value).getInt32(0, true))
        : null;
    case 'BIGINT':
      return physical === INT64 && value.length === 8
        ? String(viewOf(value).getBigInt64(0, true))
        : null;
    case 'DATE': {
      if (physical !== INT32 || converted !== DATE || value.length !== 4) return null;
      const micros = BigInt(viewOf(value).getInt32(0, true)) * DAY_US;
      return isUsual(micros) ? isoTimestamp(micros).slice(0, 10) : null;
    }
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE': {
      const micros = microsIn(bounds, value);
      if (micros === null) return null;
      const text = isoTimestamp(micros).replace('T', ' ');
      return type === 'TIMESTAMP' ? text : `${text}+00`;
    }
    default:
      return null;
  }
}

function microsIn({ physical, converted }: StoredBounds, value: Uint8Array): bigint | null {
  if (physical !== INT64 || converted !== TIMESTAMP_MICROS || value.length !== 8) return null;
  const micros = viewOf(value).getBigInt64(0, true);
  return isUsual(micros) ? micros : null;
}

function isUsual(micros: bigint): boolean {
  return micros >= FIRST_US && micros <= LAST_US;
}

function utf8Of(value: Uint8Array): string | null {
  const text = Buffer.from(value).toString();
  // A bound that was cut within a character is none that a text could have.
  return Buffer.compare(Buffer.from(text), value) === 0 ? text : null;
}

function viewOf(value: Uint8Array): DataView {
  return new DataView(value.buffer, value.byteOffset, value.byteLength);
}
