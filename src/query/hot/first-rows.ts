/**
 * `order by time desc limit 100`: PostgreSQL is asked for no more rows than can be among the first. With
 * what is as good as the last of them by time, for the query may say what comes first among these.
 */

import { exactColumns } from '../exact/exact-columns.ts';
import { type ReadCondition, readCondition } from '../exact/read-condition.ts';
import { NotInParts } from '../partials/not-in-parts.ts';
import { isOfOneRow } from '../partials/read-select.ts';
import { findReferences } from '../partials/references.ts';
import { namesIn } from '../partials/select-names.ts';
import type { ViewSchema } from '../segments/view-schema.ts';
import { AstNumber, type AstObject, type AstValue, isObject, objectsIn } from '../sql/sql-ast.ts';
import type { HotTable } from '../stores.ts';

export interface FirstRows {
  readonly order: 'asc' | 'desc';
  readonly rows: number;
  /** All of the WHERE clause. */
  readonly condition: ReadCondition;
}

/** More are sorted as well by the engine. */
const MAX_ROWS = 100_000;

/** Null where more rows may be needed, or it is not understood how many. */
export function readFirstRows(
  statement: AstObject,
  dataset: string,
  schema: ViewSchema,
  hot: HotTable,
): FirstRows | null {
  const { node } = statement;
  const references = findReferences(statement, dataset)?.filter(({ side }) => side !== 'cold');
  const [only] = references ?? [];
  if (!isObject(node) || only?.select !== node || references?.length !== 1) return null;
  const [order, limit, ...more] = objectsIn(node['modifiers']);
  const isPlain =
    node['aggregate_handling'] === 'STANDARD_HANDLING' &&
    Array.isArray(node['group_sets']) &&
    node['group_sets'].length === 0 &&
    !isObject(node['having']) &&
    !isObject(node['qualify']);
  if (
    order?.['type'] !== 'ORDER_MODIFIER' ||
    limit?.['type'] !== 'LIMIT_MODIFIER' ||
    more.length > 0 ||
    !isPlain
  )
    return null;
  const list = objectsIn(node['select_list']);
  const [first] = objectsIn(order['orders']);
  const names = namesIn(node, schema.keys());
  const { timeColumn, isTimed } = hot;
  const isTime = (expression: AstValue | undefined) =>
    names.columnOf(expression) === timeColumn.name;
  // `columns('…') as '\1'` gives names that are known when it is bound.
  const isNamed = list.every((item) => item['class'] !== 'STAR' || item['columns'] !== true);
  const rows =
    (numberIn(limit['limit']) ?? Number.NaN) +
    (limit['offset'] === undefined ? 0 : (numberIn(limit['offset']) ?? Number.NaN));
  if (
    !isTimed ||
    !isNamed ||
    !isTime(first?.['expression']) ||
    names.mayMeanAlias(first?.['expression']) ||
    !list.every(isOfOneRow) ||
    !(rows > 0 && rows <= MAX_ROWS)
  )
    return null;
  try {
    const condition = readCondition(node['where_clause'], { names, ...exactColumns(hot, schema) });
    return { order: first?.['type'] === 'DESCENDING' ? 'desc' : 'asc', rows, condition };
  } catch (error) {
    if (error instanceof NotInParts) return null;
    throw error;
  }
}

/** Null where it is no whole number: of a decimal one (2.5) the tree has the digits alone. */
function numberIn(expression: AstValue | undefined): number | null {
  const value =
    isObject(expression) && expression['class'] === 'CONSTANT' ? expression['value'] : undefined;
  if (!isObject(value) || !isObject(value['type']) || value['type']['id'] === 'DECIMAL')
    return null;
  const number = value['value'];
  return number instanceof AstNumber && /^\d+$/.test(number.text) ? Number(number.text) : null;
}
