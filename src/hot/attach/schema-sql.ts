/** The statements that make what all attached datasets share, and those that remove it. */
import { READER_NAME } from '../../domain/attached.ts';
import { quoteLiteral, quoteName } from '../quote.ts';
import type { ServerOptions } from './attachable.ts';

/** Its name stands in the error where nothing answers: it says what is to be started. */
export const FOREIGN_SERVER = 'tierd_run';

export interface FaceToReach {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** As SQL: a literal, or a variable of psql's. */
  readonly passwordSql: string;
  readonly isTls: boolean;
}

/** Values as SQL. */
type Options = Readonly<Record<string, string>>;

function serverOptions({ host, port, isTls }: FaceToReach): Options {
  return {
    host: quoteLiteral(host),
    port: quoteLiteral(String(port)),
    dbname: quoteLiteral('tierd'),
    // In seconds: who asks is told soon that nobody is there.
    connect_timeout: quoteLiteral('5'),
    fetch_size: quoteLiteral('10000'),
    // Who reads a hypertable in place can be told apart by it.
    application_name: quoteLiteral(READER_NAME),
    ...(isTls ? { sslmode: quoteLiteral('require') } : {}),
  };
}

export function serverSql(face: FaceToReach, has: ServerOptions): readonly string[] {
  const server = quoteName(FOREIGN_SERVER);
  const options = serverOptions(face);
  const user = { user: quoteLiteral(face.user), password: face.passwordSql };
  const made =
    has.server === null
      ? [`create server ${server} foreign data wrapper postgres_fdw options (${listed(options)})`]
      : altered(`alter server ${server}`, options, has.server);
  // Of everybody's mapping the password is shown to superusers and to the owner of the server alone.
  const mapping =
    has.user === 'not shown'
      ? []
      : has.user === null
        ? [`create user mapping for public server ${server} options (${listed(user)})`]
        : altered(`alter user mapping for public server ${server}`, user, has.user);
  return [...made, ...mapping];
}

