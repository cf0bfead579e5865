/**
 * `$1`, `$2`, … of a query. Their values are put into its text as literals, so that they prune segments
 * and reach PostgreSQL as constants do. What a value becomes is so what DuckDB makes of a literal.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { agree, countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import {
  type AstObject,
  type AstValue,
  formatAst,
  isObject,
  objectsIn,
  textIn,
  visitObjects,
} from './sql-ast.ts';
import { quoteText } from './sql-text.ts';
import { admitSelect } from './statement.ts';
import { assertWholeText } from './whole-text.ts';

/** A text takes on the type of what it is compared with or cast to; the others have their own. */
export type ParameterValue = string | number | boolean | null;

export interface FilledQuery {
  readonly sql: string;
  readonly statement: AstObject;
}

/**
 * @param statement what `sql` parses to
 * @throws TierdError QUERY_INVALID where there are not as many values as parameters, and where a parameter is
 *   written in another way than `$1`
 */
export async function fillParameters(
  connection: DuckDBConnection,
  { sql, statement }: FilledQuery,
  values: readonly ParameterValue[],
): Promise<FilledQuery> {
  const asked = identifiersIn(statement);
  assertAllGiven(asked, values.length);
  if (values.length === 0) return { sql, statement };
  for (const [at, value] of values.entries()) {
    if (typeof value === 'string') assertWholeText(`The value of $${String(at + 1)}`, value);
  }
  const literals = values.map(literalOf);
  const filled = splice(sql, literals);
  const found = await admitSelect(connection, filled);
  const constants = await admitSelect(connection, `select ${literals.join(', ')}`);
  // Not by trust in our reading of SQL: the text has to say what the tree says with its values in it.
  const expected = { node: substitute(statement['node'] ?? null, constantsOf(constants)) };
  if (meaningOf(found) !== meaningOf(expected)) {
    throw invalid(
      'The values could not be put in the places of the parameters.',
      'Write parameters as $1, $2 and so on.',
    );
  }
  return { sql: filled, statement: found };
}

function assertAllGiven(asked: ReadonlySet<string>, given: number): void {
  const wanted = Array.from({ length: Math.max(given, asked.size) }, (_, at) => String(at + 1));
  if (wanted.length === asked.size && wanted.every((name) => asked.has(name))) {
    if (given === asked.size) return;
  }
  const names = [...asked].map((name) => `$${name}`).sort();
  throw invalid(
    `The query has ${names.length === 0 ? 'no parameters' : `the parameters ${names.join(', ')}`}, and ${countOf(given, 'value')} ${agree(given, 'is', 'are')} given. Nothing was run.`,
    'Number parameters from $1 on and give a value for each, in their order: --param VALUE on the command line, "params" over HTTP.',
  );
}

function identifiersIn(tree: AstValue): ReadonlySet<string> {
  const found = new Set<string>();
  visitObjects(tree, (node) => {
    if (node['class'] === 'PARAMETER') found.add(textIn(node['identifier']));
  });
  return found;
}

/** In parentheses: after a minus, a negative number would begin a comment. */
function literalOf(value: ParameterValue): string {
  return `(${typeof value === 'string' ? quoteText(value) : String(value)})`;
}

/** What `$` means nothing in, then the parameter itself. */
const TOKENS =
  /[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(?<tag>[A-Za-z_]\w*)?\$[\s\S]*?\$\k<tag>\$|\$(?<number>\d+)|[A-Za-z_][\w$]*/g;

function splice(sql: string, literals: readonly string[]): string {
  return sql.replace(TOKENS, (token: string, ...rest: unknown[]) => {
    const { number } = rest.at(-1) as { readonly number?: string };
    return number === undefined ? token : (literals[Number(number) - 1] ?? token);
  });
}

function constantsOf(statement: AstObject): readonly AstObject[] {
  const { node } = statement;
  return isObject(node) ? objectsIn(node['select_list']) : [];
}

function substitute(value: AstValue, constants: readonly AstObject[]): AstValue {
  if (isObject(value) && value['class'] === 'PARAMETER') {
    const constant = constants[Number(textIn(value['identifier'])) - 1];
    const alias = value['alias'];
    return constant === undefined || alias === undefined
      ? (constant ?? value)
      : { ...constant, alias };
  }
  return mapped(value, (member) => substitute(member, constants));
}

/** Beside its node a statement has a list of its parameters. */
export function meaningOf({ node }: AstObject): string {
  return formatAst(withoutPlaces(node ?? null));
}

/** Where in the text something stood is no part of what it says. */
function withoutPlaces(value: AstValue): AstValue {
  if (isObject(value)) {
    const { query_location: _, ...said } = value;
    return mapped(said, withoutPlaces);
  }
  return mapped(value, withoutPlaces);
}

function mapped(value: AstValue, change: (member: AstValue) => AstValue): AstValue {
  if (Array.isArray(value)) return (value as readonly AstValue[]).map(change);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      member === undefined ? undefined : change(member),
    ]),
  );
}

function invalid(message: string, hint: string): TierdError {
  return new TierdError({ code: 'QUERY_INVALID', message, hint });
}
