/** A WHERE or FILTER clause read as an exact condition, all of it or none: its constants still as expressions. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { NotInParts } from '../partials/not-in-parts.ts';
import type { SelectNames } from '../partials/select-names.ts';
import { isConstant } from '../sql/constant-expression.ts';
import { type AstObject, type AstValue, isObject, objectsIn, textIn } from '../sql/sql-ast.ts';
import type { ExactOperator } from './exact-condition.ts';

export type ReadCondition =
  | { readonly kind: 'true' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly ReadCondition[] }
  | { readonly kind: 'not'; readonly of: ReadCondition }
  | { readonly kind: 'is null' | 'flag'; readonly column: ColumnPlan }
  | ReadComparison;

export interface ReadComparison {
  readonly kind: 'compare';
  readonly column: ColumnPlan;
  readonly asDate: boolean;
  readonly operator: ExactOperator;
  readonly constant: AstObject;
}

export interface ConditionScope {
  readonly names: SelectNames;
  /** @throws NotInParts where the table has no such column */
  readonly planOf: (column: string) => ColumnPlan;
  /** The same of a column whose values are one type on both sides. @throws NotInParts */
  readonly valuePlanOf: (column: string) => ColumnPlan;
}

/** @throws NotInParts */
export function readCondition(
  expression: AstValue | undefined,
  scope: ConditionScope,
): ReadCondition {
  if (expression === undefined || expression === null) return { kind: 'true' };
  if (!isObject(expression)) throw unclear();
  const children = objectsIn(expression['children']);
  const readAll = () => children.map((child) => readCondition(child, scope));
  const type = textIn(expression['type']);
  switch (type) {
    case 'CONJUNCTION_AND':
      return { kind: 'and', of: readAll() };
    case 'CONJUNCTION_OR':
      return { kind: 'or', of: readAll() };
    case 'OPERATOR_NOT':
      return { kind: 'not', of: readCondition(children[0], scope) };
    case 'OPERATOR_IS_NULL':
      return { kind: 'is null', column: columnIn(children[0], scope) };
    case 'OPERATOR_IS_NOT_NULL':
      return { kind: 'not', of: { kind: 'is null', column: columnIn(children[0], scope) } };
    case 'COMPARE_BETWEEN': {
      const { input, lower, upper } = expression;
      return {
        kind: 'and',
        of: [compare(input, '>=', lower, scope), compare(input, '<=', upper, scope)],
      };
    }
    case 'COMPARE_IN':
      return isIn(children, scope);
    case 'COMPARE_NOT_IN':
      return { kind: 'not', of: isIn(children, scope) };
    case 'COLUMN_REF': {
      const column = valueColumnIn(expression, scope);
      if (column.held.kind !== 'bool') throw unclear();
      return { kind: 'flag', column };
    }
    default: {
      const operator = COMPARISONS.get(type);
      if (expression['class'] !== 'COMPARISON' || operator === undefined) throw unclear();
      const { left, right } = expression;
      return isConstant(left, isColumnOf(scope))
        ? compare(right, MIRRORED[operator], left, scope)
        : compare(left, operator, right, scope);
    }
  }
}

const COMPARISONS = new Map<string, ExactOperator>([
  ['COMPARE_EQUAL', '='],
  ['COMPARE_NOTEQUAL', '<>'],
  ['COMPARE_LESSTHAN', '<'],
  ['COMPARE_LESSTHANOREQUALTO', '<='],
  ['COMPARE_GREATERTHAN', '>'],
  ['COMPARE_GREATERTHANOREQUALTO', '>='],
]);

const MIRRORED = { '=': '=', '<>': '<>', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function isIn([subject, ...choices]: readonly AstObject[], scope: ConditionScope): ReadCondition {
  if (choices.length === 0) throw unclear();
  return { kind: 'or', of: choices.map((choice) => compare(subject, '=', choice, scope)) };
}

function compare(
  subject: AstValue | undefined,
  operator: ExactOperator,
  constant: AstValue | undefined,
  scope: ConditionScope,
): ReadComparison {
  if (!isObject(subject) || !isConstant(constant, isColumnOf(scope))) throw unclear();
  const asDate = isCastToDate(subject);
  const column = valueColumnIn(asDate ? subject['child'] : subject, scope);
  if (asDate && !TIMES.has(column.held.kind)) throw unclear();
  return { kind: 'compare', column, asDate, operator, constant };
}

const TIMES: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamptz']);

function isColumnOf({ names }: ConditionScope): (name: string) => boolean {
  return (name) => names.columnOf({ class: 'COLUMN_REF', column_names: [name] }) !== null;
}

export function isCastToDate(expression: AstObject): boolean {
  return (
    expression['class'] === 'CAST' &&
    expression['try_cast'] !== true &&
    isObject(expression['cast_type']) &&
    expression['cast_type']['id'] === 'DATE'
  );
}

function columnIn(expression: AstValue | undefined, { names, planOf }: ConditionScope): ColumnPlan {
  const column = names.columnOf(expression);
  if (column === null) throw unclear();
  return planOf(column);
}

function valueColumnIn(expression: AstValue | undefined, scope: ConditionScope): ColumnPlan {
  return columnIn(expression, { ...scope, planOf: scope.valuePlanOf });
}

function unclear(): NotInParts {
  return new NotInParts(
    'its condition is not made of comparisons of columns with constants, joined by and, or and not',
  );
}