function listed(options: Options): string {
  return Object.entries(options)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function altered(what: string, wanted: Options, has: readonly string[]): readonly string[] {
  const there = new Map(
    has.map((one) => [
      one.slice(0, one.indexOf('=')),
      quoteLiteral(one.slice(one.indexOf('=') + 1)),
    ]),
  );
  const changes = [
    ...Object.entries(wanted)
      .filter(([name, value]) => there.get(name) !== value)
      .map(([name, value]) => `${there.has(name) ? 'set' : 'add'} ${name} ${value}`),
    ...(there.has('sslmode') && !Object.hasOwn(wanted, 'sslmode') ? ['drop sslmode'] : []),
  ];
  return changes.length === 0 ? [] : [`${what} options (${changes.join(', ')})`];
}

/** On the ledger's segments, and what they call. */
const TRIGGERS = { tierd_attached: 'tierd_widen', tierd_in_place: 'tierd_widen_in_place' };

/**
 * Run again, they leave what is there as it is. The schema and the extension are there.
 *
 * @param role of tierd, which looks at what is attached, also where another has run this
 */
export function schemaSql(schema: string, role: string): readonly string[] {
  const at = quoteName(schema);
  return [
    `create table if not exists ${at}.tierd_attached (
  dataset text primary key,
  view_name text not null,
  time_kind text not null,
  time_unit text not null,
  print text not null,
  -- Where the partition of the lake ends, and how far beyond a new row it is moved.
  until_us bigint not null,
  margin_us bigint not null
)`,
    `grant usage on schema ${at} to ${quoteName(role)}`,
    `grant select on ${at}.tierd_attached to ${quoteName(role)}`,
    `create or replace function ${at}.tierd_as_of() returns text language sql volatile parallel restricted
  as 'select pg_catalog.pg_export_snapshot()'`,
    fitSql(at, schema),
    widenSql(at),
    widenInPlaceSql(at),
    `revoke all on function ${at}.tierd_fit(text, bigint), ${at}.tierd_widen(), ${at}.tierd_widen_in_place() from public`,
    ...['insert', 'update'].flatMap((event) =>
      Object.entries(TRIGGERS).map(
        ([trigger, called]) =>
          `create or replace trigger ${trigger}_${event} after ${event} on tierd.segments
  referencing new table as new_rows for each statement execute function ${at}.${called}()`,
      ),
    ),
    // Behind the triggers, which only who may call it makes.
    `alter function ${at}.tierd_widen_in_place() owner to ${quoteName(role)}`,
  ];
}

/**
 * Moves the end of the lake's partition beyond a time. In the transaction that publishes rows of that time: it waits for
 * those who read the view by the old end, and who comes later reads by the new one. Nothing of the ledger's is called: whoever
 * owns that would have it run as whoever attached, maybe a superuser.
 */
function fitSql(at: string, schema: string): string {
  return `create or replace function ${at}.tierd_fit(which text, last_us bigint) returns void language plpgsql security definer
  set search_path = pg_catalog, pg_temp set datestyle = 'ISO, YMD' set timezone = 'UTC'
as $$
declare
  one record;
  end_us numeric;
  bound text;
  name text;
begin
  select * into one from ${at}.tierd_attached a where a.dataset = which for update;
  if not found or last_us is null or last_us < one.until_us then
    return;
  end if;
  end_us := (floor(last_us / 86400000000.0) + 1) * 86400000000 + one.margin_us;
  bound := case one.time_kind
    when 'timestamptz' then quote_literal(timestamptz '1970-01-01 00:00:00+00' + end_us::float8 * interval '1 microsecond')
    when 'timestamp' then quote_literal(timestamp '1970-01-01 00:00:00' + end_us::float8 * interval '1 microsecond')
    when 'date' then quote_literal(date '1970-01-01' + (end_us / 86400000000)::int)
    else (end_us * case one.time_unit when 's' then 0.000001 when 'ms' then 0.001 when 'ns' then 1000 else 1 end)::bigint::text
  end;
  name := one.view_name;
  -- Where it was dropped by hand, nobody reads the lake through it.
  if to_regclass(format('%I.%I', ${quoteLiteral(schema)}, name || '_lake')) is null
     or to_regclass(format('%I.%I', ${quoteLiteral(schema)}, name || '_cold')) is null then
    return;
  end if;
  execute format('alter table %1$I.%2$I detach partition %1$I.%3$I', ${quoteLiteral(schema)}, name || '_lake', name || '_later');
  execute format('alter table %1$I.%2$I detach partition %1$I.%3$I', ${quoteLiteral(schema)}, name || '_lake', name || '_cold');
  execute format('alter table %1$I.%2$I attach partition %1$I.%3$I for values from (minvalue) to (%4$s)', ${quoteLiteral(schema)}, name || '_lake', name || '_cold', bound);
  execute format('alter table %1$I.%2$I attach partition %1$I.%3$I for values from (%4$s) to (maxvalue)', ${quoteLiteral(schema)}, name || '_lake', name || '_later', bound);
  update ${at}.tierd_attached a set until_us = end_us where a.dataset = which;
end
$$`;
}

/** However a segment becomes live, its rows are within the lake's partition before anybody can know of it. */
function widenSql(at: string): string {
  return `create or replace function ${at}.tierd_widen() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform ${at}.tierd_fit(a.dataset, n.last_us)
  from ${at}.tierd_attached a
  join (select dataset, max(max_time_us) as last_us from new_rows where state = 'live' group by dataset) n using (dataset)
  where n.last_us >= a.until_us;
  return null;
end
$$`;
}

/** The same of foreign chunks, as the role that owns them. */
function widenInPlaceSql(at: string): string {
  return `create or replace function ${at}.tierd_widen_in_place() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform tierd.fit_in_place(p.dataset, n.last_us)
  from tierd.in_place p
  join (select dataset, max(max_time_us) as last_us from new_rows where state = 'live' group by dataset) n using (dataset)
  where n.last_us >= p.until_us;
  return null;
end
$$`;
}

const dropEmptySql = (at: string): string => `do $$ begin
  -- Who may make no other was given it.
  if pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') then
    drop schema if exists ${at};
  end if;
exception when dependent_objects_still_exist or insufficient_privilege then null;
end $$`;

export function dropSchemaSql(schema: string): readonly string[] {
  const at = quoteName(schema);
  return [
    ...['insert', 'update'].flatMap((event) =>
      Object.keys(TRIGGERS).map(
        (trigger) => `drop trigger if exists ${trigger}_${event} on tierd.segments`,
      ),
    ),
    `drop function if exists ${at}.tierd_widen_in_place()`,
    `drop function if exists ${at}.tierd_widen()`,
    `drop function if exists ${at}.tierd_fit(text, bigint)`,
    `drop function if exists ${at}.tierd_as_of()`,
    `drop table if exists ${at}.tierd_attached`,
    // What others have put there is theirs, and so may be the schema.
    ...(schema === 'public' ? [] : [dropEmptySql(at)]),
    `drop user mapping if exists for public server ${quoteName(FOREIGN_SERVER)}`,
    `drop server if exists ${quoteName(FOREIGN_SERVER)}`,
  ];
}
