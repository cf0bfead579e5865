/** The query with each SELECT that is made of parts standing over these instead of over rows. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { stagedName } from '../../lake/segment/staging-table.ts';
import { CURRENT } from '../schemas.ts';
import { type AstObject, type AstValue, isObject, textIn } from '../sql/sql-ast.ts';
import { quoteName } from '../sql/sql-text.ts';
import { parseTemplate, writeStatement } from '../sql/statement.ts';
import type { PlannedSelect } from './plan-parts.ts';
import { keyName, PARTS, partName } from './select-scope.ts';

export interface PlacedSelect extends PlannedSelect {
  readonly dataset: string;
  /** With PostgreSQL's parts, in columns called as `stagedName` says. */
  readonly table: string;
}

/** Null where DuckDB can't write it. */
export async function rewriteQuery(
  connection: DuckDBConnection,
  statement: AstObject,
  selects: readonly PlacedSelect[],
): Promise<string | null> {
  const replacements = new Map<AstObject, AstObject>();
  for (const select of selects) {
    replacements.set(select.node, await overParts(connection, select));
  }
  return writeStatement(connection, replace(statement, replacements));
}

/** What the columns of a SELECT are called, which new expressions in it have to be called too. */
async function columnNames(
  connection: DuckDBConnection,
  node: AstObject,
): Promise<readonly string[]> {
  const sql = await writeStatement(connection, { node, named_param_map: [] });
  if (sql === null) return [];
  const prepared = await connection.prepare(sql);
  try {
    return Array.from({ length: prepared.columnCount }, (_, index) => prepared.columnName(index));
  } finally {
    prepared.destroySync();
  }
}

async function overParts(connection: DuckDBConnection, select: PlacedSelect): Promise<AstObject> {
  const { node, parted } = select;
  const names = await columnNames(connection, node);
  const list = parted.select.select_list.map((item, index) =>
    textIn(item['alias']) === '' ? { ...item, alias: names[index] ?? '' } : item,
  );
  const { sql, expressions } = templateOf(select);
  const template = await parseTemplate(connection, sql, expressions);
  const made = isObject(template['node']) ? template['node'] : {};
  const { where_clause: _where, having: _having, ...rest } = node;
  return {
    ...rest,
    ...parted.select,
    select_list: list,
    from_table: made['from_table'],
    group_expressions: made['group_expressions'],
    group_sets: made['group_sets'],
    aggregate_handling: 'STANDARD_HANDLING',
  };
}

interface Template {
  readonly sql: string;
  /** Of `"$0"`, `"$1"`, … */
  readonly expressions: readonly AstObject[];
}

function templateOf({ node, isSplit, parted, dataset, table }: PlacedSelect): Template {
  const expressions: AstObject[] = [];
  const place = (expression: AstObject) =>
    `"$${String(expressions.push({ ...expression, alias: '' }) - 1)}"`;
  const columns = [
    ...parted.keys.map((part, index) => ({ part, name: quoteName(keyName(index)) })),
    ...parted.aggregates.map((part, index) => ({ part, name: quoteName(partName(index)) })),
  ];
  const hot = columns.map(
    ({ part: { type }, name }, at) => `${stagedName(at)}::${type} as ${name}`,
  );
  const sides = [`select ${hot.join(', ')} from ${table}`];
  const groups = parted.keys.map((_, index) => `${quoteName(PARTS)}.${quoteName(keyName(index))}`);
  if (isSplit) {
    const named = columns.map(({ part: { cold }, name }) => `${place(cold)} as ${name}`);
    const where = isObject(node['where_clause']) ? ` where ${place(node['where_clause'])}` : '';
    const keys = parted.keys.map(({ cold }) => place(cold));
    sides.push(
      `select ${named.join(', ')} from ${quoteName(CURRENT)}.${quoteName(dataset)} as ${aliasIn(node)}${where}${groupBy(keys)}`,
    );
  }
  const sql = `select 0 from (${sides.join(' union all ')}) as ${quoteName(PARTS)}${groupBy(groups)}`;
  return { sql, expressions };
}

function groupBy(expressions: readonly string[]): string {
  return expressions.length === 0 ? '' : ` group by ${expressions.join(', ')}`;
}

function aliasIn({ from_table: from }: AstObject): string {
  if (!isObject(from)) return '';
  const alias = textIn(from['alias']);
  return quoteName(alias === '' ? textIn(from['table_name']) : alias);
}

function replace(value: AstValue, replacements: ReadonlyMap<AstObject, AstObject>): AstValue {
  if (Array.isArray(value)) {
    return (value as readonly AstValue[]).map((item) => replace(item, replacements));
  }
  if (!isObject(value)) return value;
  const replacement = replacements.get(value);
  if (replacement !== undefined) return replacement;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      member === undefined ? undefined : replace(member, replacements),
    ]),
  );
}
