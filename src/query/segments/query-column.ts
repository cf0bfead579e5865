/** A column as a query sees it. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { ColdColumn } from './cold-catalog.ts';

/**
 * The text of a `jsonb` is JSON again. That of a `json` stays text: PostgreSQL takes what DuckDB does
 * not, such as half a surrogate pair, and no value may be out of reach. What is held as text by choice, or because no
 * Parquet type is as wide, is of its own type again where DuckDB has one for each of its values.
 */
export function columnOf(plan: ColumnPlan): ColdColumn {
  if (plan.duckdbType !== 'VARCHAR') return plan;
  const viewType =
    plan.held.kind === 'jsonb' || (plan.held.kind === 'text' && plan.postgresType === 'jsonb')
      ? 'JSON'
      : plan.held.kind === 'text'
        ? TYPE_OF_TEXT.get(plan.postgresType)
        : undefined;
  return viewType === undefined ? plan : { ...plan, viewType };
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

/** In what its values compare and sort otherwise than in PostgreSQL, as a clause; null where they don't. */
export function differenceOf(column: ColdColumn): string | null {
  const { held, postgresType = '', viewType } = column;
  if (held === undefined) return null;
  if (viewType === 'JSON') return 'is compared as its text';
  if (held.kind === 'text') return viewType === undefined ? 'is compared as its text' : null;
  if (held.kind !== 'varchar') return null;
  if (postgresType.startsWith('character(')) return 'keeps its trailing blanks, which count';
  return TEXTS.test(postgresType) ? null : 'is compared as its text';
}

const TEXTS = /^(text|character varying(\(\d+\))?|name|refcursor)$/;
