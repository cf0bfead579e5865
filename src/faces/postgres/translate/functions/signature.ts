/** Functions with arguments of fixed types. */
import { coerce, isImplicit } from '../casts.ts';
import type { Environment } from '../environment.ts';
import { castTo, type Expression } from '../expression.ts';
import type { PgTypeName } from '../pg-types.ts';

export interface Signature {
  readonly takes: readonly PgTypeName[];
  readonly gives: PgTypeName;
  /** In DuckDB's words, of the arguments in its words. */
  readonly write: (...args: readonly string[]) => string;
}

/** @param form `(text, int4) → text` */
export function signature(form: string, write: Signature['write']): Signature {
  const [takes = '', gives = ''] = form.split(' → ');
  const inner = takes.slice(1, -1);
  return { takes: inner === '' ? [] : inner.split(', '), gives, write };
}

/** The one that fits with the fewest casts, the first of equals; null where none does. */
export function choose(
  signatures: readonly Signature[],
  args: readonly Expression[],
): Signature | null {
  const fitting = signatures
    .filter(({ takes }) => takes.length === args.length)
    .filter(({ takes }) => takes.every((type, index) => isImplicit(args[index]?.type ?? '', type)));
  const exact = ({ takes }: Signature): number =>
    takes.filter((type, index) => args[index]?.type === type).length;
  return fitting.toSorted((a, b) => exact(b) - exact(a))[0] ?? null;
}

export function call(
  { takes, gives, write }: Signature,
  args: readonly Expression[],
  environment: Environment,
): Expression {
  const sql = takes.map((type, index) => {
    const arg = args[index];
    return arg === undefined ? 'NULL' : coerce(arg, type, environment).sql;
  });
  return castTo(write(...sql), gives);
}
