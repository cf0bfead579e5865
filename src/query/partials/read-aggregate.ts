/** An aggregate as parts of each side, and the expression that makes the whole of them. */

import type { ColumnPlan, Held } from '../../domain/columns/column-plan.ts';
import { PLAIN_TEXT } from '../exact/exact-columns.ts';
import { readCondition } from '../exact/read-condition.ts';
import { type AstObject, foldName, isObject, objectsIn, textIn } from '../sql/sql-ast.ts';
import { callNode, castNode } from './ast-nodes.ts';
import { NotInParts } from './not-in-parts.ts';
import type { HotPart, Part, ReadAggregate } from './parts.ts';
import { readValueAt } from './read-value-at.ts';
import type { SelectScope } from './select-scope.ts';

/**
 * @param part the column of one of its parts
 * @throws NotInParts
 */
export function readAggregate(
  call: AstObject,
  scope: SelectScope,
  part: (index: number) => AstObject,
): ReadAggregate {
  const name = foldName(textIn(call['function_name']));
  const children = objectsIn(call['children']);
  const isUsual = ['', 'main'].includes(textIn(call['schema'])) && call['export_state'] !== true;
  const { order_bys: orders } = call;
  const isOrdered = isObject(orders) && objectsIn(orders['orders']).length > 0;
  const isDistinct = call['distinct'] === true && name !== 'min' && name !== 'max';
  const at = isUsual && !isDistinct ? readValueAt(call, name, scope) : null;
  if (at !== null) return at(part);
  if (!isUsual || isOrdered || isDistinct || children.length > 1) throw whole(name, isDistinct);
  const [argument] = children;
  const filter = readCondition(isObject(call['filter']) ? call['filter'] : undefined, scope);
  if (name === 'count_star' || (name === 'count' && isOne(argument))) {
    return count(call, { kind: 'count', column: null, filter }, 'count(*)', part);
  }
  const named = scope.names.columnOf(argument);
  if (named === null) throw new NotInParts(`${name} is of more than a column`);
  if (name === 'count') {
    const column = scope.planOf(named);
    return count(call, { kind: 'count', column, filter }, `count(${named})`, part);
  }
  const column = scope.valuePlanOf(named);
  const label = `${name}(${named})`;
  switch (name) {
    case 'min':
    case 'max': {
      if (!isOrderedAlike(column, scope)) throw unlike(label, column);
      const hot: HotPart = { kind: name, column, filter };
      return same(name, partOf(call, hot, column.held, column.duckdbType, label), part);
    }
    case 'bool_and':
    case 'bool_or': {
      if (column.held.kind !== 'bool') throw unlike(label, column);
      const hot: HotPart = { kind: name, column, filter };
      return same(name, partOf(call, hot, column.held, column.duckdbType, label), part);
    }
    case 'sum': {
      const scale = scaleOf(column);
      if (scale === null) throw unlike(label, column);
      const held: Held = { kind: 'decimal', width: 38, scale };
      const staged = `DECIMAL(38,${String(scale)})`;
      const type = column.held.kind === 'decimal' ? staged : 'HUGEINT';
      const hot: HotPart = { kind: name, column, scale, filter };
      return same(name, { ...partOf(call, hot, held, type, label), stagedType: staged }, part);
    }
    default:
      throw whole(name, false);
  }
}

function count(
  call: AstObject,
  hot: HotPart,
  label: string,
  part: (index: number) => AstObject,
): ReadAggregate {
  return {
    parts: [partOf(call, hot, { kind: 'int8' }, 'BIGINT', label)],
    whole: castNode(callNode('sum', [part(0)]), 'BIGINT'),
  };
}

/** Of the parts it makes what it makes of the rows. */
function same(name: string, only: Part, part: (index: number) => AstObject): ReadAggregate {
  return { parts: [only], whole: callNode(name, [part(0)]) };
}

function partOf(cold: AstObject, hot: HotPart, held: Held, type: string, label: string): Part {
  return { cold, hot, held, stagedType: type, type, label };
}

function isOne(argument: AstObject | undefined): boolean {
  const value = argument?.['class'] === 'CONSTANT' ? argument['value'] : undefined;
  return argument === undefined || (isObject(value) && value['is_null'] === false);
}

const ORDERED_ALIKE: ReadonlySet<string> = new Set([
  'int2',
  'int4',
  'int8',
  'decimal',
  'float4',
  'float8',
  'date',
  'timestamp',
  'timestamptz',
]);

function isOrderedAlike({ held, postgresType }: ColumnPlan, { hot }: SelectScope): boolean {
  if (held.kind === 'varchar')
    return PLAIN_TEXT.test(postgresType) && hot.texts.order === 'by UTF-8';
  return ORDERED_ALIKE.has(held.kind);
}

/** As many digits as leave room for ten thousand million rows: the sum is then exact on both sides. */
const MAX_SUMMED_WIDTH = 28;

/** Null for what has no exact sum: a sum of floats depends on the order of the rows. */
function scaleOf({ held }: ColumnPlan): number | null {
  switch (held.kind) {
    case 'int2':
    case 'int4':
    case 'int8':
      return 0;
    case 'decimal':
      return held.width <= MAX_SUMMED_WIDTH ? held.scale : null;
    default:
      return null;
  }
}

function unlike(label: string, { postgresType }: ColumnPlan): NotInParts {
  return new NotInParts(`${label} of ${postgresType} can differ between PostgreSQL and the engine`);
}

function whole(name: string, isDistinct: boolean): NotInParts {
  return new NotInParts(
    isDistinct ? `${name}(distinct …) is of all rows at once` : `${name} has no exact parts`,
  );
}
