/** The first or last value by time: `arg_min(x, t)`, `last(x order by t)`. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { type ReadCondition, readCondition } from '../exact/read-condition.ts';
import { type AstObject, isObject, objectsIn } from '../sql/sql-ast.ts';
import { andNode, callNode, notNullNode } from './ast-nodes.ts';
import { NotInParts } from './not-in-parts.ts';
import type { Part, ReadAggregate } from './parts.ts';
import type { SelectScope } from './select-scope.ts';

type End = 'min' | 'max';

/** Those that look at rows without a value, too, and those that don't. */
const BY_ARGUMENT = new Map<string, { readonly end: End; readonly takesNull: boolean }>([
  ['arg_min', { end: 'min', takesNull: false }],
  ['argmin', { end: 'min', takesNull: false }],
  ['min_by', { end: 'min', takesNull: false }],
  ['arg_max', { end: 'max', takesNull: false }],
  ['argmax', { end: 'max', takesNull: false }],
  ['max_by', { end: 'max', takesNull: false }],
  ['arg_min_null', { end: 'min', takesNull: true }],
  ['arg_max_null', { end: 'max', takesNull: true }],
]);

/**
 * Null for another aggregate.
 *
 * @throws NotInParts
 */
export function readValueAt(
  call: AstObject,
  name: string,
  scope: SelectScope,
): ((part: (index: number) => AstObject) => ReadAggregate) | null {
  const found = endOf(call, name, scope);
  if (found === null) return null;
  const { end, takesNull, value, by } = found;
  const column = columnIn(value, scope);
  const at = columnIn(by, scope);
  if (!VALUES.has(column.held.kind) || !INSTANTS.has(at.held.kind)) {
    throw new NotInParts(
      `${name}(${column.name}) by ${at.name} is of types that it is not computed for`,
    );
  }
  const own = isObject(call['filter']) ? call['filter'] : null;
  const counted = takesNull ? [by] : [value, by];
  const filter = andNode([...(own === null ? [] : [own]), ...counted.map(notNullNode)]);
  const read = readCondition(filter, scope);
  const label = `${end === 'min' ? 'first' : 'last'} ${column.name} by ${at.name}`;
  const aggregate = `arg_${end}${takesNull ? '_null' : ''}`;
  const parts = [
    valuePart(callNode(aggregate, [value, by], { filter }), { end, column, by: at }, read, label),
    instantPart(callNode(end, [by], { filter }), end, at, read),
  ];
  return (part) => ({ parts, whole: callNode(aggregate, [part(0), part(1)]) });
}

function valuePart(
  cold: AstObject,
  { end, column, by }: { readonly end: End; readonly column: ColumnPlan; readonly by: ColumnPlan },
  filter: ReadCondition,
  label: string,
): Part {
  const { held, duckdbType: type } = column;
  return {
    cold,
    hot: { kind: 'at', end, column, by, filter },
    held,
    stagedType: type,
    type,
    label,
  };
}

function instantPart(cold: AstObject, end: End, column: ColumnPlan, filter: ReadCondition): Part {
  const { held, duckdbType: type, name } = column;
  const label = `${end}(${name})`;
  return { cold, hot: { kind: end, column, filter }, held, stagedType: type, type, label };
}

interface ValueAt {
  readonly end: End;
  readonly takesNull: boolean;
  readonly value: AstObject;
  readonly by: AstObject;
}

function endOf(call: AstObject, name: string, { names, hot }: SelectScope): ValueAt | null {
  const [value, by, ...more] = objectsIn(call['children']);
  const orders = isObject(call['order_bys']) ? objectsIn(call['order_bys']['orders']) : [];
  if (value === undefined || more.length > 0) return null;
  const kind = BY_ARGUMENT.get(name);
  if (kind !== undefined)
    return by === undefined || orders.length > 0 ? null : { ...kind, value, by };
  const [order, ...others] = orders;
  if ((name !== 'first' && name !== 'last') || by !== undefined || others.length > 0) return null;
  const ordered = order?.['expression'];
  // Where a time is null, the last row is that one: only a time that never is says which row is first.
  const isByTime = names.columnOf(ordered) === hot.timeColumn.name && hot.isTimed;
  if (!isObject(ordered) || !isByTime) return null;
  const isFirst = (name === 'first') !== (order?.['type'] === 'DESCENDING');
  return { end: isFirst ? 'min' : 'max', takesNull: true, value, by: ordered };
}

const VALUES: ReadonlySet<string> = new Set([
  'int2',
  'int4',
  'int8',
  'decimal',
  'float4',
  'float8',
]);
const INSTANTS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'timestamp', 'timestamptz']);

function columnIn(expression: AstObject, { names, valuePlanOf }: SelectScope): ColumnPlan {
  const column = names.columnOf(expression);
  if (column === null) throw new NotInParts('it takes the first or last of more than a column');
  return valuePlanOf(column);
}
