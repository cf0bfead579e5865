import type { TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { ownTables } from './own-tables.ts';

/**
 * Of a table and its partitions, chunks and children those with rows that a crash of the server empties. What a
 * partitioned table itself is says nothing: it has no rows, and its partitions are each what they were made.
 */
export function findUnlogged(db: Queryable, oid: number): Promise<readonly TableRef[]> {
  return run<TableRef>(
    db,
    sql`with recursive ${ownTables(oid)}
        select n.nspname as schema, c.relname as name
        from own join pg_class c on c.oid = own.oid join pg_namespace n on n.oid = c.relnamespace
        where c.relpersistence = 'u' and c.relkind = 'r'
        order by c.oid`,
  );
}
