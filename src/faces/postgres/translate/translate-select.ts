/** One SELECT … FROM … WHERE … GROUP BY … */
import type { Node, SelectStmt } from 'libpg-query';
import { coerce } from './casts.ts';
import { columnName } from './column-name.ts';
import { condition } from './condition.ts';
import type { Environment, TranslatedQuery } from './environment.ts';
import { type Expression, typed } from './expression.ts';
import { varyingText } from './numeric-sql.ts';
import type { OutputColumn } from './output-column.ts';
import { outputIndex } from './output-index.ts';
import type { QueryPlace } from './query-place.ts';
import { refuseUnlike } from './same-values.ts';
import { findColumn, type Scope, starColumns } from './scope.ts';
import { sortKey, sortParts } from './sort-order.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { translateFrom } from './translate-from.ts';
import { namesIn } from './walk.ts';

interface Target {
  readonly name: string;
  readonly value: Expression;
}

/** @throws SqlRefusal */
export function translateSelect(
  tree: SelectStmt,
  place: QueryPlace,
  environment: Environment,
): TranslatedQuery {
  const from = translateFrom(tree.fromClause ?? [], place.outer, environment);
  const scope: Scope = {
    ...place.outer,
    relations: from.relations,
    windows: windowsOf(tree),
    without: null,
  };
  const expression = (node: Node, without: string | null = null) =>
    environment.expression(node, { ...scope, without });
  const targets = (tree.targetList ?? []).flatMap((node) =>
    targetsOf(node, scope, environment, place),
  );
  const where =
    tree.whereClause === undefined
      ? ''
      : ` WHERE ${condition(expression(tree.whereClause, 'WHERE'), 'WHERE', environment)}`;
  const groups = (tree.groupClause ?? []).map((node) => groupBy(node, targets, scope, environment));
  const having =
    tree.havingClause === undefined
      ? ''
      : condition(expression(tree.havingClause), 'HAVING', environment);
  const parts: Parts = {
    distinct: distinctOf(tree, targets, scope, environment),
    items: targets.map(({ value }) => shown(value, place)),
    rest: [
      from.sql === '' ? '' : ` FROM ${from.sql}`,
      where,
      groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`,
    ].join(''),
    having,
    order: orderBy(tree, targets, scope, environment),
  };
  if (targets.length === 0) throw unsupported('SELECT of no columns');
  const sql = having.includes('lambda ')
    ? filtered(parts, environment)
    : parts.distinct === DISTINCT && parts.order.length > 0
      ? distinctInOrder(parts, targets, environment)
      : plain(parts);
  return { sql, columns: targets.map(outputColumn) };
}

const DISTINCT = 'DISTINCT ';

interface Parts {
  readonly distinct: string;
  readonly items: readonly string[];
  /** From FROM to GROUP BY. */
  readonly rest: string;
  readonly having: string;
  readonly order: readonly Order[];
}

interface Order {
  /** An expression; of a SELECT DISTINCT the number of a column. */
  readonly key: string;
  readonly direction: string;
}

const named = (items: readonly string[], prefix = 'c'): string =>
  items.map((item, index) => `${item} AS ${prefix}${String(index + 1)}`).join(', ');

function plain({ distinct, items, rest, having, order }: Parts): string {
  const sorted = order.map(({ key, direction }) => `${key} ${direction}`).join(', ');
  return `SELECT ${distinct}${named(items)}${rest}${having === '' ? '' : ` HAVING ${having}`}${sorted === '' ? '' : ` ORDER BY ${sorted}`}`;
}

/** What rows are put in order by is no column of them then, so that each keeps its value as it is. */
function distinctInOrder(
  { order, ...parts }: Parts,
  targets: readonly Target[],
  environment: Environment,
): string {
  const name = environment.fresh('s');
  const keys = order.map(({ key, direction }) => {
    const target = targets[Number(key) - 1];
    const column = `${name}.c${key}`;
    const value = target === undefined ? null : typed(column, target.value.type);
    return `${value === null ? column : sortKey(value, environment)} ${direction}`;
  });
  const columns = targets.map((_, index) => `${name}.c${String(index + 1)}`);
  const inner = plain({ ...parts, order: [] });
  return `SELECT ${columns.join(', ')} FROM (${inner}) AS ${name} ORDER BY ${keys.join(', ')}`;
}

/** DuckDB takes the parameter of a lambda in HAVING for a column that isn't grouped by. */
function filtered(
  { distinct, items, rest, having, order }: Parts,
  environment: Environment,
): string {
  if (distinct !== '')
    throw unsupported('DISTINCT with such a HAVING', 'Put the question into a subquery.');
  const name = environment.fresh('s');
  const keys = order.map(({ key }) => key);
  const extra = keys.length === 0 ? '' : `, ${named(keys, 'k')}`;
  const sorted = order.map(({ direction }, index) => `${name}.k${String(index + 1)} ${direction}`);
  const shownColumns = items.map((_, index) => `${name}.c${String(index + 1)}`);
  return `SELECT ${shownColumns.join(', ')} FROM (SELECT ${named(items)}${extra}, ${having} AS h${rest}) AS ${name} WHERE ${name}.h${sorted.length === 0 ? '' : ` ORDER BY ${sorted.join(', ')}`}`;
}

function outputColumn({ name, value }: Target): OutputColumn {
  const { type, typmod, scale, literal } = value;
  return {
    name,
    type,
    typmod,
    scale,
    ...(type === 'unknown' && literal !== undefined ? { literal } : {}),
  };
}

function shown(value: Expression, { isTop }: QueryPlace): string {
  return isTop && value.scale === 'varies' ? varyingText(value) : value.sql;
}

function windowsOf({ windowClause = [] }: SelectStmt): ReadonlyMap<string, object> {
  return new Map(
    windowClause.flatMap((node) =>
      'WindowDef' in node ? [[node.WindowDef.name ?? '', node.WindowDef] as const] : [],
    ),
  );
}

function targetsOf(
  node: Node,
  scope: Scope,
  environment: Environment,
  { isPart }: QueryPlace,
): readonly Target[] {
  if (!('ResTarget' in node) || node.ResTarget.val === undefined)
    throw unsupported('such a column');
  const { name, val, location } = node.ResTarget;
  const fields = 'ColumnRef' in val ? (val.ColumnRef.fields ?? []) : [];
  if (fields.some((field) => 'A_Star' in field)) {
    const relation = namesIn(fields).at(-1) ?? null;
    return starColumns(scope, relation, location).map((column) => ({
      name: column.name,
      value: typed(column.sql, column.type, column),
    }));
  }
  const value = environment.expression(val, scope);
  // A literal is text where nothing else says what it is.
  const settled =
    value.type !== 'unknown' || (isPart && value.parameter === undefined)
      ? value
      : coerce(value, 'text', environment);
  return [{ name: name ?? columnName(val), value: settled }];
}

/** A bare name is a column of FROM before it is one of the result; a number is one of the result. */
function groupBy(
  node: Node,
  targets: readonly Target[],
  scope: Scope,
  environment: Environment,
): string {
  if ('GroupingSet' in node)
    throw unsupported('GROUPING SETS, CUBE and ROLLUP', 'Put them together with UNION ALL.');
  const value = groupValue(node, targets, scope, environment);
  refuseUnlike(value, 'GROUP BY', value.location);
  return value.type === 'unknown' ? coerce(value, 'text', environment).sql : value.sql;
}

function groupValue(
  node: Node,
  targets: readonly Target[],
  scope: Scope,
  environment: Environment,
): Expression {
  if ('A_Const' in node && node.A_Const.ival !== undefined) {
    const found = targets[(node.A_Const.ival.ival ?? 0) - 1];
    if (found === undefined) {
      throw new SqlRefusal(
        '42P10',
        `GROUP BY position ${String(node.A_Const.ival.ival ?? 0)} is not in select list`,
        { location: node.A_Const.location },
      );
    }
    return found.value;
  }
  const names = 'ColumnRef' in node ? namesIn(node.ColumnRef.fields) : [];
  const inner: Scope = { ...scope, without: 'GROUP BY' };
  if (names.length === 1) {
    const isInput = scope.relations.some(({ columns }) =>
      columns.some(({ name }) => name === names[0]),
    );
    const found = targets.filter(({ name }) => name === names[0]);
    if (!isInput && found.length === 1 && found[0] !== undefined) return found[0].value;
    return findColumn(inner, names, 'ColumnRef' in node ? node.ColumnRef.location : -1);
  }
  return environment.expression(node, inner);
}

function distinctOf(
  { distinctClause }: SelectStmt,
  targets: readonly Target[],
  scope: Scope,
  environment: Environment,
): string {
  if (distinctClause === undefined) return '';
  const keys = distinctClause.filter((node) => Object.keys(node).length > 0);
  if (keys.length > 0) {
    const on = keys.map((node) => {
      const at = outputIndex(node, targets);
      const value = at === null ? environment.expression(node, scope) : targets[at]?.value;
      return value === undefined ? 'NULL' : sortKey(value, environment);
    });
    return `DISTINCT ON (${on.join(', ')}) `;
  }
  for (const { value } of targets) refuseUnlike(value, 'DISTINCT', value.location);
  return DISTINCT;
}

function orderBy(
  { sortClause = [], distinctClause }: SelectStmt,
  targets: readonly Target[],
  scope: Scope,
  environment: Environment,
): readonly Order[] {
  const isDistinct = distinctClause?.every((node) => Object.keys(node).length === 0) ?? false;
  return sortClause.map((node) => {
    const { by, direction } = sortParts(node);
    const at = outputIndex(by, targets);
    const value = at === null ? environment.expression(by, scope) : targets[at]?.value;
    if (value === undefined) throw unsupported('such an ORDER BY');
    if (!isDistinct) return { key: sortKey(value, environment), direction };
    const index = at ?? targets.findIndex((target) => target.value.sql === value.sql);
    if (index < 0) {
      throw new SqlRefusal(
        '42P10',
        'for SELECT DISTINCT, ORDER BY expressions must appear in select list',
        { location: value.location },
      );
    }
    return { key: String(index + 1), direction };
  });
}
