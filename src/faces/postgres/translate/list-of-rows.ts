/** Functions in FROM that give rows, as lists of these. */
import { coerce } from './casts.ts';
import type { Environment } from './environment.ts';
import { type Expression, typed } from './expression.ts';
import { elementOf, isInteger } from './pg-types.ts';
import { unsupported } from './sql-refusal.ts';

/** A list of what each row holds, with the type of one; null of a function that is none of them. @throws SqlRefusal */
export function listOfRows(
  name: string,
  values: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  if (name === 'generate_series') return series(values, environment, location);
  return name === 'unnest' ? unnested(values) : null;
}

function series(
  values: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  const [from, to, step] = values;
  if (from === undefined || to === undefined || values.length > 3) return null;
  const kinds = values.map(({ type }) => type);
  if (kinds.every((type) => isInteger(type) || type === 'unknown')) {
    const type = kinds.includes('int8') ? 'int8' : 'int4';
    const all = values.map((value) => coerce(value, type, environment).sql);
    if (
      step !== undefined &&
      (step.whole === undefined || step.whole === 0n) &&
      !/^CAST\('?-?[1-9]/.test(coerce(step, type, environment).sql) &&
      !/^\(-\(CAST\([1-9]/.test(step.sql)
    ) {
      throw unsupported('generate_series by a step that is not written out', undefined, location);
    }
    return typed(
      `list_transform(generate_series(${all.join(', ')}), lambda a: CAST(a AS ${type === 'int8' ? 'BIGINT' : 'INTEGER'}))`,
      type,
    );
  }
  if (step === undefined) return null;
  const type = [from, to].some(({ type: each }) => each === 'timestamptz' || each === 'date')
    ? 'timestamptz'
    : 'timestamp';
  const [a, b] = [coerce(from, type, environment).sql, coerce(to, type, environment).sql];
  return typed(`generate_series(${a}, ${b}, ${coerce(step, 'interval', environment).sql})`, type);
}

function unnested([array, more]: readonly Expression[]): Expression | null {
  const element = array === undefined ? null : elementOf(array.type);
  if (array === undefined || element === null || more !== undefined) return null;
  return typed(array.sql, element, { scale: array.scale });
}
