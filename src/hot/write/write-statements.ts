/** The SQL by which rows go into a table: newest wins, or field by field, or all of them. */
import type { SameKey } from '../../domain/drain/source.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { quoteName, quoteTable } from '../quote.ts';

export interface WriteTarget {
  readonly table: TableRef;
  readonly columns: readonly WriteColumn[];
  /** The columns of a unique key, all of them among `columns`; null writes every row as a new one. */
  readonly key: readonly string[] | null;
  /** What is done where two rows that are not one have one key; null where a key names one row for good. */
  readonly sameKey: SameKey | null;
  /** Of two rows with one key the larger value stays; the last one when null. */
  readonly version: string | null;
  /** A null leaves what the row holds. */
  readonly merge: boolean;
  /** Whether a trigger or a rule of the table can keep a row out without an error. */
  readonly mayKeepOut: boolean;
}

export interface WriteColumn {
  readonly name: string;
  /** Behind any domains, without its modifier: a cast to varchar(3) would cut, an assignment refuses. */
  readonly type: TableRef;
  /** Whether two values can be compared; json can't. */
  readonly hasEquality: boolean;
}

const STAGED = 'pg_temp.tierd_staged';

/** Makes the table that COPY fills; it goes with the transaction. */
export function createStaged({ table, columns }: WriteTarget): string {
  const list = columns.map(({ name }) => quoteName(name)).join(', ');
  return `create temp table if not exists tierd_staged on commit drop as select ${list}, 0 as "tierd n" from ${quoteTable(table)} with no data; truncate ${STAGED}`;
}

export function copyToStaged({ columns }: WriteTarget): string {
  return `copy ${STAGED} (${listOf(columns)}, "tierd n") from stdin`;
}

export function copyToTable({ table, columns }: WriteTarget): string {
  return `copy ${quoteTable(table)} (${listOf(columns)}) from stdin`;
}

export function insertStaged(target: WriteTarget, repeats: boolean): string {
  return insertFrom(target, rowsOfStaged(target), repeats);
}

export function rowsOfStaged({ columns }: WriteTarget): string {
  return `select ${listOf(columns)}, "tierd n" from ${STAGED}`;
}

/** With one array of text for each column as its parameters. */
export function insertArrays(target: WriteTarget, repeats: boolean): string {
  return insertFrom(target, rowsOfArrays(target), repeats);
}

export function rowsOfArrays(target: WriteTarget): string {
  const names = target.columns.map((_, index) => `c${String(index)}`);
  const casts = target.columns.map(
    ({ name, type }, index) => `c${String(index)}::${quoteTable(type)} as ${quoteName(name)}`,
  );
  const arrays = names.map((_, index) => `$${String(index + 1)}::text[]`);
  return `select ${casts.join(', ')}, n as "tierd n" from unnest(${arrays.join(', ')}) with ordinality as given (${names.join(', ')}, n)`;
}

/** Only rows whose key nobody has: of several with one key the one that stays. */
export function insertFreshStaged(target: WriteTarget): string {
  return insertFresh(target, rowsOfStaged(target));
}

export function insertFreshArrays(target: WriteTarget): string {
  return insertFresh(target, rowsOfArrays(target));
}

function insertFresh(target: WriteTarget, rows: string): string {
  const { table, columns, key } = target;
  if (key === null) throw new RangeError(`${formatTable(table)} has no key that a row could share`);
  const list = listOf(columns);
  const stays = onePerKey(target, key, rows);
  return `insert into ${quoteTable(table)} (${list}) select ${list} from (${stays}) as given ${conflictOn(key)} do nothing`;
}

/** How many of the given rows, all of which were written, have a key that no row of the table has. */
export function countAbsent({ table, key }: WriteTarget, rows: string): string {
  const same = (key ?? []).map((name) => `held.${quoteName(name)} = given.${quoteName(name)}`);
  return `select count(*)::int as n from (${rows}) as given where not exists (select from ${quoteTable(table)} as held where ${same.join(' and ')})`;
}

/** How many keys the given rows have. */
export function countKeys(target: WriteTarget, rows: string): string {
  return `select count(*)::int as n from (${onePerKey(target, target.key ?? [], rows)}) as given`;
}

