/** The DuckDB type as which a query sees a column that its files hold as text. */
import type { ColumnPlan } from './column-plan.ts';

/**
 * The text of a `jsonb` is JSON again. That of a `json` stays text: PostgreSQL takes what DuckDB does
 * not, such as half a surrogate pair, and no value may be out of reach. What is held as text by choice, or because no
 * Parquet type is as wide, is of its own type again where DuckDB has one for each of its values.
 */
export function viewTypeOf({ duckdbType, held, postgresType }: ColumnPlan): string | undefined {
  if (duckdbType !== 'VARCHAR') return undefined;
  if (held.kind === 'jsonb' || (held.kind === 'text' && postgresType === 'jsonb')) return 'JSON';
  return held.kind === 'text' ? TYPE_OF_TEXT.get(postgresType) : undefined;
}

/** By what `format_type` says. Each value's text is one that a cast to the type reads as that very value. */
const TYPE_OF_TEXT: ReadonlyMap<string, string> = new Map([
  ['boolean', 'BOOLEAN'],
  ['smallint', 'SMALLINT'],
  ['integer', 'INTEGER'],
  ['bigint', 'BIGINT'],
  ['oid', 'UINTEGER'],
  ['xid', 'UINTEGER'],
  ['cid', 'UINTEGER'],
  ['xid8', 'UBIGINT'],
  ['oid8', 'UBIGINT'],
  ['real', 'FLOAT'],
  ['double precision', 'DOUBLE'],
  ['uuid', 'UUID'],
  ['time without time zone', 'TIME'],
]);
