/** The text of an argument that is a literal. */
import { type Expression, isOpen } from '../expression.ts';

/** Null of what is computed. @param otherwise of a parameter without a value: what it may be is looked at when it is bound */
export function constantText(value: Expression | undefined, otherwise = 'day'): string | null {
  if (value === undefined) return null;
  if (isOpen(value)) return otherwise;
  if (typeof value.literal === 'string') return value.literal;
  const [, inner] = /^'((?:[^']|'')*)'$/.exec(value.sql) ?? [];
  return inner === undefined ? null : inner.replaceAll("''", "'");
}
