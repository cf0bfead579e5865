/** An exact condition in PostgreSQL's words. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { join, name, raw, type Sql, sql } from '../../hot/sql.ts';
import type { ExactComparison, ExactCondition } from './exact-condition.ts';

export function exactSql(condition: ExactCondition): Sql {
  switch (condition.kind) {
    case 'true':
      return raw('true');
    case 'and':
    case 'or':
      return sql`(${join(condition.of.map(exactSql), condition.kind === 'and' ? ' and ' : ' or ')})`;
    case 'not':
      return sql`not ${exactSql(condition.of)}`;
    case 'is null':
      return sql`(${name(condition.column.name)} is null)`;
    case 'flag':
      return name(condition.column.name);
    case 'compare':
      return comparison(condition);
  }
}

function comparison({ column, asDate, operator, value, isFolded }: ExactComparison): Sql {
  const constant = sql`${value.text}::${raw(value.type)}`;
  const subject = asDate ? dayOf(column) : name(column.name);
  if (value.type !== 'text') return sql`(${subject} ${raw(operator)} ${constant})`;
  const byBytes = sql`${subject} collate "C" ${raw(operator)} ${constant}`;
  if (operator !== '=') return sql`(${byBytes})`;
  // It alone can use an index. What says the same twice is taken for rarer than it is, and a plan for few rows is made.
  const asItIs = sql`${subject} = ${constant}`;
  return isFolded ? sql`(${asItIs} and ${byBytes})` : sql`(${asItIs})`;
}

/** Times are reckoned in UTC, whatever the session says. */
export function dayOf({ name: column, held }: ColumnPlan): Sql {
  return held.kind === 'timestamptz'
    ? sql`(${name(column)} at time zone 'UTC')::date`
    : sql`${name(column)}::date`;
}
