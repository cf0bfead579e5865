/** FROM: relations, subqueries, joins, and functions that give rows. */
import type {
  Alias,
  JoinExpr,
  Node,
  RangeFunction,
  RangeSubselect,
  RangeTableSample,
  RangeVar,
} from 'libpg-query';
import { AS_OF } from '../../../domain/attached.ts';
import { common } from './casts.ts';
import { type CatalogueColumn, columnType, findRelation } from './catalogue.ts';
import { compare } from './comparison.ts';
import { condition } from './condition.ts';
import type { Environment } from './environment.ts';
import { type Expression, quoteIdentifier, quoteLiteral, typed } from './expression.ts';
import { knownFields } from './known-fields.ts';
import { listOfRows } from './list-of-rows.ts';
import { findCommonTable, type Scope, type ScopeColumn, type ScopeRelation } from './scope.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { namesIn } from './walk.ts';

export interface From {
  readonly sql: string;
  readonly relations: readonly ScopeRelation[];
}

/** Items with commas between them; a later one may see the earlier ones. @throws SqlRefusal */
export function translateFrom(
  nodes: readonly Node[],
  scope: Scope,
  environment: Environment,
): From {
  const parts: From[] = [];
  for (const node of nodes) {
    const before = parts.flatMap(({ relations }) => relations);
    parts.push(item(node, { ...scope, relations: before }, environment));
  }
  const relations = parts.flatMap((part) => part.relations);
  const aliases = relations.filter(({ isJoin }) => isJoin !== true).map(({ alias }) => alias);
  const twice = aliases.find((alias, index) => aliases.indexOf(alias) !== index);
  if (twice !== undefined) {
    throw new SqlRefusal('42712', `table name "${twice}" specified more than once`);
  }
  return { sql: parts.map(({ sql }) => sql).join(', '), relations };
}

function item(node: Node, scope: Scope, environment: Environment): From {
  if ('RangeVar' in node) return table(node.RangeVar, scope, environment);
  if ('RangeSubselect' in node) return subquery(node.RangeSubselect, scope, environment);
  if ('JoinExpr' in node) return join(node.JoinExpr, scope, environment);
  if ('RangeFunction' in node) return rowsOf(node.RangeFunction, scope, environment);
  if ('RangeTableSample' in node) return sample(node.RangeTableSample, scope, environment);
  throw unsupported(`${Object.keys(node)[0] ?? 'that'} in FROM`);
}

function relationOf(
  alias: string,
  sqlAlias: string,
  columns: readonly (Omit<ScopeColumn, 'sql'> & { readonly held: string })[],
  renamed: Alias | undefined,
): ScopeRelation {
  const names = namesIn(renamed?.colnames);
  if (names.length > columns.length) {
    throw new SqlRefusal(
      '42P10',
      `table "${alias}" has ${String(columns.length)} columns available but ${String(names.length)} columns specified`,
    );
  }
  return {
    alias,
    merged: new Set(),
    columns: columns.map(({ held, ...column }, index) => ({
      ...column,
      name: names[index] ?? column.name,
      sql: `${sqlAlias}.${quoteIdentifier(held)}`,
    })),
  };
}

function table(node: RangeVar, scope: Scope, environment: Environment): From {
  knownFields(node, 'a table', ['schemaname', 'relname', 'inh', 'relpersistence', 'alias']);
  const { schemaname, relname = '', alias, location } = node;
  const name = alias?.aliasname ?? relname;
  const sqlAlias = environment.fresh('r');
  const common = schemaname === undefined ? findCommonTable(scope, relname) : null;
  if (common !== null) {
    const columns = common.columns.map((column, index) => ({
      ...column,
      held: `c${String(index + 1)}`,
    }));
    return {
      sql: `${common.sqlName} AS ${sqlAlias}`,
      relations: [relationOf(name, sqlAlias, columns, alias)],
    };
  }
  const relation = findRelation(environment.catalogue, schemaname ?? null, relname);
  if (relation === null) {
    const written = schemaname === undefined ? relname : `${schemaname}.${relname}`;
    throw new SqlRefusal('42P01', `relation "${written}" does not exist`, {
      location,
      hint: 'Datasets can be asked here. Other tables: ask PostgreSQL itself.',
    });
  }
  const columns = relation.columns.map((column) => ({
    ...columnType(column),
    name: column.name,
    held: column.name,
  }));
  const whole = relationOf(name, sqlAlias, columns, alias);
  const seen = {
    ...whole,
    columns: whole.columns.map((column, at) => withNulls(column, relation.columns[at])),
  };
  const { instant } = relation;
  return {
    sql: `${relation.sql} AS ${sqlAlias}`,
    relations: [
      instant === undefined ? seen : { ...seen, columns: [...seen.columns, asOf(instant)] },
    ],
  };
}

