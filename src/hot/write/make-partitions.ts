/** Partitions that a move dropped are made again, as they were: empty, with what their parent gives them. */
import pg from 'pg';
import type { DroppedPartition } from '../../domain/plan/dropped-partition.ts';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';
import { inShortAttempts, type Patience, UNWAITED } from '../locks.ts';
import { quoteLiteral, quoteName, quoteTable } from '../quote.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';
import { findTable } from './restore-target.ts';

/**
 * In the caller's transaction, which it should end soon: PARTITION OF locks the table against readers and writers, and
 * tables that it refers to against writers, until then. One whose name is taken by now is left to whoever made it.
 *
 * Throws LOCK_TIMEOUT and what PostgreSQL objects with.
 */
export async function makePartitions(
  client: pg.ClientBase,
  partitions: readonly DroppedPartition[],
  patience: Patience,
): Promise<void> {
  const tables = [
    ...new Map(partitions.map(({ parent }) => [formatTable(parent), parent])).values(),
  ];
  await inShortAttempts(client, { ...patience, tables, ...UNWAITED }, async () => {
    for (const one of partitions) {
      if ((await findTable(client, one.ref)) !== null) continue;
      await client.query(await statementOf(client, one));
      await giveTo(client, one);
    }
  });
}

async function statementOf(
  db: Queryable,
  { ref, parent, bound, partitionKey, options, tablespace }: DroppedPartition,
): Promise<string> {
  const parts = [`create table ${quoteTable(ref)} partition of ${quoteTable(parent)} ${bound}`];
  if (partitionKey !== null) parts.push(`partition by ${partitionKey}`);
  parts.push(...(await storageOf(db, { options, tablespace })));
  return parts.join(' ');
}

/** Stands behind all else. Without its tablespace where that is gone, or is not for this role. */
export async function storageOf(
  db: Queryable,
  { options, tablespace }: Pick<DroppedPartition, 'options' | 'tablespace'>,
): Promise<readonly string[]> {
  const isForUs = tablespace !== null && (await mayUse(db, tablespace));
  return [
    ...(options.length > 0 ? [`with (${options.map(optionOf).join(', ')})`] : []),
    ...(isForUs ? [`tablespace ${quoteName(tablespace)}`] : []),
  ];
}

/** `fillfactor=70` as it has to stand in a statement. */
function optionOf(option: string): string {
  const at = option.indexOf('=');
  return `${quoteName(option.slice(0, at))} = ${quoteLiteral(option.slice(at + 1))}`;
}

async function mayUse(db: Queryable, tablespace: string): Promise<boolean> {
  const [found] = await run<{ readonly may: boolean }>(
    db,
    sql`select has_tablespace_privilege(oid, 'create') as may from pg_tablespace where spcname = ${tablespace}`,
  );
  return found?.may ?? false;
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** To the role whose it was; it stays this one's where that role is gone, or can't be given it. */
export async function giveTo(
  client: pg.ClientBase,
  { ref, owner }: Pick<DroppedPartition, 'ref' | 'owner'>,
): Promise<void> {
  const { is_due: isDue } = await runOne<{ readonly is_due: boolean }>(
    client,
    sql`select exists (select from pg_roles where rolname = ${owner} and rolname <> current_user) as is_due`,
  );
  if (!isDue) return;
  await client.query('savepoint tierd_owner');
  try {
    await client.query(`alter table ${quoteTable(ref)} owner to ${quoteName(owner)}`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === INSUFFICIENT_PRIVILEGE)) throw error;
    await client.query('rollback to savepoint tierd_owner');
  }
  await client.query('release savepoint tierd_owner');
}

/** Those of the tables that are there, whatever they are. */
export function findNamesTaken(
  db: Queryable,
  tables: readonly TableRef[],
): Promise<readonly TableRef[]> {
  return run<TableRef>(
    db,
    sql`select n.nspname as schema, c.relname as name
        from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map((table) => table.name)}::text[]) wanted (schema, name)
        join pg_namespace n on n.nspname = wanted.schema
        join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name`,
  );
}

/** Whether this role may make partitions of the table. */
export async function mayMakePartitions(
  db: Queryable,
  { oid }: Pick<TableDescription, 'oid'>,
): Promise<boolean> {
  const { may } = await runOne<{ readonly may: boolean }>(
    db,
    sql`select pg_has_role(relowner, 'usage') as may from pg_class where oid = ${oid}::oid`,
  );
  return may;
}
