/** A value where a condition has to stand. */
import { coerce } from './casts.ts';
import type { Environment } from './environment.ts';
import type { Expression } from './expression.ts';
import { formatType } from './pg-types.ts';
import { SqlRefusal } from './sql-refusal.ts';

function asBoolean(value: Expression, place: string, environment: Environment): Expression {
  if (value.type === 'unknown') return coerce(value, 'bool', environment);
  if (value.type === 'bool') return value;
  throw new SqlRefusal(
    '42804',
    `argument of ${place} must be type boolean, not type ${formatType(value.type)}`,
    {
      location: value.location,
    },
  );
}

/** @throws SqlRefusal 42804 */
export function condition(value: Expression, place: string, environment: Environment): string {
  return asBoolean(value, place, environment).sql;
}