function withNulls(column: ScopeColumn, held: CatalogueColumn | undefined): ScopeColumn {
  return held?.isMissing === true ? { ...column, sql: `CAST(NULL AS ${held.duckdbType})` } : column;
}

function asOf(instant: string | null): ScopeColumn {
  const sql = `CAST(${instant === null ? 'NULL' : quoteLiteral(instant)} AS VARCHAR)`;
  return { name: AS_OF, sql, type: 'text', typmod: -1, scale: 0, isHidden: true };
}

function subquery(node: RangeSubselect, scope: Scope, environment: Environment): From {
  const {
    lateral,
    subquery: inner,
    alias,
  } = knownFields(node, 'a subquery', ['lateral', 'subquery', 'alias']);
  if (inner === undefined || !('SelectStmt' in inner)) throw unsupported('such a subquery');
  const around = lateral === true ? scope : { ...scope, relations: [] };
  const query = environment.query(inner.SelectStmt, around);
  const sqlAlias = environment.fresh('r');
  const columns = query.columns.map((column, index) => ({
    ...column,
    held: `c${String(index + 1)}`,
  }));
  const name = alias?.aliasname ?? `*${sqlAlias}`;
  const list = columns.map(({ held }) => held).join(', ');
  return {
    sql: `${lateral === true ? 'LATERAL ' : ''}(${query.sql}) AS ${sqlAlias}(${list})`,
    relations: [relationOf(name, sqlAlias, columns, alias)],
  };
}

const JOINS = {
  JOIN_INNER: 'INNER JOIN',
  JOIN_LEFT: 'LEFT JOIN',
  JOIN_RIGHT: 'RIGHT JOIN',
  JOIN_FULL: 'FULL JOIN',
} as const;

function join(node: JoinExpr, scope: Scope, environment: Environment): From {
  knownFields(node, 'a join', [
    'jointype',
    'isNatural',
    'larg',
    'rarg',
    'usingClause',
    'quals',
    'rtindex',
  ]);
  const { jointype = 'JOIN_INNER', larg, rarg, quals } = node;
  if (larg === undefined || rarg === undefined || !(jointype in JOINS))
    throw unsupported('such a join');
  const left = item(larg, scope, environment);
  const right = item(
    rarg,
    { ...scope, relations: [...scope.relations, ...left.relations] },
    environment,
  );
  const kind = jointype as keyof typeof JOINS;
  const names = node.isNatural === true ? sharedNames(left, right) : namesIn(node.usingClause);
  if (names.length > 0) return merge(left, right, kind, names, environment);
  const relations = [...left.relations, ...right.relations];
  if (quals === undefined) {
    return { sql: `(${left.sql} CROSS JOIN ${right.sql})`, relations };
  }
  const inside: Scope = { ...scope, relations, without: 'JOIN conditions' };
  const on = condition(environment.expression(quals, inside), 'JOIN/ON', environment);
  return { sql: `(${left.sql} ${JOINS[kind]} ${right.sql} ON ${on})`, relations };
}

function visible({ relations }: From): readonly ScopeColumn[] {
  return relations.flatMap(({ columns, merged }) =>
    columns.filter(({ name, isHidden }) => !merged.has(name) && isHidden !== true),
  );
}

function sharedNames(left: From, right: From): readonly string[] {
  const there = new Set(visible(right).map(({ name }) => name));
  return visible(left)
    .map(({ name }) => name)
    .filter((name) => there.has(name));
}

