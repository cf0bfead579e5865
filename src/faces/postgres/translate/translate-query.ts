/** SELECT, VALUES, and what puts several of them together. */
import type { Node, SelectStmt, WithClause } from 'libpg-query';
import { coerce, common } from './casts.ts';
import type { Environment, TranslatedQuery } from './environment.ts';
import { type Expression, typed } from './expression.ts';
import { knownFields } from './known-fields.ts';
import { varyingText } from './numeric-sql.ts';
import type { OutputColumn } from './output-column.ts';
import { outputIndex } from './output-index.ts';
import type { QueryPlace } from './query-place.ts';
import { refuseUnlike } from './same-values.ts';
import type { CommonTable, Scope } from './scope.ts';
import { sortKey, sortParts } from './sort-order.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { translateSelect } from './translate-select.ts';
import { namesIn } from './walk.ts';

const FIELDS = [
  'distinctClause',
  'targetList',
  'fromClause',
  'whereClause',
  'groupClause',
  'havingClause',
  'windowClause',
  'valuesLists',
  'sortClause',
  'limitOffset',
  'limitCount',
  'limitOption',
  'withClause',
  'op',
  'all',
  'larg',
  'rarg',
] as const;

/** Columns are named c1, c2, … in it. @throws SqlRefusal */
export function translateQuery(
  tree: SelectStmt,
  place: QueryPlace,
  environment: Environment,
): TranslatedQuery {
  knownFields(tree, 'SELECT', FIELDS);
  if (tree.limitOption === 'LIMIT_OPTION_WITH_TIES') {
    throw unsupported(
      'FETCH FIRST … WITH TIES',
      'Compare rank() over (order by …) with the limit in a subquery.',
    );
  }
  const { prefix, scope } = withTables(tree.withClause, place.outer, environment);
  const inner = { ...place, outer: scope };
  const query =
    (tree.op ?? 'SETOP_NONE') !== 'SETOP_NONE'
      ? together(tree, inner, environment)
      : tree.valuesLists === undefined
        ? translateSelect(tree, inner, environment)
        : listed(tree, tree.valuesLists, inner, environment);
  return { ...query, sql: `${prefix}${query.sql}${limits(tree, scope, environment)}` };
}

function withTables(
  clause: WithClause | undefined,
  outer: Scope,
  environment: Environment,
): { prefix: string; scope: Scope } {
  const around: Scope = { ...outer, commonTables: [] };
  const empty: Scope = {
    relations: [],
    commonTables: [],
    outer: around,
    windows: new Map(),
    without: null,
  };
  // What is around is seen with its tables; those of this WITH lie before them.
  let scope: Scope = { ...empty, outer };
  if (clause === undefined) return { prefix: '', scope };
  if (clause.recursive === true) throw unsupported('WITH RECURSIVE');
  const parts = (clause.ctes ?? []).map((node) => {
    if (!('CommonTableExpr' in node)) throw unsupported('such a WITH');
    const {
      ctename = '',
      aliascolnames,
      ctequery,
    } = knownFields(node.CommonTableExpr, 'WITH', [
      'ctename',
      'aliascolnames',
      'ctematerialized',
      'ctequery',
    ]);
    if (ctequery === undefined || !('SelectStmt' in ctequery)) throw unsupported('such a WITH');
    const query = translateQuery(
      ctequery.SelectStmt,
      { outer: scope, isTop: false, isPart: false },
      environment,
    );
    const names = namesIn(aliascolnames);
    const sqlName = environment.fresh('w');
    const columns = query.columns.map((column, index) => ({
      ...column,
      name: names[index] ?? column.name,
    }));
    const table: CommonTable = { name: ctename, sqlName, columns };
    scope = { ...scope, commonTables: [...scope.commonTables, table] };
    return `${sqlName}(${columnList(columns)}) AS (${query.sql})`;
  });
  return { prefix: parts.length === 0 ? '' : `WITH ${parts.join(', ')} `, scope };
}

function columnList(columns: readonly unknown[]): string {
  return columns.map((_, index) => `c${String(index + 1)}`).join(', ');
}

const OPERATIONS: Readonly<Record<string, string>> = {
  SETOP_UNION: 'UNION',
  SETOP_INTERSECT: 'INTERSECT',
  SETOP_EXCEPT: 'EXCEPT',
};

function together(tree: SelectStmt, place: QueryPlace, environment: Environment): TranslatedQuery {
  const { op = '', all, larg, rarg } = tree;
  const word = OPERATIONS[op];
  if (larg === undefined || rarg === undefined || word === undefined)
    throw unsupported('such a UNION');
  const [left, right] = [larg, rarg].map((part) =>
    translateQuery(part, { outer: place.outer, isTop: false, isPart: true }, environment),
  );
  if (left === undefined || left.columns.length !== right?.columns.length) {
    throw new SqlRefusal('42601', `each ${word} query must have the same number of columns`);
  }
  const names = [environment.fresh('s'), environment.fresh('s')] as const;
  const pairs = left.columns.map((column, index) => {
    const other = right.columns[index] ?? column;
    return common(
      [partColumn(column, names[0], index), partColumn(other, names[1], index)],
      environment,
      word,
    );
  });
  if (!(word === 'UNION' && all === true)) for (const pair of pairs) refuseUnlike(pair, word);
  const side = (query: TranslatedQuery, index: 0 | 1): string => {
    const items = pairs.map(
      ({ values }, at) => `${String(values[index]?.sql)} AS c${String(at + 1)}`,
    );
    return `SELECT ${items.join(', ')} FROM (${query.sql}) AS ${names[index]}(${columnList(query.columns)})`;
  };
  const columns = pairs.map(({ type, scale }, index): OutputColumn => {
    const [a, b] = [left.columns[index], right.columns[index]];
    const typmod = a !== undefined && a.typmod === b?.typmod && a.type === b.type ? a.typmod : -1;
    return { name: a?.name ?? '', type, scale, typmod };
  });
  const body = `(${side(left, 0)}) ${word}${all === true ? ' ALL' : ''} (${side(right, 1)})`;
  return outside(body, columns, tree, place, environment);
}

