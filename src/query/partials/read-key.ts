/** What a SELECT groups by: a column, or the time that a column's instants begin in. */
import type { ColumnPlan, Held } from '../../domain/columns/column-plan.ts';
import { PLAIN_TEXT } from '../exact/exact-columns.ts';
import { isCastToDate } from '../exact/read-condition.ts';
import { type AstObject, foldName, isObject, objectsIn, textIn } from '../sql/sql-ast.ts';
import { bucketWidthUs } from './bucket-width.ts';
import { NotInParts } from './not-in-parts.ts';
import type { HotPart, Part } from './parts.ts';
import type { SelectScope } from './select-scope.ts';

/** @throws NotInParts */
export function readKey(expression: AstObject, scope: SelectScope): Part {
  const column = scope.names.columnOf(expression);
  if (column !== null) return columnKey(expression, scope.valuePlanOf(column));
  if (isCastToDate(expression)) {
    const plan = timeIn(expression['child'], scope);
    return {
      ...partOf(expression, { kind: 'day', column: plan }, { kind: 'date' }, 'DATE'),
      label: `${plan.name}::date`,
    };
  }
  const name = foldName(textIn(expression['function_name']));
  const [first, second, ...more] = objectsIn(expression['children']);
  if (expression['class'] !== 'FUNCTION' || more.length > 0) throw unknown();
  const plan = timeIn(second, scope);
  if (plan.held.kind === 'date') throw unknown();
  if (name === 'date_trunc' || name === 'datetrunc') {
    const unit = foldName(literalIn(first));
    if (!UNITS.has(unit)) throw unknown();
    return {
      ...partOf(expression, { kind: 'trunc', column: plan, unit }, plan.held, plan.duckdbType),
      label: `${unit} of ${plan.name}`,
    };
  }
  if (name !== 'time_bucket') throw unknown();
  const width = first === undefined ? '' : intervalIn(first);
  const widthUs = bucketWidthUs(width);
  if (widthUs === null) throw unknown();
  return {
    ...partOf(expression, { kind: 'bucket', column: plan, widthUs }, plan.held, plan.duckdbType),
    label: `${width} of ${plan.name}`,
  };
}

/** Those that both sides cut alike, in years before our era too. */
const UNITS = new Set(['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year']);

const KEY_KINDS: ReadonlySet<string> = new Set([
  'bool',
  'int2',
  'int4',
  'int8',
  'decimal',
  'date',
  'timestamp',
  'timestamptz',
  'uuid',
]);

function columnKey(expression: AstObject, plan: ColumnPlan): Part {
  const isText = plan.held.kind === 'varchar' && PLAIN_TEXT.test(plan.postgresType);
  if (!isText && !KEY_KINDS.has(plan.held.kind)) {
    throw new NotInParts(`it groups by ${plan.name}, which is ${plan.postgresType}`);
  }
  return {
    ...partOf(expression, { kind: 'column', column: plan }, plan.held, plan.duckdbType),
    label: plan.name,
  };
}

function partOf(cold: AstObject, hot: HotPart, held: Held, type: string): Omit<Part, 'label'> {
  return { cold, hot, held, stagedType: type, type };
}

function timeIn(expression: AstObject['x'], scope: SelectScope): ColumnPlan {
  const column = scope.names.columnOf(expression);
  const plan = column === null ? null : scope.valuePlanOf(column);
  if (plan === null || !['date', 'timestamp', 'timestamptz'].includes(plan.held.kind))
    throw unknown();
  return plan;
}

function literalIn(expression: AstObject | undefined): string {
  const value = expression?.['class'] === 'CONSTANT' ? expression['value'] : undefined;
  return isObject(value) ? textIn(value['value']) : '';
}

function intervalIn(expression: AstObject): string {
  const isInterval =
    expression['class'] === 'CAST' &&
    isObject(expression['cast_type']) &&
    expression['cast_type']['id'] === 'INTERVAL';
  const { child } = expression;
  return literalIn(isInterval && isObject(child) ? child : expression);
}

function unknown(): NotInParts {
  return new NotInParts('it groups by more than columns and beginnings of times');
}
