/**
 * A predicate as PostgreSQL can be asked for it: its constants are values, worked out by DuckDB. Every
 * row that DuckDB's WHERE clause passes, passes here; DuckDB looks at each row again. So only such
 * comparisons are sent as can't mean less there than here: equal texts, and exact whole numbers.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ViewSchema } from '../segments/view-schema.ts';
import { isTextLiteral } from '../sql/constant-expression.ts';
import { plainText } from '../sql/plain-literal.ts';
import {
  type Comparison,
  type ComparisonOperator,
  comparisonsIn,
  type Predicate,
} from '../sql/predicate.ts';
import { runForTexts } from '../sql/run-template.ts';

export type HotPredicate =
  | { readonly kind: 'any' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly HotPredicate[] }
  | {
      readonly kind: 'compare';
      readonly column: string;
      readonly operator: ComparisonOperator;
      /** A text, or the digits of a whole number. */
      readonly value: string;
    };

const ANY: HotPredicate = { kind: 'any' };

export async function resolveForHot(
  connection: DuckDBConnection,
  schema: ViewSchema,
  predicate: Predicate,
): Promise<HotPredicate> {
  const asked = comparisonsIn(predicate).filter((comparison) => isSendable(comparison, schema));
  const values = await valuesOf(connection, schema, asked);
  const valueOf = new Map(asked.map((comparison, index) => [comparison, values[index] ?? null]));
  return resolve(predicate, valueOf);
}

const WHOLE_NUMBERS = new Set(['SMALLINT', 'INTEGER', 'BIGINT']);

function isSendable(
  { column, asDate, operator, constant }: Comparison,
  schema: ViewSchema,
): boolean {
  const type = schema.get(column) ?? '';
  if (asDate) return false;
  // Texts are ordered by bytes here and by a collation there; equal by bytes is equal in any.
  if (type === 'VARCHAR') return operator === '=' && isTextLiteral(constant);
  return WHOLE_NUMBERS.has(type);
}

/** Null for what is no whole number: 5.5, infinity, a text that is none. */
async function valuesOf(
  connection: DuckDBConnection,
  schema: ViewSchema,
  comparisons: readonly Comparison[],
): Promise<readonly (string | null)[]> {
  const texts = comparisons.map(({ column, constant }) =>
    schema.get(column) === 'VARCHAR' ? plainText(constant) : null,
  );
  const others = comparisons.filter((_, index) => texts[index] === null);
  const expressions = others.map(({ column, constant }, index) => {
    const placeholder = `"$${String(index)}"`;
    if (schema.get(column) === 'VARCHAR') return `try(${placeholder}::varchar)`;
    if (isTextLiteral(constant)) return `try_cast(${placeholder} as bigint)::varchar`;
    return `try(case when typeof(${placeholder}) in ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER')
            then try_cast(${placeholder} as bigint)::varchar end)`;
  });
  // Nothing is sent where DuckDB can't.
  const found = await runForTexts(
    connection,
    expressions,
    others.map(({ constant }) => constant),
  );
  const valueOf = new Map(others.map((comparison, index) => [comparison, found[index] ?? null]));
  return comparisons.map((comparison, index) => texts[index] ?? valueOf.get(comparison) ?? null);
}

function resolve(
  predicate: Predicate,
  valueOf: ReadonlyMap<Comparison, string | null>,
): HotPredicate {
  switch (predicate.kind) {
    case 'any':
    case 'null':
      return ANY;
    case 'compare': {
      const value = valueOf.get(predicate) ?? null;
      if (value === null) return ANY;
      return { kind: 'compare', column: predicate.column, operator: predicate.operator, value };
    }
    case 'and':
    case 'or':
      return joined(
        predicate.kind,
        predicate.of.map((part) => resolve(part, valueOf)),
      );
  }
}

/** The part of it that speaks of these columns: every row that passes the whole passes it. */
export function ofColumnsOnly(predicate: HotPredicate, columns: readonly string[]): HotPredicate {
  switch (predicate.kind) {
    case 'any':
      return ANY;
    case 'compare':
      return columns.includes(predicate.column) ? predicate : ANY;
    case 'and':
    case 'or':
      return joined(
        predicate.kind,
        predicate.of.map((part) => ofColumnsOnly(part, columns)),
      );
  }
}

function joined(kind: 'and' | 'or', parts: readonly HotPredicate[]): HotPredicate {
  const telling = parts.filter((part) => part.kind !== 'any');
  const [first] = telling;
  if (first === undefined || (kind === 'or' && telling.length < parts.length)) return ANY;
  return telling.length === 1 ? first : { kind, of: telling };
}
