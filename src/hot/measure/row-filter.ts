/** Which rows of a stretch of time are meant. */
import type { TimeColumn } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { name, raw, type Sql, sql } from '../sql.ts';
import { timeBounds } from './time-bounds.ts';

/** Rows whose `column` holds none of these values; a null is none of them. */
export interface RowFilter {
  readonly column: string;
  readonly noneOf: readonly string[];
}

/** The condition for the rows of `range` that pass `filter`; null is all of them. */
export function rowsWhere(time: TimeColumn, range: TimeRange, filter: RowFilter | null): Sql {
  return sql`${timeBounds(time, range)} and ${filterCondition(filter)}`;
}

function filterCondition(filter: RowFilter | null): Sql {
  if (filter === null) return raw('true');
  const column = name(filter.column);
  // Compared as text: an enum or char column takes any configured word without an error.
  return sql`(${column} is null or ${column}::text <> all (${filter.noneOf}::text[]))`;
}