function merge(
  left: From,
  right: From,
  kind: keyof typeof JOINS,
  names: readonly string[],
  environment: Environment,
): From {
  const find = (side: From, name: string): Expression => {
    const [found, second] = visible(side).filter((column) => column.name === name);
    if (found === undefined || second !== undefined) {
      throw new SqlRefusal(
        found === undefined ? '42703' : '42702',
        `column "${name}" specified in USING clause ${found === undefined ? 'does not exist in one of the tables' : 'appears more than once'}`,
      );
    }
    return typed(found.sql, found.type, found);
  };
  const pairs = names.map((name) => ({ name, a: find(left, name), b: find(right, name) }));
  const on = pairs.map(({ a, b }) => compare('=', a, b, environment).sql).join(' AND ');
  const columns = pairs.map(({ name, a, b }) => mergedColumn(name, a, b, kind, environment));
  const taken = new Set(names);
  const hide = (relation: ScopeRelation): ScopeRelation => ({
    ...relation,
    merged: new Set([...relation.merged, ...taken]),
  });
  const joined: ScopeRelation = { alias: '', columns, merged: new Set(), isJoin: true };
  return {
    sql: `(${left.sql} ${JOINS[kind]} ${right.sql} ON ${on})`,
    relations: [joined, ...left.relations.map(hide), ...right.relations.map(hide)],
  };
}

function mergedColumn(
  name: string,
  a: Expression,
  b: Expression,
  kind: keyof typeof JOINS,
  environment: Environment,
): ScopeColumn {
  const { values, type, scale } = common([a, b], environment, 'JOIN/USING');
  const [x = a, y = b] = values;
  const sql =
    kind === 'JOIN_FULL' ? `coalesce(${x.sql}, ${y.sql})` : kind === 'JOIN_RIGHT' ? y.sql : x.sql;
  return {
    name,
    sql,
    type,
    scale,
    typmod: a.typmod === b.typmod && a.type === b.type ? a.typmod : -1,
  };
}

function rowsOf(node: RangeFunction, scope: Scope, environment: Environment): From {
  knownFields(node, 'a function in FROM', ['lateral', 'functions', 'alias']);
  const [first, second] = node.functions ?? [];
  const [called] = first !== undefined && 'List' in first ? (first.List.items ?? []) : [];
  if (called === undefined || second !== undefined || !('FuncCall' in called))
    throw unsupported('such a function in FROM');
  const { funcname, args = [], location } = called.FuncCall;
  const name = namesIn(funcname).at(-1) ?? '';
  const values = args.map((arg) =>
    environment.expression(arg, { ...scope, without: 'functions in FROM' }),
  );
  const list = listOfRows(name, values, environment, location);
  if (list === null) throw unsupported(`the function ${name} in FROM`, undefined, location);
  const sqlAlias = environment.fresh('r');
  const alias = node.alias?.aliasname ?? name;
  const column = { name: alias, type: list.type, typmod: -1, scale: list.scale, held: 'c1' };
  return {
    sql: `(SELECT unnest(${list.sql}) AS c1) AS ${sqlAlias}`,
    relations: [relationOf(alias, sqlAlias, [column], node.alias)],
  };
}

function sample(node: RangeTableSample, scope: Scope, environment: Environment): From {
  const {
    relation,
    method,
    args = [],
  } = knownFields(node, 'TABLESAMPLE', ['relation', 'method', 'args']);
  const [share] = args;
  const name = namesIn(method).at(-1) ?? '';
  if (relation === undefined || share === undefined || !['bernoulli', 'system'].includes(name))
    throw unsupported('such a TABLESAMPLE');
  const inner = item(relation, scope, environment);
  const { type, sql } = environment.expression(share, scope);
  const [, percent] = /^CAST\('?(\d+(?:\.\d+)?)'? AS/.exec(sql) ?? [];
  if (percent === undefined || (type !== 'int4' && type !== 'numeric') || Number(percent) > 100)
    throw unsupported('TABLESAMPLE of a share that is not written out');
  return { ...inner, sql: `${inner.sql} TABLESAMPLE bernoulli(${percent} PERCENT)` };
}
