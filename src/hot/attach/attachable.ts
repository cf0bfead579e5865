/** What has to be known of a table before its cold rows can stand beside it in PostgreSQL. */
import type { TableRef } from '../../domain/table.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';

export interface AttachableColumn {
  readonly name: string;
  /** `pg_catalog.` and other schemas are written out. */
  readonly type: string;
  /** Quoted, with its schema; null where it is the type's own. */
  readonly collation: string | null;
  readonly comment: string | null;
  /** Of PostgreSQL itself, and no domain, enum or other type of an extension or of one's own. */
  readonly isBuiltIn: boolean;
}

export interface AttachableTable {
  readonly comment: string | null;
  readonly columns: readonly AttachableColumn[];
  /**
   * Who may read all of it, besides its owner; null is everybody. Who may read some columns alone can't read the view: it
   * reads all of them, whichever of its own are asked for.
   */
  readonly readers: readonly (string | null)[];
  readonly owner: string;
  /** Whether policies say who sees which row. */
  readonly hasRowSecurity: boolean;
}

interface TableRow {
  readonly comment: string | null;
  readonly owner: string;
  readonly readers: readonly (string | null)[];
  readonly has_row_security: boolean;
}

/** @param oid of a table that is there */
export async function readAttachable(db: Queryable, oid: number): Promise<AttachableTable> {
  const table = await runOne<TableRow>(
    db,
    sql`select obj_description(c.oid, 'pg_class') as comment, pg_get_userbyid(c.relowner) as owner,
               c.relrowsecurity as has_row_security,
               coalesce((
                 select json_agg(distinct r.rolname) from aclexplode(c.relacl) a
                 left join pg_roles r on r.oid = a.grantee
                 where a.privilege_type = 'SELECT' and a.grantee <> c.relowner
               ), '[]') as readers
        from pg_class c where c.oid = ${oid}::oid`,
  );
  const columns = await run<AttachableColumn>(
    db,
    sql`select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
               a.atttypid < 16384 as "isBuiltIn",
               case when a.attcollation <> t.typcollation
                 then format('%I.%I', n.nspname, c.collname) end as collation,
               col_description(a.attrelid, a.attnum) as comment
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        left join pg_collation c on c.oid = a.attcollation
        left join pg_namespace n on n.oid = c.collnamespace
        where a.attrelid = ${oid}::oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
  const { comment, owner, readers, has_row_security: hasRowSecurity } = table;
  return { comment, owner, readers, hasRowSecurity, columns };
}

/** The database, as far as what is made in it depends on it. */
export interface AttachingServer {
  readonly versionNumber: number;
  /** Whether postgres_fdw is there, or this role may make it so. */
  readonly hasWrapper: boolean;
  readonly mayMakeWrapper: boolean;
  readonly mayUseWrapper: boolean;
  readonly hasSchema: boolean;
  readonly mayMakeSchema: boolean;
  /** Without them the lake's end stays where it is, as in a ledger that was made anew. */
  readonly hasTriggers: boolean;
  readonly role: string;
}

export async function readAttachingServer(db: Queryable, schema: string): Promise<AttachingServer> {
  return runOne<AttachingServer>(
    db,
    sql`select current_setting('server_version_num')::int as "versionNumber",
               exists (select from pg_extension where extname = 'postgres_fdw') as "hasWrapper",
               (select rolsuper from pg_roles where rolname = current_user) as "mayMakeWrapper",
               coalesce((select has_foreign_data_wrapper_privilege(w.oid, 'usage')
                         from pg_foreign_data_wrapper w where w.fdwname = 'postgres_fdw'), false) as "mayUseWrapper",
               exists (select from pg_namespace where nspname = ${schema}) as "hasSchema",
               has_database_privilege(current_database(), 'create') as "mayMakeSchema",
               (select count(*) = 4 from pg_trigger t join pg_proc p on p.oid = t.tgfoid
                join pg_namespace n on n.oid = p.pronamespace
                where t.tgrelid = to_regclass('tierd.segments') and n.nspname = ${schema}
                  and p.proname in ('tierd_widen', 'tierd_widen_in_place') and t.tgenabled in ('O', 'A')) as "hasTriggers",
               current_user::text as role`,
  );
}

/** What the last `tierd attach` made, by dataset. */
export interface AttachedDataset {
  readonly dataset: string;
  /** Of its view, in the schema. */
  readonly view: string;
  /** Another one where it would be made otherwise now. */
  readonly print: string;
}

/** @returns none where there is no such schema */
export async function listAttached(
  db: Queryable,
  schema: string,
): Promise<readonly AttachedDataset[]> {
  const { found } = await runOne<{ readonly found: boolean }>(
    db,
    sql`select to_regclass(format('%I.tierd_attached', ${schema}::text)) is not null as found`,
  );
  if (!found) return [];
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  const { rows } = await db.query<AttachedDataset>(
    `select dataset, view_name as view, print from ${quoted}.tierd_attached order by dataset`,
  );
  return rows;
}

/** The view of a dataset, in whatever schema; null where it is not attached. */
export async function findAttachedView(db: Queryable, dataset: string): Promise<TableRef | null> {
  const schemas = await run<{ readonly schema: string }>(
    db,
    sql`select distinct n.nspname as schema from pg_trigger t join pg_proc p on p.oid = t.tgfoid
        join pg_namespace n on n.oid = p.pronamespace
        where t.tgrelid = to_regclass('tierd.segments') and p.proname = 'tierd_widen'`,
  );
  for (const { schema } of schemas) {
    const found = await listAttached(db, schema);
    const own = found.find((one) => one.dataset === dataset);
    if (own !== undefined) return { schema, name: own.view };
  }
  return null;
}

/** Of a view in the schema: its columns, and whether one of them would have to be another. */
export async function listViewColumns(
  db: Queryable,
  view: TableRef,
): Promise<readonly { readonly name: string; readonly type: string }[]> {
  return run<{ readonly name: string; readonly type: string }>(
    db,
    sql`select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${view.schema} and c.relname = ${view.name} and c.relkind = 'v'
          and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
}

/** Something in the schema that has a name which would be one of tierd's, quoted; null where there is none. */
export async function findTaken(
  db: Queryable,
  schema: string,
  names: readonly string[],
): Promise<string | null> {
  const [found] = await run<{ readonly what: string }>(
    db,
    sql`select what from (
          select c.relname, format('%I.%I', n.nspname, c.relname)
          from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${schema}
          union all
          select p.proname, format('%I.%I()', n.nspname, p.proname)
          from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = ${schema}
          union all
          select regexp_replace(t.typname, '[0-9]+$', ''), format('%I.%I', n.nspname, t.typname)
          from pg_type t join pg_namespace n on n.oid = t.typnamespace where n.nspname = ${schema} and t.typtype = 'd'
        ) there (name, what)
        where name = any(${names}::text[]) order by what limit 1`,
  );
  return found?.what ?? null;
}

/** Who may read the view, besides its owner; null is everybody. */
export async function listViewReaders(
  db: Queryable,
  view: TableRef,
): Promise<readonly (string | null)[]> {
  const found = await run<{ readonly role: string | null }>(
    db,
    sql`select distinct r.rolname as role
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        cross join lateral aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
        where n.nspname = ${view.schema} and c.relname = ${view.name} and c.relkind = 'v'
          and a.grantee <> c.relowner`,
  );
  return found.map(({ role }) => role);
}

/** Domains of an earlier attachment of a table, by their bare names. */
export async function listShownDomains(db: Queryable, view: TableRef): Promise<readonly string[]> {
  const found = await run<{ readonly name: string }>(
    db,
    sql`select t.typname as name from pg_type t join pg_namespace n on n.oid = t.typnamespace
        where n.nspname = ${view.schema} and t.typtype = 'd'
          and starts_with(t.typname, ${`${view.name}_shown_`}) and right(t.typname, 4) ~ '[0-9]$'
        order by 1`,
  );
  return found.map(({ name }) => name);
}

/** Whose what all attached datasets share is, where this role may not change it: who ran what `--print` printed. */
export async function findOtherOwner(
  db: Queryable,
  schema: string,
  server: string,
): Promise<string | null> {
  const [found] = await run<{ readonly owner: string }>(
    db,
    sql`select pg_get_userbyid(made.owner)::text as owner
        from (select p.proowner from pg_proc p join pg_namespace n on n.oid = p.pronamespace
              where n.nspname = ${schema} and p.proname in ('tierd_as_of', 'tierd_fit', 'tierd_widen')
              union all
              select c.relowner from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where n.nspname = ${schema} and c.relname = 'tierd_attached'
              union all
              select srvowner from pg_foreign_server where srvname = ${server}) made (owner)
        where not pg_has_role(made.owner, 'usage') limit 1`,
  );
  return found?.owner ?? null;
}

export interface ServerOptions {
  /** Null where there is no such server. */
  readonly server: readonly string[] | null;
  /** Of its mapping for everybody; null where there is none. PostgreSQL shows them to the owner of the server. */
  readonly user: readonly string[] | 'not shown' | null;
}

export async function readServerOptions(db: Queryable, server: string): Promise<ServerOptions> {
  const [found] = await run<{
    server: string[];
    is_mapped: boolean;
    user: string[] | null;
  }>(
    db,
    sql`select coalesce(s.srvoptions, '{}') as server, u.umid is not null as is_mapped, u.umoptions as user
        from pg_foreign_server s left join pg_user_mappings u on u.srvid = s.oid and u.umuser = 0
        where s.srvname = ${server}`,
  );
  if (found === undefined) return { server: null, user: null };
  return { server: found.server, user: found.is_mapped ? (found.user ?? 'not shown') : null };
}
