/** The constants of a condition as values, worked out by DuckDB and only where PostgreSQL compares them alike. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { NotInParts } from '../partials/not-in-parts.ts';
import { isTextLiteral } from '../sql/constant-expression.ts';
import { plainText, plainTime } from '../sql/plain-literal.ts';
import { runForTexts } from '../sql/run-template.ts';
import type { TextRules } from '../stores.ts';
import { PLAIN_TEXT } from './exact-columns.ts';
import type { ExactCondition, ExactValue } from './exact-condition.ts';
import type { ReadComparison, ReadCondition } from './read-condition.ts';

/**
 * Runs in the transaction of the query, so that `now()` is the same instant in both.
 *
 * @throws NotInParts where DuckDB would compare in another way than PostgreSQL does
 */
export async function resolveCondition(
  connection: DuckDBConnection,
  condition: ReadCondition,
  texts: TextRules,
): Promise<ExactCondition> {
  const comparisons = comparisonsIn(condition);
  const found = await evaluate(connection, comparisons);
  const values = new Map(
    comparisons.map((comparison, index) => [comparison, valueOf(comparison, found[index], texts)]),
  );
  return resolve(condition, values, texts);
}

function comparisonsIn(condition: ReadCondition): readonly ReadComparison[] {
  switch (condition.kind) {
    case 'true':
    case 'is null':
    case 'flag':
      return [];
    case 'compare':
      return [condition];
    case 'not':
      return comparisonsIn(condition.of);
    case 'and':
    case 'or':
      return condition.of.flatMap(comparisonsIn);
  }
}

function resolve(
  condition: ReadCondition,
  values: ReadonlyMap<ReadComparison, ExactValue>,
  texts: TextRules,
): ExactCondition {
  switch (condition.kind) {
    case 'true':
    case 'is null':
    case 'flag':
      return condition;
    case 'not':
      return { kind: 'not', of: resolve(condition.of, values, texts) };
    case 'and':
    case 'or':
      return { kind: condition.kind, of: condition.of.map((part) => resolve(part, values, texts)) };
    case 'compare': {
      const value = values.get(condition);
      if (value === undefined) throw inexact(condition);
      const { kind, column, asDate, operator } = condition;
      const isFolded = texts.folded.has(column.name);
      return { kind, column, asDate, operator, value, isFolded };
    }
  }
}

/** A constant as DuckDB sees it. */
interface Evaluated {
  /** Its own type; of a literal in quotes, that of the column. */
  readonly type: string;
  readonly text: string | null;
  /** In the type of the column; null where it does not fit. */
  readonly cast: string | null;
  /** Nothing was lost by that. */
  readonly isSame: boolean;
}

async function evaluate(
  connection: DuckDBConnection,
  comparisons: readonly ReadComparison[],
): Promise<readonly (Evaluated | undefined)[]> {
  const plain = comparisons.map(readPlain);
  const others = comparisons.filter((_, index) => plain[index] === null);
  const asked = new Map<ReadComparison, Evaluated>();
  for (const [index, found] of (await ask(connection, others)).entries()) {
    const comparison = others[index];
    if (comparison !== undefined) asked.set(comparison, found);
  }
  return comparisons.map((comparison, index) => plain[index] ?? asked.get(comparison));
}

/** What the engine would say of a literal that means the same to everybody. */
function readPlain(comparison: ReadComparison): Evaluated | null {
  const { constant } = comparison;
  const type = comparedType(comparison);
  const text = plainText(constant);
  if (type === 'VARCHAR') {
    return text === null ? null : { type, text, cast: text, isSame: true };
  }
  const time = plainTime(constant, type);
  if (time === null) return null;
  const own = text === null ? type : 'VARCHAR';
  return { type: own, text: text ?? time.text, cast: time.text, isSame: true };
}

async function ask(
  connection: DuckDBConnection,
  comparisons: readonly ReadComparison[],
): Promise<readonly Evaluated[]> {
  const items = comparisons.flatMap((comparison, index) => {
    const constant = `"$${String(index)}"`;
    const cast = `try_cast(${constant} as ${comparedType(comparison)})`;
    return [
      `try(typeof(${constant}))`,
      `try(cast(${constant} as varchar))`,
      `try(cast(${cast} as varchar))`,
      `cast(coalesce(try(${cast} = ${constant}), false) as varchar)`,
    ];
  });
  const texts = await runForTexts(
    connection,
    items,
    comparisons.map(({ constant }) => constant),
  );
  if (texts.length === 0) return [];
  return comparisons.map((_, index) => {
    const [type = null, text = null, cast = null, isSame = null] = texts.slice(4 * index);
    return { type: type ?? '', text, cast, isSame: isSame === 'true' };
  });
}

