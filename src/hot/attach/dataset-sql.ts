/**
 * The statements that make one dataset's view: hot and cold as one instant.
 *
 *     <table>          view         hot UNION ALL lake, at the snapshot of the statement that asks (I2, I11)
 *     <table>_lake     partitioned  the cold rows by time, so that a question of later times never asks tierd
 *     <table>_cold     foreign      its partition up to the time where the lake ends; cold rows alone
 *     <table>_later    table        its partition from there on, always empty: with one partition alone nothing is pruned at run time
 *     <table>_until()  function     no cold row is later
 */
import { createHash } from 'node:crypto';
import { AS_OF, ATTACHED } from '../../domain/attached.ts';
import type { IntegerTimeUnit, TableRef, TimeKind } from '../../domain/table.ts';
import { quoteLiteral, quoteName, quoteTable } from '../quote.ts';
import type { AttachableColumn, AttachableTable } from './attachable.ts';

export interface AttachColumn extends AttachableColumn {
  /** Whether tierd computes with it as PostgreSQL does: a condition on another is left to PostgreSQL. */
  readonly isComputed: boolean;
}

export interface DatasetToAttach {
  readonly dataset: string;
  readonly table: TableRef;
  readonly found: Omit<AttachableTable, 'columns' | 'hasRowSecurity'> & {
    readonly columns: readonly AttachColumn[];
  };
  readonly time: {
    readonly column: string;
    readonly kind: TimeKind;
    readonly unit?: IntegerTimeUnit;
  };
  /** By which a row that came again after it moved is known; null where it shows twice. */
  readonly identity: readonly IdentityColumn[] | null;
  /** How far beyond the newest cold row the lake's partition reaches, so that not each move has to move its end. */
  readonly marginUs: number;
  /** No row that is younger than this leaves soon, in milliseconds. */
  readonly cutoffMs: number;
}

export interface IdentityColumn {
  readonly name: string;
  /** Its key calls values equal that are not the same. */
  readonly isLoose: boolean;
}

/** Longer than any of them by the longest ending, a name is still one of PostgreSQL's 63 bytes. */
export const MAX_TABLE_NAME_BYTES = 63 - '_shown_9999'.length;

interface Names {
  readonly view: string;
  readonly lake: string;
  readonly cold: string;
  readonly later: string;
  readonly until: string;
  readonly shown: (place: number) => string;
}

function namesIn(schema: string, table: string): Names {
  const name = (ending: string): string => quoteTable({ schema, name: `${table}${ending}` });
  return {
    view: name(''),
    lake: name('_lake'),
    cold: name('_cold'),
    later: name('_later'),
    until: name('_until'),
    shown: (place) => name(`_shown_${String(place)}`),
  };
}

/** Another one where the same dataset would be made otherwise. */
export function printOf(schema: string, server: string, one: DatasetToAttach): string {
  const made = [
    ...viewSql(schema, one),
    ...coldSql(schema, server, one),
    ...rightsSql(schema, one),
  ];
  return createHash('sha256')
    .update(JSON.stringify([made, one.marginUs]))
    .digest('hex')
    .slice(0, 16);
}

/** What is there already, which goes. */
export interface EarlierAttachment {
  /** Columns of the view; none where there is none. */
  readonly view: readonly { readonly name: string; readonly type: string }[];
  /** By their bare names. */
  readonly domains: readonly string[];
  /** Who may read the view. */
  readonly readers: readonly (string | null)[];
}

/**
 * @returns statements for one transaction; what reads the view reads it all the time, or waits
 */
