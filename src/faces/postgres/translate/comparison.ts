/** How two sides are compared: as which type, and in what both become. */
import { coerce } from './casts.ts';
import { enumPlace } from './enums.ts';
import type { Environment } from './environment.ts';
import { type Expression, typed } from './expression.ts';
import { compareVarying } from './numeric-sql.ts';
import { formatType, isEnum, isFloat, isNumber, isText, type PgTypeName } from './pg-types.ts';
import { SqlRefusal } from './sql-refusal.ts';
import { assertSameOrder } from './text-order.ts';

const COMPARED = new Set([
  'bool',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'interval',
  'uuid',
  'bytea',
  'oid',
]);

export function compare(
  operator: string,
  left: Expression,
  right: Expression,
  environment: Environment,
  location?: number,
): Expression {
  const word = operator === '!=' ? '<>' : operator;
  const type = comparedAs(left.type, right.type, location);
  if (word !== '=' && word !== '<>') assertSameOrder(type, environment, location);
  const [a, b] = [coerce(left, type, environment), coerce(right, type, environment)];
  if (type === 'numeric' && (a.scale === 'varies' || b.scale === 'varies')) {
    return compareVarying(a, word, b);
  }
  if (type === 'numeric' && a.scale !== b.scale) {
    const scale = Math.max(Number(a.scale), Number(b.scale));
    return typed(`(${rescaled(a, scale)} ${word} ${rescaled(b, scale)})`, 'bool');
  }
  if (isEnum(type) && word !== '=' && word !== '<>')
    return typed(`(${enumPlace(a, environment)} ${word} ${enumPlace(b, environment)})`, 'bool');
  if (type === 'bpchar')
    return typed(`(rtrim(${a.sql}, ' ') ${word} rtrim(${b.sql}, ' '))`, 'bool');
  return typed(`(${a.sql} ${word} ${b.sql})`, 'bool');
}

/** DuckDB would compare DECIMAL(38,0) with DECIMAL(3,2) as DECIMAL(38,0), and lose digits. */
export function rescaled(value: Expression, scale: number): string {
  if (value.scale === scale) return value.sql;
  const [, text] = /^CAST\('([-0-9.]+)' AS DECIMAL\(\d+, \d+\)\)$/.exec(value.sql) ?? [];
  const digits = text === undefined ? 38 : text.replaceAll(/[-.]/g, '').length + scale;
  return `CAST(${value.sql} AS DECIMAL(${String(Math.min(38, digits))}, ${String(scale)}))`;
}

/** What both sides become before they are compared. @throws SqlRefusal 42883 */
export function comparedAs(
  left: PgTypeName,
  right: PgTypeName,
  location: number | undefined,
): PgTypeName {
  if (left === 'unknown' && right === 'unknown') return 'text';
  const pair =
    left === 'unknown' ? [right, right] : right === 'unknown' ? [left, left] : [left, right];
  const [a = '', b = ''] = pair;
  if (isNumber(a) && isNumber(b)) return wider(a, b);
  // A varchar beside it becomes one, and a text doesn't: blanks at the end count for nothing, or do.
  if ([a, b].includes('bpchar') && [a, b].every((type) => ['bpchar', 'varchar'].includes(type)))
    return 'bpchar';
  if (isText(a) && isText(b)) return 'text';
  if (a === b && (COMPARED.has(a) || isEnum(a))) return a;
  const times = ['date', 'timestamp', 'timestamptz'];
  if (times.includes(a) && times.includes(b)) {
    return times[Math.max(times.indexOf(a), times.indexOf(b))] ?? a;
  }
  throw noOperator(`${formatType(a)} compared with ${formatType(b)}`, location);
}

const TOWER = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];

/** What an operator of two numbers computes in. */
export function wider(a: PgTypeName, b: PgTypeName): PgTypeName {
  if (isFloat(a) !== isFloat(b)) return 'float8';
  return TOWER[Math.max(TOWER.indexOf(a), TOWER.indexOf(b))] ?? 'float8';
}

export function noOperator(what: string, location: number | undefined): SqlRefusal {
  return new SqlRefusal('42883', `operator is not known here: ${what}`, {
    location,
    hint: 'docs/postgres-face-sql.md lists what is. You might need to add explicit type casts.',
  });
}
