/**
 * A condition on the rows of one dataset, as a person types it: one expression that is true or false of a row by
 * its own values alone. What it is true of is taken away, file by file, so it must say the same each time.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type ErrorCode, TierdError } from '../../domain/errors.ts';
import { suggest } from '../../domain/suggest.ts';
import { meaningOf } from '../sql/parameters.ts';
import {
  type AstObject,
  type AstValue,
  foldName,
  isObject,
  objectsIn,
  textIn,
  visitObjects,
} from '../sql/sql-ast.ts';
import { admitSelect, parseTemplate } from '../sql/statement.ts';
import { assertWholeText } from '../sql/whole-text.ts';

interface Rows {
  readonly dataset: string;
  readonly columns: readonly string[];
}

/** Kinds of expressions that look at nothing but the row. */
const ADMITTED: ReadonlySet<string> = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLLATE',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'OPERATOR',
]);

/** Macros of DuckDB's, of which its catalogue does not say that they always give the same. */
const PLAIN_MACROS: ReadonlySet<string> = new Set(['nullif', 'split_part']);

/**
 * @returns the expression
 * @throws TierdError QUERY_INVALID where it is not understood, QUERY_NOT_ALLOWED where it looks at more than the row
 */
export async function admitCondition(
  connection: DuckDBConnection,
  text: string,
  rows: Rows,
): Promise<AstObject> {
  assertWholeText('The condition', text);
  const expression = await parseOne(connection, text);
  visitObjects(expression, (node) => {
    const kind = textIn(node['class']);
    if (kind === '') return;
    if (!ADMITTED.has(kind)) throw notAllowed(NAMES.get(kind) ?? kind.toLowerCase());
    if (kind === 'COLUMN_REF') admitColumn(node, rows);
  });
  await admitFunctions(connection, expression);
  return expression;
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['SUBQUERY', 'a subquery'],
  ['WINDOW', 'a window function'],
  ['STAR', '*, which is no column'],
  ['PARAMETER', 'a parameter'],
  ['LAMBDA', 'a lambda'],
]);

/** It has to be the expression, and nothing more: in parentheses, and without them, so that it closes none but its own. */
async function parseOne(connection: DuckDBConnection, text: string): Promise<AstObject> {
  const statement = await parse(connection, `select (\n${text}\n)`);
  const node = statement['node'];
  const [expression, more] = isObject(node) ? objectsIn(node['select_list']) : [];
  if (expression === undefined || more !== undefined) throw notOne();
  const alone = await parseTemplate(connection, 'select "$0"', [expression]);
  if (meaningOf(alone) !== meaningOf(statement)) throw notOne();
  await parse(connection, `select\n${text}\n`);
  return expression;
}

async function parse(connection: DuckDBConnection, sql: string): Promise<AstObject> {
  try {
    return await admitSelect(connection, sql);
  } catch (error) {
    if (!(error instanceof TierdError)) throw error;
    const why = error.message.split('\n', 1)[0]?.replace(/^The query does not parse: /u, '') ?? '';
    throw error.code === 'QUERY_INVALID'
      ? conditionError('QUERY_INVALID', `The condition does not parse: ${why}`)
      : notOne();
  }
}

function admitColumn(node: AstObject, { dataset, columns }: Rows): void {
  const names = node['column_names'];
  const path = Array.isArray(names) ? (names as readonly AstValue[]).map(textIn) : [];
  const isOwn =
    path.length === 1 || (path.length === 2 && foldName(path[0] ?? '') === foldName(dataset));
  const name = path.at(-1) ?? '';
  if (isOwn && columns.some((column) => foldName(column) === foldName(name))) return;
  const near = suggest(name, columns);
  throw conditionError(
    'QUERY_INVALID',
    `${dataset} has no column ${path.join('.')}${near === undefined ? '' : `; did you mean ${near}?`}`,
    `It has ${columns.join(', ')}. A text stands in single quotes.`,
  );
}

/** Each has to be known to give the same for the same values, always. */
async function admitFunctions(connection: DuckDBConnection, expression: AstObject): Promise<void> {
  const called = new Set<string>();
  visitObjects(expression, (node) => {
    if (node['class'] !== 'FUNCTION') return;
    const name = foldName(textIn(node['function_name']));
    // With one argument it is counted from today, of which the catalogue does not tell.
    if (name === 'age' && objectsIn(node['children']).length === 1) throw unsteady(name);
    called.add(name);
  });
  if (called.size === 0) return;
  const reader = await connection.runAndReadAll(
    `select distinct function_name from duckdb_functions()
     group by function_name
     having bool_and(function_type = 'scalar' and stability = 'CONSISTENT')`,
  );
  const steady = new Set(reader.getRows().map(([name]) => String(name)));
  for (const name of called) {
    if (steady.has(name) || PLAIN_MACROS.has(name)) continue;
    throw unsteady(name);
  }
}

function unsteady(name: string): TierdError {
  return notAllowed(
    `the function ${name}, which is not known to give the same for a row each time`,
    "Write the value that is meant in its place: a time as '2024-01-15'.",
  );
}

function notOne(): TierdError {
  return conditionError('QUERY_NOT_ALLOWED', 'The condition is not one expression');
}

function notAllowed(what: string, hint?: string): TierdError {
  return conditionError(
    'QUERY_NOT_ALLOWED',
    `The condition is of the values of one row, and this one has ${what}`,
    hint,
  );
}

export function conditionError(
  code: Extract<ErrorCode, 'QUERY_INVALID' | 'QUERY_NOT_ALLOWED'>,
  message: string,
  hint = "Write what may stand behind WHERE: symbol = 'AAPL' and price > 100.",
): TierdError {
  return new TierdError({ code, message: `${message}. Nothing was changed.`, hint });
}