export function attachSql(
  schema: string,
  server: string,
  one: DatasetToAttach,
  has: EarlierAttachment,
): readonly string[] {
  const names = namesIn(schema, one.table.name);
  const { dataset, table, found, time, marginUs, cutoffMs } = one;
  const hot = `select ${columnList(found.columns)} from ${quoteTable(table)}`;
  const isThere = has.view.length > 0;
  const keeps = has.view.every(
    ({ name, type }, at) => found.columns[at]?.name === name && found.columns[at].type === type,
  );
  const print = printOf(schema, server, one);
  const record = [dataset, table.name, time.kind, time.unit ?? '', print].map(quoteLiteral);
  return [
    ...(isThere && !keeps ? [`drop view ${names.view}`] : []),
    // A view can't be given other tables while it reads those that go.
    ...(isThere && keeps ? [`create or replace view ${names.view} as ${hot}`] : []),
    ...dropColdSql(schema, one.table.name, has.domains),
    ...coldSql(schema, server, one),
    ...viewSql(schema, one),
    ...(has.readers.length === 0 || !keeps
      ? []
      : [`revoke select on ${names.view} from ${has.readers.map(roleName).join(', ')}`]),
    ...rightsSql(schema, one),
    `insert into ${quoteName(schema)}.tierd_attached (dataset, view_name, time_kind, time_unit, print, until_us, margin_us)
  values (${record.join(', ')}, 0, ${String(marginUs)})
  on conflict (dataset) do update set view_name = excluded.view_name, time_kind = excluded.time_kind,
    time_unit = excluded.time_unit, print = excluded.print, until_us = excluded.until_us, margin_us = excluded.margin_us`,
    `select ${quoteName(schema)}.tierd_fit(${quoteLiteral(dataset)}, greatest(${String(cutoffMs * 1000)},
  (select max(max_time_us) from tierd.segments where dataset = ${quoteLiteral(dataset)} and state in ('live', 'retired'))))`,
  ];
}

/** @param domains as of `EarlierAttachment` */
export function dropColdSql(
  schema: string,
  table: string,
  domains: readonly string[],
): readonly string[] {
  const names = namesIn(schema, table);
  const places = domains.map((name) => quoteTable({ schema, name }));
  return [
    `drop table if exists ${names.lake}`,
    `drop function if exists ${names.until}()`,
    ...(places.length === 0 ? [] : [`drop domain if exists ${places.join(', ')}`]),
  ];
}

function coldSql(schema: string, server: string, one: DatasetToAttach): readonly string[] {
  const names = namesIn(schema, one.table.name);
  const { dataset, found, time } = one;
  const shown = found.columns.flatMap((column, at) =>
    column.isComputed ? [] : [{ ...column, domain: names.shown(at + 1) }],
  );
  const typeOf = (column: AttachColumn): string => {
    const domain = shown.find(({ name }) => name === column.name)?.domain;
    return domain ?? `${column.type}${collate(column)}`;
  };
  const columns = [
    ...found.columns.map((column) => `${quoteName(column.name)} ${typeOf(column)}`),
    `${AS_OF} text`,
  ];
  const beginning = boundOf(time.kind);
  const remote = `schema_name ${quoteLiteral(ATTACHED)}, table_name ${quoteLiteral(dataset)}`;
  return [
    // An expression of a domain's is never sent on.
    ...shown.map((one) => `create domain ${one.domain} as ${one.type}${collate(one)}`),
    `create table ${names.lake} (${columns.join(', ')}) partition by range (${quoteName(time.column)})`,
    `create foreign table ${names.cold} partition of ${names.lake} for values from (minvalue) to (${beginning})
  server ${quoteName(server)} options (${remote})`,
    `create table ${names.later} partition of ${names.lake} for values from (${beginning}) to (maxvalue)`,
    untilSql(names.until, dataset, time),
    `revoke all on function ${names.until}() from public`,
    `comment on foreign table ${names.cold} is ${quoteLiteral(`Rows of ${dataset} that are in the lake alone, answered by tierd.`)}`,
  ];
}

const collate = ({ collation }: Pick<AttachableColumn, 'collation'>): string =>
  collation === null ? '' : ` collate ${collation}`;

const BOUNDS: Readonly<Record<TimeKind, string>> = {
  timestamptz: `'1970-01-01 00:00:00+00'`,
  timestamp: `'1970-01-01 00:00:00'`,
  date: `'1970-01-01'`,
  integer: '0',
};

const boundOf = (kind: TimeKind): string => BOUNDS[kind];

