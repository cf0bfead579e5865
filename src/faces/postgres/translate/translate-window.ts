/** OVER (…), and the functions that need it. */
import type { Node, WindowDef } from 'libpg-query';
import { coerce } from './casts.ts';
import type { Environment } from './environment.ts';
import { castTo, type Expression, typed } from './expression.ts';
import { knownFields } from './known-fields.ts';
import type { Scope } from './scope.ts';
import { sortBy, sortKey } from './sort-order.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';

/** Bits of frameOptions (parsenodes.h). */
const FRAME = {
  nonDefault: 0x1,
  range: 0x2,
  rows: 0x4,
  groups: 0x8,
  between: 0x10,
  startUnboundedPreceding: 0x20,
  startUnboundedFollowing: 0x80,
  endUnboundedFollowing: 0x100,
  startCurrent: 0x200,
  endCurrent: 0x400,
  startPreceding: 0x800,
  endPreceding: 0x1000,
  startFollowing: 0x2000,
  endFollowing: 0x4000,
  exclusions: 0x38000,
} as const;

/** @throws SqlRefusal */
export function translateWindow(node: WindowDef, scope: Scope, environment: Environment): string {
  knownFields(node, 'a window', [
    'name',
    'refname',
    'partitionClause',
    'orderClause',
    'frameOptions',
    'startOffset',
    'endOffset',
  ]);
  const { name, refname, frameOptions = 0, location } = node;
  const known = name ?? refname;
  if (known !== undefined) {
    const found = scope.windows.get(known) as WindowDef | undefined;
    if (found === undefined)
      throw new SqlRefusal('42704', `window "${known}" does not exist`, { location });
    const isAsItIs =
      (node.partitionClause ?? node.orderClause) === undefined &&
      (frameOptions & FRAME.nonDefault) === 0;
    if (!isAsItIs) throw unsupported('a window made from another', 'Write it out.', location);
    const { name: _, ...window } = found;
    return translateWindow(window, scope, environment);
  }
  const partition = (node.partitionClause ?? []).map((each) =>
    sortKey(environment.expression(each, scope), environment),
  );
  const order = (node.orderClause ?? []).map((each) => sortBy(each, scope, environment));
  return [
    partition.length === 0 ? '' : `PARTITION BY ${partition.join(', ')}`,
    order.length === 0 ? '' : `ORDER BY ${order.join(', ')}`,
    frame(node, scope, environment),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function frame(
  { frameOptions: bits = 0, startOffset, endOffset, location }: WindowDef,
  scope: Scope,
  environment: Environment,
): string {
  if ((bits & FRAME.nonDefault) === 0) return '';
  if ((bits & FRAME.exclusions) !== 0 || (bits & FRAME.groups) !== 0)
    throw unsupported('such a frame of a window', undefined, location);
  const isRows = (bits & FRAME.rows) !== 0;
  const offset = (node: Node | undefined): string => {
    if (node === undefined || !isRows)
      throw unsupported('a frame of a RANGE with an offset', undefined, location);
    return coerce(environment.expression(node, scope), 'int8', environment).sql;
  };
  const start =
    (bits & FRAME.startUnboundedPreceding) !== 0
      ? 'UNBOUNDED PRECEDING'
      : (bits & FRAME.startCurrent) !== 0
        ? 'CURRENT ROW'
        : `${offset(startOffset)} ${(bits & FRAME.startPreceding) !== 0 ? 'PRECEDING' : 'FOLLOWING'}`;
  const end =
    (bits & FRAME.endUnboundedFollowing) !== 0
      ? 'UNBOUNDED FOLLOWING'
      : (bits & FRAME.endCurrent) !== 0
        ? 'CURRENT ROW'
        : `${offset(endOffset)} ${(bits & FRAME.endPreceding) !== 0 ? 'PRECEDING' : 'FOLLOWING'}`;
  return `${isRows ? 'ROWS' : 'RANGE'} BETWEEN ${start} AND ${end}`;
}

const RANKS = new Set(['row_number', 'rank', 'dense_rank']);
const SHARES = new Set(['percent_rank', 'cume_dist']);
const OTHERS = new Set(['ntile', 'lag', 'lead', 'first_value', 'last_value', 'nth_value']);

export const WINDOW_FUNCTIONS: ReadonlySet<string> = new Set([...RANKS, ...SHARES, ...OTHERS]);

export function callWindowFunction(
  name: string,
  args: readonly Expression[],
  over: string,
  environment: Environment,
  location: number | undefined,
): Expression {
  if (RANKS.has(name) && args.length === 0) return castTo(`${name}()${over}`, 'int8');
  if (SHARES.has(name) && args.length === 0) return castTo(`${name}()${over}`, 'float8');
  const [first, second, third] = args;
  if (first === undefined) throw unsupported(`${name} of nothing`, undefined, location);
  if (name === 'ntile') {
    return castTo(`ntile(${coerce(first, 'int4', environment).sql})${over}`, 'int4');
  }
  const value = first.type === 'unknown' ? coerce(first, 'text', environment) : first;
  const counts = second === undefined ? [] : [coerce(second, 'int4', environment)];
  if (
    counts.some(
      ({ whole }) => whole === undefined || whole < 0n || (name === 'nth_value' && whole < 1n),
    )
  ) {
    throw unsupported(`${name} by a number that is not written out`, undefined, location);
  }
  const more = third === undefined ? [] : [coerce(third, value.type, environment)];
  if (more.some(({ scale }) => scale !== value.scale))
    throw unsupported(
      `${name} with such a default`,
      'Cast the default to the type of the column.',
      location,
    );
  const sql = [value, ...counts, ...more].map((arg) => arg.sql).join(', ');
  return typed(`${name}(${sql})${over}`, value.type, value);
}
