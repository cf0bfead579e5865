/**
 * Which expressions of a query are constants that may prune: those made only of literals and of
 * functions known to give the same result each time within one transaction.
 */
import { type AstObject, type AstValue, foldName, isObject, objectsIn, textIn } from './sql-ast.ts';

/** The clock stands still within a transaction (`now()`); the rest depends on arguments alone. */
const FUNCTIONS = new Set([
  '+',
  '-',
  '*',
  '/',
  '//',
  '%',
  'trunc',
  'now',
  'today',
  'current_date',
  'current_timestamp',
  'get_current_timestamp',
  'current_localtimestamp',
  'transaction_timestamp',
  'date_trunc',
  'datetrunc',
  'make_date',
  'make_timestamp',
  'make_timestamptz',
  'to_timestamp',
  'epoch_ms',
  'timezone',
  'to_years',
  'to_months',
  'to_weeks',
  'to_days',
  'to_hours',
  'to_minutes',
  'to_seconds',
  'to_milliseconds',
  'to_microseconds',
]);

/** These parse as the name of a column, and are functions where there is no such column. */
const CLOCK_NAMES = new Set(['current_date', 'current_timestamp', 'localtimestamp']);

/** A text among numbers or times would be compared as what it is cast to, so it can't prune. */
const CAST_TYPES = new Set([
  'DATE',
  'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE',
  'INTERVAL',
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'HUGEINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'UBIGINT',
  'DECIMAL',
  'FLOAT',
  'DOUBLE',
]);

/**
 * @param isColumn whether an unqualified name is a column where the expression stands; null when
 *   that can't be told
 */
export function isConstant(
  expression: AstValue | undefined,
  isColumn: ((name: string) => boolean) | null,
): expression is AstObject {
  if (!isObject(expression)) return false;
  switch (expression['class']) {
    case 'CONSTANT':
      return constantType(expression) !== 'BOOLEAN';
    case 'CAST':
      return (
        isObject(expression['cast_type']) &&
        CAST_TYPES.has(textIn(expression['cast_type']['id'])) &&
        isConstant(expression['child'], isColumn)
      );
    case 'FUNCTION': {
      const inner = expression['children'];
      const schema = textIn(expression['schema']);
      return (
        FUNCTIONS.has(foldName(textIn(expression['function_name']))) &&
        (schema === '' || schema === 'main') &&
        !isObject(expression['filter']) &&
        Array.isArray(inner) &&
        objectsIn(inner).every((child) => isConstant(child, isColumn))
      );
    }
    case 'COLUMN_REF': {
      const names = expression['column_names'];
      if (isColumn === null || !Array.isArray(names) || names.length !== 1) return false;
      const name = foldName(textIn((names as readonly AstValue[])[0]));
      return CLOCK_NAMES.has(name) && !isColumn(name);
    }
    default:
      return false;
  }
}

/** Whether it is a plain literal in quotes, which takes on the type of what it is compared with. */
export function isTextLiteral(expression: AstObject): boolean {
  return expression['class'] === 'CONSTANT' && constantType(expression) === 'VARCHAR';
}

function constantType(expression: AstObject): string {
  const value = expression['value'];
  return isObject(value) && isObject(value['type']) ? textIn(value['type']['id']) : '';
}
