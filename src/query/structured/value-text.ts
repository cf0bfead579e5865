/**
 * A value that was typed, as the text of a literal that means just that. DuckDB would read more: of
 * `1.5` it makes the whole number 2, of too many digits a rounded decimal.
 */
import { invalid, type ShapeColumn } from './dataset-shape.ts';

const WHOLE = /^[+-]?\d{1,38}$/;
const DECIMAL = /^[+-]?(\d+)(?:\.(\d*?)0*)?$/;
const FLOAT = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$|^(NaN|[+-]?Infinity)$/i;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$/;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$/;
const INSTANT =
  /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$/i;

const RULES: Readonly<Record<string, { readonly pattern: RegExp; readonly expected: string }>> = {
  SMALLINT: { pattern: WHOLE, expected: 'a whole number' },
  INTEGER: { pattern: WHOLE, expected: 'a whole number' },
  UINTEGER: { pattern: WHOLE, expected: 'a whole number' },
  UBIGINT: { pattern: WHOLE, expected: 'a whole number' },
  BIGINT: { pattern: WHOLE, expected: 'a whole number' },
  FLOAT: { pattern: FLOAT, expected: 'a number' },
  DOUBLE: { pattern: FLOAT, expected: 'a number' },
  BOOLEAN: { pattern: /^(true|false)$/i, expected: 'true or false' },
  UUID: { pattern: UUID, expected: 'a UUID' },
  DATE: { pattern: DATE, expected: 'a day such as 2024-01-15' },
  TIME: { pattern: TIME, expected: 'a time of day such as 06:00:00' },
  TIMESTAMP: { pattern: TIMESTAMP, expected: 'a time without a zone, as 2024-01-15T06:00:00' },
  'TIMESTAMP WITH TIME ZONE': {
    pattern: INSTANT,
    expected: 'a time such as 2024-01-15T06:00:00Z',
  },
};

/** @throws TierdError QUERY_INVALID for what is no value of the column, or a column that is compared with none */
export function valueText(column: ShapeColumn, typed: string): string {
  const { type } = column;
  if (typed.includes('\u0000')) throw notAValue(column, typed, 'a text without the character 0');
  if (type === 'VARCHAR') return padded(column, typed);
  if (type.startsWith('DECIMAL(')) return decimalText(column, typed);
  const rule = RULES[type];
  if (rule === undefined) {
    throw invalid(
      `${column.name}: values of the type ${type} can't be compared with a text. Nothing was read.`,
      'Ask by another column, or in SQL: POST /v1/query.',
    );
  }
  if (!rule.pattern.test(typed)) throw notAValue(column, typed, rule.expected);
  return typed;
}

function decimalText(column: ShapeColumn, typed: string): string {
  const [, width = '38', scale = '0'] = /^DECIMAL\((\d+),(\d+)\)$/.exec(column.type) ?? [];
  const [, whole, fraction = ''] = DECIMAL.exec(typed) ?? [];
  if (whole === undefined) throw notAValue(column, typed, 'a decimal number');
  const isWithin =
    fraction.length <= Number(scale) &&
    whole.replace(/^0+/, '').length <= Number(width) - Number(scale);
  if (!isWithin) throw notAValue(column, typed, `a value that fits in ${column.type}`);
  return typed;
}

/** `char(5)` has its blanks in the lake too, and PostgreSQL compares without them. */
function padded({ postgresType }: ShapeColumn, typed: string): string {
  const length = /^character\((\d+)\)$/.exec(postgresType)?.[1];
  if (length === undefined) return typed;
  // PostgreSQL counts code points.
  return typed + ' '.repeat(Math.max(0, Number(length) - Array.from(typed).length));
}

function notAValue({ name, type }: ShapeColumn, typed: string, expected: string): Error {
  const shown = typed.length > 60 ? `${typed.slice(0, 60)}…` : typed;
  return invalid(
    `${name}: ${JSON.stringify(shown)} is no value of the type ${type}. Nothing was read.`,
    `Expected was ${expected}.`,
  );
}
