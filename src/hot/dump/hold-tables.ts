/** One snapshot for a dump and for us: what pg_dump will read is locked before it is taken. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { TableRef } from '../../domain/table.ts';
import { lockForReading } from '../read-lock.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';

/** All whose rows a dump has; parts are locked with what they are parts of. */
export function listDumpedTables(db: Queryable): Promise<readonly TableRef[]> {
  return run<TableRef>(
    db,
    sql`select n.nspname as schema, c.relname as name
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and c.relpersistence <> 't'
          and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
          and not exists (select from pg_catalog.pg_inherits i where i.inhrelid = c.oid)
          and not exists (
            select from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
          )
          -- What TimescaleDB makes for itself is dumped with what it is made for.
          and n.nspname !~ '^_timescaledb_'
        order by 1, 2`,
  );
}

/**
 * As the first step of a `repeatable read` transaction: dropping a chunk, and TRUNCATE, are not MVCC, so who reads what a
 * snapshot saw takes its locks before it (I2).
 *
 * @returns the snapshot's name, for whoever is to see the same, until the transaction ends
 * @throws TierdError PERMISSION_DENIED, LOCK_TIMEOUT
 */
export async function exportLocked(
  db: pg.ClientBase,
  tables: readonly TableRef[],
): Promise<string> {
  try {
    await lockForReading(db, tables);
  } catch (error) {
    throw isForbidden(error) ? forbidden(error) : error;
  }
  const { id } = await runOne<{ readonly id: string }>(
    db,
    sql`select pg_catalog.pg_export_snapshot() as id`,
  );
  return id;
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '42501';
}

function forbidden(cause: unknown): TierdError {
  return new TierdError({
    code: 'PERMISSION_DENIED',
    message: `a dump reads every table of the database, and the role that tierd connects as may not (${cause instanceof Error ? cause.message : ''}); nothing was changed`,
    hint: 'grant pg_read_all_data to that role',
    cause,
  });
}