/** An integer is compared as the widest there is: `small = 100000` is no error, and false. */
function comparedType({ column, asDate, constant }: ReadComparison): string {
  if (asDate) return 'DATE';
  return WHOLE.has(column.duckdbType) && !isTextLiteral(constant) ? 'BIGINT' : column.duckdbType;
}

const WHOLE: ReadonlySet<string> = new Set(['SMALLINT', 'INTEGER', 'BIGINT']);
const INTEGER_TYPE = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT)$/;
const TIME_TYPE = /^(DATE|TIMESTAMP|TIMESTAMP WITH TIME ZONE)$/;
/** As much before and after the point as fits beside any of these in one decimal. */
const MODEST_DECIMAL = /^DECIMAL\((?:1?\d|2[0-8]),(?:\d|10)\)$/;
/** The years that both sides write alike. */
const PLAIN_TIME = /^(\d{4}-\d\d-\d\d|-?infinity)(?!.*BC)/;

function valueOf(
  comparison: ReadComparison,
  found: Evaluated | undefined,
  texts: TextRules,
): ExactValue {
  const { column, asDate, operator, constant } = comparison;
  if (found === undefined) throw inexact(comparison);
  const type = postgresTypeOf(column, asDate);
  if (type === null) throw inexact(comparison);
  if (found.text === null && found.type === '"NULL"') return { text: null, type };
  const isLiteral = isTextLiteral(constant);
  const own = isLiteral ? null : found.type;
  const exactCast = found.isSame ? found.cast : null;
  switch (type) {
    case 'bigint':
      if (own === null || INTEGER_TYPE.test(own)) return valueIn(comparison, type, exactCast);
      if (!MODEST_DECIMAL.test(own)) throw inexact(comparison);
      return exactCast === null
        ? valueIn(comparison, 'numeric', found.text)
        : { text: exactCast, type };
    case 'numeric':
      if (!MODEST_DECIMAL.test(column.duckdbType)) throw inexact(comparison);
      // What is in quotes is rounded to the column's digits; what is a number is compared as it is.
      if (own === null) return valueIn(comparison, type, found.cast);
      if (!INTEGER_TYPE.test(own) && !MODEST_DECIMAL.test(own)) throw inexact(comparison);
      return valueIn(comparison, type, found.text);
    case 'float8':
      if (own !== null && !/^(DOUBLE|FLOAT|DECIMAL.*)$/.test(own) && !INTEGER_TYPE.test(own)) {
        throw inexact(comparison);
      }
      return valueIn(comparison, type, found.cast);
    case 'float4':
      return valueIn(comparison, type, own === null || own === 'FLOAT' ? found.cast : null);
    case 'date':
    case 'timestamp':
    case 'timestamptz': {
      const isTime = own === null || TIME_TYPE.test(own);
      const isPlain = PLAIN_TIME.test(exactCast ?? '');
      return valueIn(comparison, type, isTime && isPlain ? exactCast : null);
    }
    case 'text': {
      const isOrdered = texts.order === 'by UTF-8' || operator === '=' || operator === '<>';
      return valueIn(comparison, type, own === null && isOrdered ? found.text : null);
    }
    case 'uuid': {
      const isEquality = operator === '=' || operator === '<>';
      return valueIn(comparison, type, own === null && isEquality ? exactCast : null);
    }
  }
}

function valueIn(
  comparison: ReadComparison,
  type: ExactValue['type'],
  text: string | null,
): ExactValue {
  // PostgreSQL's text has no NUL, so that no row of it is equal to one that has.
  if (text === null || text.includes('\0')) throw inexact(comparison);
  return { text, type };
}

/** Null where values of the two sides are not compared alike. */
function postgresTypeOf(column: ColumnPlan, asDate: boolean): ExactValue['type'] | null {
  if (asDate) return 'date';
  switch (column.held.kind) {
    case 'int2':
    case 'int4':
    case 'int8':
      return 'bigint';
    case 'decimal':
      return 'numeric';
    case 'float4':
    case 'float8':
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'uuid':
      return column.held.kind;
    case 'varchar':
      return PLAIN_TEXT.test(column.postgresType) ? 'text' : null;
    default:
      return null;
  }
}

function inexact({ column }: ReadComparison): NotInParts {
  return new NotInParts(
    `its condition on ${column.name} is one that PostgreSQL may answer otherwise than the engine`,
  );
}
