/** DuckDB's parser, asked for the tree of a query and for the query of a tree. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { LRUCache } from 'lru-cache';
import { TierdError } from '../../domain/errors.ts';
import {
  type AstObject,
  type AstValue,
  formatAst,
  isObject,
  objectsIn,
  parseAst,
  textIn,
} from './sql-ast.ts';

/**
 * The parse tree of `sql`, which has to be exactly one SELECT (or what DuckDB reads as one: WITH,
 * VALUES, FROM, DESCRIBE, SUMMARIZE, SHOW TABLES). Executes nothing.
 *
 * @throws TierdError QUERY_INVALID where it does not parse, QUERY_NOT_ALLOWED where it is no
 *   single SELECT
 */
export async function admitSelect(connection: DuckDBConnection, sql: string): Promise<AstObject> {
  const known = admitted.get(sql);
  if (known !== undefined) return known;
  const statement = await parseSelect(connection, sql);
  admitted.set(sql, statement);
  return statement;
}

/**
 * By their text, the trees of the last questions: whoever watches something asks the same again. A tree takes a
 * hundred times the memory of its text and more, so long ones are not kept.
 */
const admitted = new LRUCache<string, AstObject>({
  max: 100,
  maxSize: 100_000,
  maxEntrySize: 10_000,
  sizeCalculation: (_, sql) => sql.length + 1,
});

async function parseSelect(connection: DuckDBConnection, sql: string): Promise<AstObject> {
  const tree = await serialize(connection, sql);
  if (tree['error'] !== false) {
    if (tree['error_type'] === 'not implemented') throw notAllowed();
    throw new TierdError({
      code: 'QUERY_INVALID',
      message: `The query does not parse: ${textIn(tree['error_message'])}`,
      hint: 'tierd query speaks DuckDB’s SQL, which is close to PostgreSQL’s; docs/query.md has examples. A column that is named as a word of it (at, order) is written in double quotes.',
    });
  }
  const statements = objectsIn(tree['statements']);
  const [only] = statements;
  if (only === undefined) {
    throw new TierdError({
      code: 'QUERY_INVALID',
      message: 'The query is empty.',
      hint: 'Give one SELECT, for instance: tierd query "select count(*) from market_data".',
    });
  }
  if (statements.length > 1) throw notAllowed();
  return only;
}

/** Whether it asks what tables and columns there are, and for no row of them: DESCRIBE, SHOW TABLES. */
export function looksOnly(statement: AstObject): boolean {
  const shown = shownBy(statement);
  return shown !== null && shown['show_type'] !== 'SUMMARY';
}

/** What DESCRIBE, SHOW and SUMMARIZE show; null for a SELECT. */
function shownBy({ node }: AstObject): AstObject | null {
  const from = isObject(node) ? node['from_table'] : undefined;
  return isObject(from) && from['type'] === 'SHOW_REF' ? from : null;
}

/** A DESCRIBE, SHOW or SUMMARIZE as it may stand in a FROM; null for a SELECT. */
export async function shownText(
  connection: DuckDBConnection,
  sql: string,
  statement: AstObject,
): Promise<string | null> {
  if (shownBy(statement) === null) return null;
  // Out of its tree, for a semicolon or a comment at its end would take the parenthesis with it.
  const reader = await connection.runAndReadAll(
    'select json_deserialize_sql(json_serialize_sql($1::varchar))',
    [sql],
  );
  return String(reader.getRows()[0]?.[0]);
}

/**
 * The parse tree of `template`, one SELECT, with each `"$0"`, `"$1"`, … replaced by the expression of that
 * number. Through the tree and not through text: it says exactly what the query said.
 */
export async function parseTemplate(
  connection: DuckDBConnection,
  template: string,
  expressions: readonly AstObject[],
): Promise<AstObject> {
  const [statement = {}] = objectsIn((await serialize(connection, template))['statements']);
  const filled = substitute(statement, expressions);
  return isObject(filled) ? filled : {};
}

/** The SQL of a statement's parse tree; null where DuckDB can't write it. */
export async function writeStatement(
  connection: DuckDBConnection,
  statement: AstValue,
): Promise<string | null> {
  const reader = await connection.runAndReadAll(
    'select try(json_deserialize_sql(tree)) from (select $1::json as tree)',
    [formatAst({ error: false, statements: [statement] })],
  );
  const sql = reader.getRows()[0]?.[0];
  return typeof sql === 'string' ? sql : null;
}

async function serialize(connection: DuckDBConnection, sql: string): Promise<AstObject> {
  const reader = await connection.runAndReadAll(
    'select json_serialize_sql($1::varchar, skip_null := true)',
    [sql],
  );
  const tree = parseAst(String(reader.getRows()[0]?.[0]));
  return isObject(tree) ? tree : {};
}

function substitute(value: AstValue, expressions: readonly AstObject[]): AstValue {
  if (Array.isArray(value)) {
    return (value as readonly AstValue[]).map((item) => substitute(item, expressions));
  }
  if (!isObject(value)) return value;
  const names = value['class'] === 'COLUMN_REF' ? value['column_names'] : undefined;
  const placeholder = Array.isArray(names)
    ? /^\$(\d+)$/.exec(textIn((names as readonly AstValue[])[0]))
    : null;
  const expression = placeholder === null ? undefined : expressions[Number(placeholder[1])];
  const alias = textIn(value['alias']);
  if (expression !== undefined) return alias === '' ? expression : { ...expression, alias };
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      member === undefined ? undefined : substitute(member, expressions),
    ]),
  );
}

function notAllowed(): TierdError {
  return new TierdError({
    code: 'QUERY_NOT_ALLOWED',
    message: 'tierd query runs exactly one SELECT, and this is something else. Nothing was run.',
    hint: 'Give one SELECT: with --explain to see what it would read, with --format and --output to write its result to a file.',
  });
}
