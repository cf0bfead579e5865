/** What `auto` means for each column, now that the table is known. */
import type { ColumnDescription, IntegerTimeUnit } from '../table.ts';
import type { Target } from './convert.ts';
import type { RowPlan } from './map-entry.ts';
import type { DrainSource, ValueType } from './source.ts';

/**
 * @returns the plan, or the mapped columns that the table has not (or makes up itself).
 */
export function planRows(
  source: DrainSource,
  columns: readonly ColumnDescription[],
): RowPlan | { readonly unknown: readonly string[] } {
  const known = new Map(columns.map((column) => [column.name, column]));
  const unknown = source.columns
    .map(({ column }) => column)
    .filter((column) => known.get(column)?.generated !== false);
  if (unknown.length > 0) return { unknown };
  const { timeColumn, timeUnit } = source.dataset;
  return {
    pattern: source.live.pattern,
    format: source.format,
    maxEntryBytes: source.maxEntryBytes,
    timeIndex: source.columns.findIndex(({ column }) => column === timeColumn),
    columns: source.columns.map((mapping) => {
      const oid = known.get(mapping.column)?.baseType.oid ?? 0;
      const unit = mapping.column === timeColumn ? (timeUnit ?? null) : null;
      return { ...mapping, target: targetOf(mapping, oid, unit) };
    }),
  };
}

function targetOf(
  { type, origin }: DrainSource['columns'][number],
  oid: number,
  unit: IntegerTimeUnit | null,
): Target {
  const isCaptured = origin.from === 'built-in' && origin.name === '$captured';
  const written = isCaptured && type === 'auto' ? 'time_us' : type;
  if (written !== 'auto') {
    return { type: written, countsIn: written.startsWith('time_') ? unit : null };
  }
  // A count in the column's own unit, which needs no other word for it.
  if (unit !== null) return { type: `time_${unit}`, countsIn: unit };
  return { type: BY_OID.get(oid) ?? 'text', countsIn: null };
}

/** The built-in types, by oid; all others read their text themselves. */
const BY_OID: ReadonlyMap<number, ValueType> = new Map<number, ValueType>([
  [1184, 'time_iso'],
  [1114, 'time_iso'],
  [1082, 'time_iso'],
  [1700, 'number'],
  [700, 'number'],
  [701, 'number'],
  [20, 'integer'],
  [21, 'integer'],
  [23, 'integer'],
  [16, 'boolean'],
  [114, 'json'],
  [3802, 'json'],
  [17, 'bytes'],
]);
