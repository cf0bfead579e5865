/**
 * What a query may read: datasets by name, and functions that make rows out of their arguments. The
 * engine opens segments for tierd's own views, so that a path to one must be refused here: in it
 * are rows that no snapshot vouches for, of segments that were replaced and of other datasets.
 */
import { TierdError } from '../../domain/errors.ts';
import {
  type AstObject,
  type AstValue,
  foldName,
  isObject,
  objectsIn,
  textIn,
  visitObjects,
} from './sql-ast.ts';

/** Those that read no file and tell no setting. `query_table` is looked into. */
const ADMITTED_FUNCTIONS: ReadonlySet<string> = new Set([
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_keywords',
  'duckdb_tables',
  'duckdb_types',
  'duckdb_views',
  'generate_series',
  'icu_calendar_names',
  'json_each',
  'json_tree',
  'pg_timezone_names',
  'pragma_table_info',
  'pragma_version',
  'query_table',
  'range',
  'repeat',
  'repeat_row',
  'unnest',
]);

/**
 * @param datasets names of datasets and sources: a query may use them as they are, even if they look like a path
 * @throws TierdError QUERY_NOT_ALLOWED where a table is a file, or a function could read one
 */
export function admitSources(statement: AstValue, datasets: readonly string[]): void {
  const known = new Set(datasets.map(foldName));
  visitObjects(statement, (node) => {
    const { type } = node;
    if (type === 'BASE_TABLE') {
      admitTable([node['catalog_name'], node['schema_name'], node['table_name']], known);
    } else if (type === 'SHOW_REF') {
      admitTable([unquoted(textIn(node['table_name']))], known);
    } else if (type === 'TABLE_FUNCTION' && isObject(node['function'])) {
      admitFunction(node['function'], known);
    }
  });
}

function admitFunction(call: AstObject, known: ReadonlySet<string>): void {
  const name = foldName(textIn(call['function_name']));
  if (!ADMITTED_FUNCTIONS.has(name)) throw refused(`the function ${name}`);
  if (name !== 'query_table') return;
  for (const argument of objectsIn(call['children'])) admitNames(argument, known);
}

/** The table names of query_table: a text, or a list of texts; what is computed can't be looked at. */
function admitNames(argument: AstObject, known: ReadonlySet<string>): void {
  const { class: kind, value } = argument;
  if (kind === 'CONSTANT' && isObject(value)) {
    const text = value['value'];
    if (typeof text === 'string') admitTable([unquoted(text)], known);
    else if (typeof text !== 'boolean') throw refused('query_table of what is no text');
  } else if (kind === 'FUNCTION' && argument['function_name'] === 'list_value') {
    for (const item of objectsIn(argument['children'])) admitNames(item, known);
  } else {
    throw refused('query_table of a computed name');
  }
}

/** DuckDB takes `a.b.parquet` for the file of that name, whether its parts are quoted or not. */
function admitTable(parts: readonly (AstValue | undefined)[], known: ReadonlySet<string>): void {
  const given = parts.map(textIn).filter((part) => part !== '');
  const last = given.at(-1) ?? '';
  const isDataset =
    known.has(foldName(last)) && /^(hot|cold|live|main)?$/i.test(given.at(-2) ?? '');
  if (isDataset) return;
  if (given.some((part) => /[./\\]/.test(part)) || (given.length > 1 && /^parquet$/i.test(last))) {
    throw refused(`the file ${given.join('.')}`);
  }
}

function unquoted(name: string): string {
  return name.startsWith('"') && name.endsWith('"') ? name.slice(1, -1) : name;
}

function refused(what: string): TierdError {
  return new TierdError({
    code: 'QUERY_NOT_ALLOWED',
    message: `tierd query reads datasets by name, and this asks for ${what}. Nothing was run.`,
    hint: '`show tables` lists the datasets. To read Parquet files by path, use DuckDB itself.',
  });
}