/** Counts, of each key, the row that is inserted or met. */
export function probe(target: WriteTarget, rows: string): string {
  const keys = target.key ?? [];
  const sets = keys.map((name) => `${quoteName(name)} = held.${quoteName(name)}`);
  return insertFrom(target, rows, true, `${conflictOn(keys)} do update set ${sets.join(', ')}`);
}

/** @param repeats whether two of the rows may have one key: then the newer of them is taken. */
function insertFrom(
  target: WriteTarget,
  rows: string,
  repeats: boolean,
  otherwise = target.key === null ? '' : onConflict(target, target.key),
): string {
  const { table, columns, key } = target;
  const source = repeats && key !== null ? onePerKey(target, key, rows) : rows;
  return [
    `insert into ${quoteTable(table)} as held (${listOf(columns)})`,
    `${selectFrom(target)} from (${source}) as given${target.merge ? joinHeld(target) : ''}`,
    otherwise,
  ].join(' ');
}

/**
 * The newest of each key, or the first where that one stays.
 *
 * @param rows a SELECT with `"tierd n"`, their order
 * @param list what is taken of them
 */
export function onePerKey(
  { columns, version, sameKey }: WriteTarget,
  key: readonly string[],
  rows: string,
  list = listOf(columns),
): string {
  const keys = key.map(quoteName).join(', ');
  const newest =
    version === null ? '"tierd n" desc' : `${quoteName(version)} desc nulls last, "tierd n" desc`;
  const order = sameKey === null || sameKey === 'last' ? newest : '"tierd n"';
  return `select distinct on (${keys}) ${list} from (${rows}) as repeated order by ${keys}, ${order}`;
}

function selectFrom({ columns, key, merge }: WriteTarget): string {
  const values = columns.map(({ name }) => {
    const given = `given.${quoteName(name)}`;
    // A column that may not be null is checked before the conflict is seen.
    return merge && key?.includes(name) !== true
      ? `coalesce(${given}, before.${quoteName(name)})`
      : given;
  });
  return `select ${values.join(', ')}`;
}

function joinHeld({ table, key }: WriteTarget): string {
  const same = (key ?? []).map((name) => `before.${quoteName(name)} = given.${quoteName(name)}`);
  return ` left join ${quoteTable(table)} as before on ${same.join(' and ')}`;
}

function onConflict(
  { columns, key, version, merge }: WriteTarget,
  keys: readonly string[],
): string {
  const others = columns.filter(({ name }) => !keys.includes(name));
  const target = conflictOn(keys);
  if (key === null || others.length === 0) return `${target} do nothing`;
  const isNewer = isNewerOf(version, (name) => `excluded.${name}`);
  const sets = others.map(({ name }) => {
    const column = quoteName(name);
    if (!merge) return `${column} = excluded.${column}`;
    if (version === null) return `${column} = coalesce(excluded.${column}, held.${column})`;
    return `${column} = case when ${isNewer} then coalesce(excluded.${column}, held.${column}) else coalesce(held.${column}, excluded.${column}) end`;
  });
  const changed = isChangedOf(others, (name) => `excluded.${name}`);
  const condition = merge ? changed : `${isNewer} and ${changed}`;
  return `${target} do update set ${sets.join(', ')} where ${condition}`;
}

/** Whether what is given counts more than what is `held`. @param given of a quoted name */
export function isNewerOf(version: string | null, given: (name: string) => string): string {
  if (version === null) return 'true';
  const name = quoteName(version);
  return `(held.${name} is null or ${given(name)} >= held.${name})`;
}

/** A row that is written as it was would be a dead one more, each time a snapshot is read. */
export function isChangedOf(
  columns: readonly WriteColumn[],
  given: (name: string) => string,
): string {
  const changed = columns.map(({ name, hasEquality }) => {
    const cast = hasEquality ? '' : '::text';
    return `held.${quoteName(name)}${cast} is distinct from ${given(quoteName(name))}${cast}`;
  });
  return `(${changed.join(' or ')})`;
}

function conflictOn(key: readonly string[]): string {
  return `on conflict (${key.map(quoteName).join(', ')})`;
}

function listOf(columns: readonly WriteColumn[]): string {
  return columns.map(({ name }) => quoteName(name)).join(', ');
}

/** For messages. */
export function describeTarget({ table }: WriteTarget): string {
  return formatTable(table);
}