/** A column of a part of it, and a literal as itself. */
function partColumn(
  { type, typmod, scale, literal }: OutputColumn,
  name: string,
  index: number,
): Expression {
  const sql = `${name}.c${String(index + 1)}`;
  if (literal === undefined) return typed(sql, type, { typmod, scale });
  return { ...typed(sql, 'unknown'), literal };
}

/** Rows that have no expressions behind them any more: ORDER BY knows their columns only. */
function outside(
  body: string,
  columns: readonly OutputColumn[],
  tree: SelectStmt,
  place: QueryPlace,
  environment: Environment,
): TranslatedQuery {
  const name = environment.fresh('s');
  const values = columns.map(({ type, typmod, scale }, index) =>
    typed(`${name}.c${String(index + 1)}`, type, { typmod, scale }),
  );
  const shown = values.map(
    (value, index) =>
      `${place.isTop && value.scale === 'varies' ? varyingText(value) : value.sql} AS c${String(index + 1)}`,
  );
  const order = (tree.sortClause ?? []).map((node) => {
    const { by, direction } = sortParts(node);
    const at = outputIndex(by, columns);
    const value = at === null ? undefined : values[at];
    if (value === undefined)
      throw unsupported(
        'ORDER BY of an expression over a UNION',
        'Order by names or numbers of its columns.',
      );
    return `${sortKey(value, environment)} ${direction}`;
  });
  const sorted = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`;
  return {
    sql: `SELECT ${shown.join(', ')} FROM (${body}) AS ${name}(${columnList(columns)})${sorted}`,
    columns,
  };
}

function listed(
  tree: SelectStmt,
  lists: readonly Node[],
  place: QueryPlace,
  environment: Environment,
): TranslatedQuery {
  const rows = lists.map((node) => {
    const items = 'List' in node ? (node.List.items ?? []) : [];
    return items.map((each) => environment.expression(each, { ...place.outer, without: 'VALUES' }));
  });
  const width = rows[0]?.length ?? 0;
  if (rows.some((row) => row.length !== width)) {
    throw new SqlRefusal('42601', 'VALUES lists must all be the same length');
  }
  const columns = Array.from({ length: width }, (_, at) =>
    common(
      rows.flatMap((row) => row[at] ?? []),
      environment,
      'VALUES',
    ),
  );
  const written = rows.map(
    (_, row) => `(${columns.map(({ values }) => String(values[row]?.sql)).join(', ')})`,
  );
  const output = columns.map(
    ({ type, scale }, at): OutputColumn => ({
      name: `column${String(at + 1)}`,
      type,
      scale,
      typmod: -1,
    }),
  );
  return outside(`VALUES ${written.join(', ')}`, output, tree, place, environment);
}

function limits(
  { limitCount, limitOffset }: SelectStmt,
  scope: Scope,
  environment: Environment,
): string {
  return `${limit('LIMIT', limitCount, scope, environment)}${limit('OFFSET', limitOffset, scope, environment)}`;
}

function limit(
  word: 'LIMIT' | 'OFFSET',
  node: Node | undefined,
  scope: Scope,
  environment: Environment,
): string {
  if (node === undefined) return '';
  const value = environment.expression(node, { ...scope, without: word });
  if (value.literal === null) return '';
  const { sql } = coerce(value, 'int8', environment);
  const digits = integerIn(value.type === 'unknown' ? sql : value.sql);
  if (digits === undefined) {
    if (value.parameter !== undefined || sql.includes('$')) return ` ${word} ${sql}`;
    if (sql.startsWith('CAST(NULL AS')) return '';
    throw unsupported(
      `${word} of an expression`,
      'Write the number out, or pass it as a parameter.',
      value.location,
    );
  }
  if (digits.startsWith('-')) {
    throw new SqlRefusal(word === 'LIMIT' ? '2201W' : '2201X', `${word} must not be negative`);
  }
  return ` ${word} ${digits}`;
}

/** Within the casts that are written around it; undefined where it is none. */
function integerIn(sql: string): string | undefined {
  const [, inner] = /^CAST\((.*) AS (?:INTEGER|BIGINT|SMALLINT)\)$/.exec(sql) ?? [];
  if (inner === undefined) return undefined;
  return /^'?(-?\d+)'?$/.exec(inner)?.[1] ?? integerIn(inner);
}
