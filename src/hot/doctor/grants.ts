/** The script of least privilege: who may do what, for a database superuser to read and run. */
import type { TableRef } from '../../domain/table.ts';
import { quoteLiteral, quoteName, quoteTable } from '../quote.ts';

export interface GrantsRequest {
  /** The role that tierd connects as. */
  readonly role: string;
  readonly tables: readonly GrantedTable[];
}

export interface GrantedTable {
  readonly table: TableRef;
  /** A source of the live store is drained into it. */
  readonly drained: boolean;
  /** Its partitions are made ahead. */
  readonly growsAhead: boolean;
}

/**
 * SQL that may be run again at any time, and is right before and after `tierd migrate`. It makes
 * three roles: the one given, `<role>_owner` for tables that a superuser owns, `<role>_reader` for
 * people who only query. No role gets a password. Needs no connection: what depends on the
 * database is decided by the script, where it runs.
 */
export function grantsScript({ role, tables }: GrantsRequest): string {
  const named: Names = { daemon: role, owner: `${role}_owner`, reader: `${role}_reader` };
  return `${[
    '-- What tierd needs, and no more. Run it as a superuser, in the database of the tables:',
    '--   tierd doctor --grants | psql -v ON_ERROR_STOP=1 <database>',
    `-- Then give the role a password (\\password ${role}) and run \`tierd migrate\` as it.`,
    '-- It can be run again, also after tables were added.',
    'begin;',
    roles(named),
    ledger(named),
    ...tables.map((each) => dataset(each, named)),
    'commit;',
  ].join('\n\n')}\n`;
}

interface Names {
  readonly daemon: string;
  readonly owner: string;
  readonly reader: string;
}

function roles({ daemon, owner, reader }: Names): string {
  const name = quoteLiteral(daemon);
  return `do $$
begin
  if exists (select from pg_roles where rolname = ${name} and rolsuper) then
    raise exception 'role % is a superuser: name another in postgres.url, or with --role', ${name};
  end if;
${[daemon, owner, reader].map((role) => createRole(role, role === daemon)).join('\n')}
  execute format('grant connect, temporary on database %I to %I', current_database(), ${name});
  execute format('grant connect on database %I to %I', current_database(), ${quoteLiteral(reader)});
end $$;
-- The lag of replicas and the age of others' transactions.
grant pg_monitor to ${quoteName(daemon)};`;
}

function createRole(role: string, mayLogIn: boolean): string {
  return `  if not exists (select from pg_roles where rolname = ${quoteLiteral(role)}) then
    create role ${quoteName(role)} ${mayLogIn ? 'login' : 'nologin'};
  end if;`;
}

function ledger(names: Names): string {
  const [daemon, reader] = [quoteName(names.daemon), quoteName(names.reader)];
  return `-- The ledger: made and owned by tierd, read by readers.
create schema if not exists tierd authorization ${daemon};
grant usage, create on schema tierd to ${daemon};
grant select, insert, update, delete on all tables in schema tierd to ${daemon};
grant usage on schema tierd to ${reader};
grant select on all tables in schema tierd to ${reader};
alter default privileges for role ${daemon} in schema tierd grant select on tables to ${reader};`;
}

function dataset({ table, drained, growsAhead }: GrantedTable, names: Names): string {
  const [daemon, reader] = [quoteName(names.daemon), quoteName(names.reader)];
  const place = quoteTable(table);
  const written = drained ? 'select, insert, update, delete' : 'select, delete';
  return `-- ${place}
grant usage on schema ${quoteName(table.schema)} to ${daemon}, ${reader};
grant ${written} on table ${place} to ${daemon};
grant select on table ${place} to ${reader};
${growsAhead ? `grant create on schema ${quoteName(table.schema)} to ${daemon}, ${quoteName(names.owner)};\n` : ''}${maintenance(place, names, growsAhead ? table.schema : null)}${drained ? `\n${sequences(place, names)}` : ''}`;
}

/**
 * Dropping a part and, before PostgreSQL 17, VACUUM are for owners alone. Membership of whoever owns
 * it; what a superuser owns is given to a role of its own, for to be a member of that is to be all.
 */
function maintenance(place: string, { daemon, owner }: Names, growsIn: string | null): string {
  const table = `${quoteLiteral(place)}::regclass`;
  // To whom a new partition is given has to be allowed to make it: PostgreSQL asks for that.
  const giving =
    growsIn === null
      ? ''
      : `
    if not holder.rolsuper then
      execute format('grant create on schema %I to %I', ${quoteLiteral(growsIn)}, holder.rolname);
    end if;`;
  return `do $$
declare
  part oid;
  holder pg_roles;
begin
  if current_setting('server_version_num')::int >= 170000
     and (select relkind = 'r' and not relhassubclass from pg_class where oid = ${table})
     and not exists (select from pg_trigger where tgrelid = ${table} and tgname = 'ts_insert_blocker') then
    grant maintain on table ${place} to ${quoteName(daemon)};
    return;
  end if;
  for part in
    with recursive parts as (
      select ${table}::oid as oid
      union all
      select i.inhrelid from pg_inherits i join parts on i.inhparent = parts.oid
    )
    select oid from parts
  loop
    -- Asked now: the chunks of a hypertable went along with it, and can't be given away by themselves.
    select r.* into holder from pg_class c join pg_roles r on r.oid = c.relowner where c.oid = part;
    if holder.rolsuper then
      execute format('alter table %s owner to %I', part::regclass, ${quoteLiteral(owner)});
      grant ${quoteName(owner)} to ${quoteName(daemon)};
    elsif not pg_has_role(${quoteLiteral(daemon)}, holder.rolname, 'member') then
      execute format('grant %I to %I', holder.rolname, ${quoteLiteral(daemon)});
    end if;${giving}
  end loop;
end $$;`;
}

/** Of columns that number themselves: an insert asks them. */
function sequences(place: string, { daemon }: Names): string {
  return `do $$
declare sequence regclass;
begin
  for sequence in
    select distinct d.refobjid::regclass
    from pg_attrdef a
    join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid
                    and d.refclassid = 'pg_class'::regclass
    join pg_class c on c.oid = d.refobjid and c.relkind = 'S'
    where a.adrelid = ${quoteLiteral(place)}::regclass
  loop
    execute format('grant usage on sequence %s to %I', sequence, ${quoteLiteral(daemon)});
  end loop;
end $$;`;
}
