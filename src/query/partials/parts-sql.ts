/** What PostgreSQL computes of its rows. */
import { type ColumnPlan, isFloat } from '../../domain/columns/column-plan.ts';
import { name, raw, type Sql, sql } from '../../hot/sql.ts';
import { dayOf, exactSql } from '../exact/condition-sql.ts';
import type { ExactCondition } from '../exact/exact-condition.ts';
import type { HotPart } from './parts.ts';

/** @param filter the part's own, resolved */
export function partSql(part: HotPart, filter: ExactCondition): Sql {
  const column = part.column === null ? raw('*') : name(part.column.name);
  switch (part.kind) {
    case 'column':
      return comparable(part);
    case 'day':
      return dayOf(part.column);
    case 'trunc':
      return part.column.held.kind === 'timestamptz'
        ? sql`date_trunc(${part.unit}, ${column}, 'UTC')`
        : sql`date_trunc(${part.unit}, ${column})`;
    case 'bucket': {
      const type = raw(part.column.held.kind);
      const width = sql`${String(part.widthUs)}::bigint * interval '1 microsecond'`;
      const origin = part.column.held.kind === 'timestamptz' ? `${BUCKET_ORIGIN}Z` : BUCKET_ORIGIN;
      return sql`date_bin(${width}, ${column}, ${origin}::${type})`;
    }
    case 'count':
      return filtered(sql`count(${column})`, filter);
    case 'sum': {
      const digits = raw(`numeric(38,${String(part.scale)})`);
      return sql`${filtered(sql`sum(${column})`, filter)}::${digits}`;
    }
    case 'at':
      return valueAt(part, filter);
    case 'min':
    case 'max':
    case 'bool_and':
    case 'bool_or':
      return filtered(sql`${raw(part.kind)}(${comparable(part)})`, filter);
  }
}

/**
 * Arrays compare by their first element that differs: the least or greatest one is that of the row in
 * question, in constant memory. Where two rows are alike in `by`, either may be it.
 */
function valueAt(
  { end, column, by }: Extract<HotPart, { kind: 'at' }>,
  filter: ExactCondition,
): Sql {
  const value = name(column.name);
  const at = instantOf(by);
  // A double holds whole seconds and microseconds exactly, and not both as one number.
  const pair = isFloat(column)
    ? sql`array[floor(${at})::float8, (${at} - floor(${at}))::float8, ${value}::float8]`
    : sql`array[${at}, ${value}::numeric]`;
  const chosen = filtered(sql`${raw(end)}(${pair})`, filter);
  return sql`(${chosen})[${raw(isFloat(column) ? '3' : '2')}]::${raw(TYPE_NAMES[column.held.kind] ?? column.postgresType)}`;
}

const TYPE_NAMES: Partial<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  decimal: 'numeric',
};

function instantOf({ name: column, held }: ColumnPlan): Sql {
  const isTime = held.kind === 'timestamptz' || held.kind === 'timestamp';
  return isTime ? sql`extract(epoch from ${name(column)})` : sql`${name(column)}::numeric`;
}

/** Where DuckDB's time_bucket begins to count widths that have no months. */
const BUCKET_ORIGIN = '2000-01-03T00:00:00';

function comparable({
  column,
}: Extract<HotPart, { kind: 'column' | 'min' | 'max' | 'bool_and' | 'bool_or' }>): Sql {
  const value = name(column.name);
  return column.held.kind === 'varchar' ? sql`${value} collate "C"` : value;
}

function filtered(aggregate: Sql, filter: ExactCondition): Sql {
  return filter.kind === 'true' ? aggregate : sql`${aggregate} filter (where ${exactSql(filter)})`;
}
