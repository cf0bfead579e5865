/** What a new partition has that its parent does not give it: as its newest neighbour has it. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { quoteName, quoteTable } from '../quote.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';
import { giveTo, storageOf } from '../write/make-partitions.ts';

interface Neighbour {
  readonly owner: string;
  readonly tablespace: string | null;
  readonly options: readonly string[];
  readonly method: string | null;
  readonly unlogged: boolean;
  readonly row_security: boolean;
  readonly force_row_security: boolean;
  readonly replica_identity: string;
}

/** Stands behind the columns: whether it is logged is said by `create`. */
export async function storageLike(
  db: Queryable,
  oid: number,
): Promise<{ readonly create: string; readonly end: string }> {
  const { method, unlogged, ...storage } = await describe(db, oid);
  const parts = [
    ...(method === null ? [] : [`using ${quoteName(method)}`]),
    ...(await storageOf(db, storage)),
  ];
  return { create: unlogged ? 'create unlogged table' : 'create table', end: parts.join(' ') };
}

/** After it was attached, for its indexes come with that. The owner is last: who gives it away may have no more say. */
export async function dressLike(client: pg.ClientBase, ref: TableRef, oid: number): Promise<void> {
  const neighbour = await describe(client, oid);
  const statements = [
    ...(await ownIndexes(client, ref, oid)),
    ...(await grantsOf(client, ref, oid)),
    ...(await policiesOf(client, ref, oid)),
    ...(neighbour.row_security ? [`alter table ${quoteTable(ref)} enable row level security`] : []),
    ...(neighbour.force_row_security
      ? [`alter table ${quoteTable(ref)} force row level security`]
      : []),
  ];
  for (const statement of statements) await client.query(statement);
  const identity = await identityOf(client, ref, oid, neighbour.replica_identity);
  if (identity !== null) {
    await client.query(`alter table ${quoteTable(ref)} replica identity ${identity}`);
  }
  await giveTo(client, { ref, owner: neighbour.owner });
}

function describe(db: Queryable, oid: number): Promise<Neighbour> {
  return runOne<Neighbour>(
    db,
    sql`select pg_get_userbyid(c.relowner)::text as owner, s.spcname as tablespace,
               case c.relkind when 'r' then coalesce(c.reloptions, '{}') else '{}' end as options,
               m.amname as method, c.relkind = 'r' and c.relpersistence = 'u' as unlogged,
               c.relrowsecurity as row_security, c.relforcerowsecurity as force_row_security,
               c.relreplident as replica_identity
        from pg_class c left join pg_tablespace s on s.oid = c.reltablespace left join pg_am m on m.oid = c.relam
        where c.oid = ${oid}::oid`,
  );
}

/** Those that it has of its own, and no other has: the parent's come with ATTACH. */
async function ownIndexes(db: Queryable, ref: TableRef, oid: number): Promise<readonly string[]> {
  const found = await run<{
    readonly unique: boolean;
    readonly rest: string;
    readonly key: string | null;
  }>(
    db,
    sql`select x.indisunique as unique, k.key,
               substr(pg_get_indexdef(x.indexrelid), strpos(pg_get_indexdef(x.indexrelid), ' USING ')) as rest
        from pg_index x
        left join lateral (select pg_get_constraintdef(oid) as key from pg_constraint
                           where conindid = x.indexrelid and conrelid = x.indrelid and contype in ('p', 'u', 'x')) k on true
        join pg_class c on c.oid = x.indrelid
        where x.indrelid = ${oid}::oid and c.relkind = 'r' and x.indisvalid
          and not exists (select from pg_inherits i where i.inhrelid = x.indexrelid)
        order by x.indexrelid`,
  );
  return found.map((index) =>
    index.key === null
      ? `create ${index.unique ? 'unique ' : ''}index on ${quoteTable(ref)}${index.rest}`
      : `alter table ${quoteTable(ref)} add ${index.key}`,
  );
}

async function grantsOf(db: Queryable, ref: TableRef, oid: number): Promise<readonly string[]> {
  const found = await run<{
    readonly privilege: string;
    readonly grantee: string | null;
    readonly grantable: boolean;
  }>(
    db,
    sql`select a.privilege_type as privilege, r.rolname as grantee, a.is_grantable as grantable
        from pg_class c cross join lateral aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
        where c.oid = ${oid}::oid and a.grantee <> c.relowner and (a.grantee = 0 or r.oid is not null)`,
  );
  return found.map(
    ({ privilege, grantee, grantable }) =>
      `grant ${privilege} on ${quoteTable(ref)} to ${grantee === null ? 'public' : quoteName(grantee)}${grantable ? ' with grant option' : ''}`,
  );
}

const COMMANDS: Readonly<Record<string, string>> = {
  r: 'select',
  a: 'insert',
  w: 'update',
  d: 'delete',
};

async function policiesOf(db: Queryable, ref: TableRef, oid: number): Promise<readonly string[]> {
  const found = await run<{
    readonly name: string;
    readonly command: string;
    readonly permissive: boolean;
    readonly roles: readonly string[];
    readonly rows: string | null;
    readonly written: string | null;
  }>(
    db,
    sql`select p.polname as name, p.polcmd as command, p.polpermissive as permissive,
               array(select rolname::text from pg_roles where oid = any (p.polroles)) as roles,
               pg_get_expr(p.polqual, p.polrelid) as rows, pg_get_expr(p.polwithcheck, p.polrelid) as written
        from pg_policy p where p.polrelid = ${oid}::oid order by p.oid`,
  );
  return found.map(({ name, command, permissive, roles, rows, written }) =>
    [
      `create policy ${quoteName(name)} on ${quoteTable(ref)} as ${permissive ? 'permissive' : 'restrictive'}`,
      `for ${COMMANDS[command] ?? 'all'} to ${roles.length === 0 ? 'public' : roles.map(quoteName).join(', ')}`,
      ...(rows === null ? [] : [`using (${rows})`]),
      ...(written === null ? [] : [`with check (${written})`]),
    ].join(' '),
  );
}

/** Null is the default: the primary key. */
async function identityOf(
  db: Queryable,
  ref: TableRef,
  oid: number,
  kind: string,
): Promise<string | null> {
  if (kind === 'f') return 'full';
  if (kind === 'n') return 'nothing';
  if (kind !== 'i') return null;
  // By what it is: the neighbour's may be a part of one of the parent's, or of its own, made here by `ownIndexes`.
  const [found] = await run<{ readonly name: string }>(
    db,
    sql`select c.relname as name
        from pg_index theirs join pg_index ours on ours.indisunique and ours.indimmediate and ours.indisvalid
        join pg_class c on c.oid = ours.indexrelid
        where theirs.indrelid = ${oid}::oid and theirs.indisreplident and ours.indrelid = ${quoteTable(ref)}::regclass
          and substr(pg_get_indexdef(ours.indexrelid), strpos(pg_get_indexdef(ours.indexrelid), ' USING '))
              = substr(pg_get_indexdef(theirs.indexrelid), strpos(pg_get_indexdef(theirs.indexrelid), ' USING '))
        order by ours.indexrelid limit 1`,
  );
  if (found !== undefined) return `using index ${quoteName(found.name)}`;
  throw new TierdError({
    code: 'REFUSED',
    message: `${formatTable(ref)} can't have the replica identity that its newest neighbour has: that is an index which is gone or not valid, and subscribers would be told of no UPDATE or DELETE; nothing was changed`,
    hint: 'alter table … replica identity of the newest partition: an index that is valid, the primary key (default) or full',
    context: { guard: 'replica_identity' },
  });
}
