/** Rows of the default partition, which has all that has no partition of its own. */
import type pg from 'pg';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { SLICEABLE, timeBounds } from '../measure/time-bounds.ts';
import { isConnectionLost, isPostgresError } from '../postgres-error.ts';
import { type Queryable, runOne, type Sql, sql, tableName } from '../sql.ts';
import type { TableShape } from '../table/introspect.ts';
import type { DefaultPartition } from './range-partitions.ts';

/** So many of the rows of that time that are in the default partition, and no more are counted than `most`. */
export async function countWithin(
  db: Queryable,
  { timeColumn }: Pick<TableShape, 'timeColumn'>,
  fallback: Pick<DefaultPartition, 'ref'>,
  range: TimeRange,
  most: number,
): Promise<number> {
  return countWhere(db, fallback, timeBounds(timeColumn, range), most);
}

/** No more are counted than `most`. */
export async function countWhere(
  db: Queryable,
  { ref }: Pick<DefaultPartition, 'ref'>,
  where: Sql,
  most: number,
): Promise<number> {
  const { rows } = await runOne<{ readonly rows: number }>(
    db,
    sql`select count(*)::int as rows from (
          select from only ${tableName(ref)} where ${where} limit ${most}) counted`,
  );
  return rows;
}

/**
 * All of its rows that have a time, and no more than `most`. Null where it can't be told: it takes too long, somebody has it
 * locked, or this role may not read it. The caller's transaction goes on, and holds no lock of this.
 */
export async function countAll(
  client: pg.ClientBase,
  table: Pick<TableShape, 'timeColumn'>,
  fallback: Pick<DefaultPartition, 'ref'>,
  most: number,
): Promise<number | null> {
  await client.query('savepoint tierd_count');
  let rows: number | null = null;
  try {
    rows = await countWithin(client, table, fallback, SLICEABLE, most);
  } catch (error) {
    if (!isPostgresError(error) || isConnectionLost(error)) throw error;
  }
  await client.query('rollback to savepoint tierd_count; release savepoint tierd_count');
  return rows;
}

/** To ask for it locks the partition, as reading does. */
export async function bytesOf(
  db: Queryable,
  { oid }: Pick<DefaultPartition, 'oid'>,
): Promise<number> {
  const { bytes } = await runOne<{ readonly bytes: string | null }>(
    db,
    sql`select pg_relation_size(${oid}::oid::regclass)::text as bytes`,
  );
  return Number(bytes);
}

/** The same with values that are stored beside their rows, and what has been freed there. */
export async function wholeBytesOf(
  db: Queryable,
  { oid }: Pick<DefaultPartition, 'oid'>,
): Promise<number> {
  const { bytes } = await runOne<{ readonly bytes: string | null }>(
    db,
    sql`select pg_table_size(${oid}::oid::regclass)::text as bytes`,
  );
  return Number(bytes);
}
