/** Which hot rows a query may need, as a condition of PostgreSQL's: at least those that pass. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { IntegerTimeUnit, TimeColumn } from '../../domain/table.ts';
import { timeExpression } from '../../hot/measure/time-bounds.ts';
import { join, name, raw, type Sql, sql } from '../../hot/sql.ts';
import { isoTimestamp } from '../iso-time.ts';
import type { TimeHull } from '../segments/cold-catalog.ts';
import type { HotPredicate } from './hot-predicate.ts';

export function hotCondition(
  columns: readonly ColumnPlan[],
  timeColumn: TimeColumn,
  hull: TimeHull,
  predicate: HotPredicate,
): Sql {
  return join([...hullConditions(timeColumn, hull), conditionOf(columns, predicate)], ' and ');
}

/** The years 1 to 9999, which both sides write alike: a bound beyond them is left out. */
const FIRST_US = -62_135_596_800_000_000n;
const LAST_US = 253_402_300_799_999_999n;

function hullConditions(time: TimeColumn, hull: TimeHull): readonly Sql[] {
  const column = timeExpression(time);
  const { fromInclusiveUs: from, toInclusiveUs: to } = hull;
  return [
    ...(from === null || from < FIRST_US ? [] : [sql`${column} >= ${instant(time, from)}`]),
    ...(to === null || to > LAST_US ? [] : [sql`${column} <= ${instant(time, to, 999n)}`]),
  ];
}

const MICROS_PER_UNIT: Readonly<Record<Exclude<IntegerTimeUnit, 'ns'>, bigint>> = {
  s: 1_000_000n,
  ms: 1_000n,
  us: 1n,
};

/** @param beyondNs nanoseconds that a bound in microseconds leaves out, at most */
function instant(time: TimeColumn, us: bigint, beyondNs = 0n): Sql {
  const text = isoTimestamp(us < FIRST_US ? FIRST_US : us > LAST_US ? LAST_US : us);
  switch (time.kind) {
    case 'timestamptz':
      return sql`${`${text}Z`}::timestamptz`;
    case 'timestamp':
      return sql`${text}::timestamp`;
    case 'date':
      return sql`${text.slice(0, 10)}::date`;
    case 'integer': {
      const { unit = 'us' } = time;
      // Rounded down: a row at the bound or after it is at that unit or after it, too.
      const value = unit === 'ns' ? us * 1_000n + beyondNs : floorDiv(us, MICROS_PER_UNIT[unit]);
      return sql`${clampToBigint(value)}::bigint`;
    }
  }
}

function conditionOf(columns: readonly ColumnPlan[], predicate: HotPredicate): Sql {
  switch (predicate.kind) {
    case 'any':
      return raw('true');
    case 'and':
    case 'or': {
      const parts = predicate.of.map((part) => conditionOf(columns, part));
      return sql`(${join(parts, predicate.kind === 'and' ? ' and ' : ' or ')})`;
    }
    case 'compare': {
      const plan = columns.find((column) => column.name === predicate.column);
      if (plan === undefined) return raw('true');
      if (WHOLE_NUMBERS.has(plan.held.kind)) {
        return sql`${name(plan.name)} ${raw(predicate.operator)} ${predicate.value}::bigint`;
      }
      // Of other types whose text is held, a text need not be a value: that would be an error.
      const isText = plan.held.kind === 'varchar' && PLAIN_TEXT.test(plan.postgresType);
      return isText ? sql`${name(plan.name)} = ${predicate.value}` : raw('true');
    }
  }
}

const WHOLE_NUMBERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8']);
const PLAIN_TEXT = /^(text|character varying|character)(\(\d+\))?$/;

const MAX_BIGINT = 2n ** 63n - 1n;

function clampToBigint(value: bigint): string {
  return String(value > MAX_BIGINT ? MAX_BIGINT : value < -MAX_BIGINT ? -MAX_BIGINT : value);
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
