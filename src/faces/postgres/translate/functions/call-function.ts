/** A function by its name. */
import type { Environment } from '../environment.ts';
import type { Expression } from '../expression.ts';
import { formatType } from '../pg-types.ts';
import { SqlRefusal, unsupported } from '../sql-refusal.ts';
import { FLOAT_FUNCTIONS, NUMBER_FUNCTIONS } from './number-functions.ts';
import { call, choose } from './signature.ts';
import { TEXT_FUNCTIONS } from './text-functions.ts';
import { TIME_FUNCTIONS } from './time-functions.ts';

const SIGNATURES = { ...TEXT_FUNCTIONS, ...FLOAT_FUNCTIONS };

/** @throws SqlRefusal 42883 where it isn't known with these types */
export function callFunction(
  name: string,
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression {
  const write = Object.hasOwn(NUMBER_FUNCTIONS, name) ? NUMBER_FUNCTIONS[name] : undefined;
  const ofTime = Object.hasOwn(TIME_FUNCTIONS, name) ? TIME_FUNCTIONS[name] : undefined;
  const found = write?.(args, environment) ?? ofTime?.(args, environment, location) ?? null;
  if (found !== null) return { ...found, location };
  if (name === 'substring' && ['unknown', 'text', 'varchar'].includes(args[1]?.type ?? '')) {
    throw unsupported('substring by a regular expression', undefined, location);
  }
  const signatures = Object.hasOwn(SIGNATURES, name) ? SIGNATURES[name] : undefined;
  if (
    signatures !== undefined &&
    Object.hasOwn(FLOAT_FUNCTIONS, name) &&
    args.some(({ type }) => type === 'numeric')
  ) {
    throw unsupported(`${name} of numeric`, `Cast to float8: ${name}(x::float8).`, location);
  }
  const chosen = signatures === undefined ? null : choose(signatures, args);
  if (chosen !== null) return { ...call(chosen, args, environment), location };
  const types = args.map(({ type }) => formatType(type)).join(', ');
  throw new SqlRefusal('42883', `function ${name}(${types}) is not known here`, {
    location,
    hint: 'docs/postgres-face-sql.md lists what is. You might need to add explicit type casts.',
  });
}