/** Microseconds as a value of the time column. */
function timeOf(us: string, { kind, unit = 'us' }: DatasetToAttach['time']): string {
  switch (kind) {
    case 'timestamptz':
      return `timestamptz '1970-01-01 00:00:00+00' + (${us})::float8 * interval '1 microsecond'`;
    case 'timestamp':
      return `timestamp '1970-01-01 00:00:00' + (${us})::float8 * interval '1 microsecond'`;
    case 'date':
      return `date '1970-01-01' + ((${us}) / 86400000000)::int`;
    case 'integer':
      return `((${us})::numeric ${{ s: '/ 1000000', ms: '/ 1000', us: '/ 1', ns: '* 1000' }[unit]})::bigint`;
  }
}

const RETURNS: Readonly<Record<TimeKind, string>> = {
  timestamptz: 'timestamptz',
  timestamp: 'timestamp',
  date: 'date',
  integer: 'bigint',
};

/** A day later than the newest, for a time without a zone is of some zone. By an index, as there may be a million segments. */
function untilSql(name: string, dataset: string, time: DatasetToAttach['time']): string {
  const which = quoteLiteral(dataset);
  const newest = `(select min_time_us from tierd.segments where state = 'live' and dataset = ${which} order by min_time_us desc limit 1)
    + (select max(longest_us) from tierd.live_schemas where dataset = ${which}) + 172800000000`;
  return `create function ${name}() returns ${RETURNS[time.kind]} language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select ${timeOf(newest, time)} $$`;
}

function columnList(columns: readonly AttachColumn[]): string {
  return columns.map(({ name }) => quoteName(name)).join(', ');
}

function viewSql(
  schema: string,
  { table, found, time, identity }: DatasetToAttach,
): readonly string[] {
  const names = namesIn(schema, table.name);
  const cold = found.columns.map((column) => {
    const { name, type, isComputed } = column;
    const value = `c.${quoteName(name)}`;
    return isComputed ? value : `${value}::${type}${collate(column)} as ${quoteName(name)}`;
  });
  const newer =
    identity === null ? '' : `\n  and not exists (${newerSql(names, table, time, identity)})`;
  return [
    `create or replace view ${names.view} with (security_invoker = true) as
select ${columnList(found.columns)} from ${quoteTable(table)}
union all
select ${cold.join(', ')} from ${names.lake} c
where c.${AS_OF} = (select ${quoteName(schema)}.tierd_as_of())${newer}`,
    `comment on view ${names.view} is ${literalOrNull(found.comment)}`,
    ...found.columns
      .filter(({ comment }) => comment !== null)
      .map(
        ({ name, comment }) =>
          `comment on column ${names.view}.${quoteName(name)} is ${literalOrNull(comment)}`,
      ),
  ];
}

const literalOrNull = (text: string | null): string =>
  text === null ? 'null' : quoteLiteral(text);

/** A row that came again after it moved: until a rotation settles the two, the hot one is the one. */
function newerSql(
  names: Names,
  table: TableRef,
  time: DatasetToAttach['time'],
  identity: readonly IdentityColumn[],
): string {
  const same = identity.map(({ name, isLoose }) => {
    const [hot, cold] = [`h.${quoteName(name)}`, `c.${quoteName(name)}`];
    return isLoose ? `${hot}::text collate "C" = ${cold}::text collate "C"` : `${hot} = ${cold}`;
  });
  return `select from ${quoteTable(table)} h where h.${quoteName(time.column)} < (select ${names.until}()) and ${same.join(' and ')}`;
}

/** Who may read the table may read its cold rows, and nobody else: also not who could before. */
function rightsSql(schema: string, { table, found }: DatasetToAttach): readonly string[] {
  const names = namesIn(schema, table.name);
  const readers = [...new Set([found.owner, ...found.readers])].map(roleName).join(', ');
  return [
    `grant usage on schema ${quoteName(schema)} to ${readers}`,
    `grant select on ${names.view}, ${names.lake}, ${names.cold} to ${readers}`,
    `grant execute on function ${names.until}() to ${readers}`,
  ];
}

const roleName = (role: string | null): string => (role === null ? 'public' : quoteName(role));
