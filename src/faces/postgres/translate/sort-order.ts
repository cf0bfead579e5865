/** One item of ORDER BY. Nulls are said always: the two have them at different ends. */
import type { Node } from 'libpg-query';
import { coerce } from './casts.ts';
import { enumPlace } from './enums.ts';
import type { Environment } from './environment.ts';
import type { Expression } from './expression.ts';
import { orderKey } from './numeric-sql.ts';
import { isEnum, isFloat } from './pg-types.ts';
import type { Scope } from './scope.ts';
import { unsupported } from './sql-refusal.ts';
import { assertSameOrder } from './text-order.ts';
import { namesIn } from './walk.ts';

export function sortBy(node: Node, scope: Scope, environment: Environment): string {
  const { by, direction } = sortParts(node);
  return `${sortKey(environment.expression(by, scope), environment)} ${direction}`;
}

/** @throws SqlRefusal 0A000 for USING with another operator than < and > */
export function sortParts(node: Node): { readonly by: Node; readonly direction: string } {
  if (!('SortBy' in node) || node.SortBy.node === undefined) throw unsupported('such an ORDER BY');
  const { node: by, sortby_dir: dir, sortby_nulls: nulls, useOp = [], location } = node.SortBy;
  const using = namesIn(useOp).at(-1);
  if (using !== undefined && using !== '<' && using !== '>')
    throw unsupported(`ORDER BY … USING ${using}`, undefined, location);
  const isDown = dir === 'SORTBY_DESC' || using === '>';
  const isFirst = nulls === 'SORTBY_NULLS_FIRST' || (nulls !== 'SORTBY_NULLS_LAST' && isDown);
  return { by, direction: `${isDown ? 'DESC' : 'ASC'} NULLS ${isFirst ? 'FIRST' : 'LAST'}` };
}

/** What values are put in order by, where that is not the value. */
export function sortKey(value: Expression, environment: Environment): string {
  const known = value.type === 'unknown' ? coerce(value, 'text', environment) : value;
  if (known.type.endsWith('*') || known.type.startsWith('json') || known.type.endsWith('[]')) {
    throw unsupported(`ORDER BY of ${known.type.replace('*', '')}`, undefined, known.location);
  }
  assertSameOrder(known.type, environment, known.location);
  if (isEnum(known.type)) return enumPlace(known, environment);
  if (known.scale === 'varies') return orderKey(known);
  // DuckDB makes the column of a result out of the key it sorted by, in which −0 is 0.
  if (isFloat(known.type)) return `(${known.sql} + 0)`;
  return known.type === 'bpchar' ? `rtrim(${known.sql}, ' ')` : known.sql;
}
