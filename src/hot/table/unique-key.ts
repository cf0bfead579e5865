/** The unique keys of a table: those by which a row that comes again is known, and those in its way. */
import { type Queryable, run, sql } from '../sql.ts';

export interface UniqueKey {
  readonly index: string;
  readonly columns: readonly string[];
}

/**
 * The unique indexes of a table that hold for all of its rows: without a condition, without
 * expressions, checked at once, and with no column that may be null, for nulls are never equal. The
 * primary key first, then the shortest.
 */
export async function listUniqueKeys(
  db: Queryable,
  tableOid: number,
): Promise<readonly UniqueKey[]> {
  return (await readKeys(db, tableOid)).filter(({ holds }) => holds);
}

/** Those that do not hold for a row with a null in one of their columns, and stop every other row. */
export async function listKeysWithNulls(
  db: Queryable,
  tableOid: number,
): Promise<readonly UniqueKey[]> {
  return (await readKeys(db, tableOid)).filter(({ holds }) => !holds);
}

interface FoundKey extends UniqueKey {
  readonly holds: boolean;
}

function readKeys(db: Queryable, tableOid: number): Promise<readonly FoundKey[]> {
  return run<FoundKey>(
    db,
    // indnullsnotdistinct came with version 15; to_jsonb asks without naming the column.
    sql`select indexes.relname as index, array_agg(columns.attname::text order by keys.n) as columns,
               bool_and(columns.attnotnull)
               or coalesce((select (to_jsonb(again) ->> 'indnullsnotdistinct')::boolean
                            from pg_index again where again.indexrelid = i.indexrelid), false) as holds
        from pg_index i
        join pg_class indexes on indexes.oid = i.indexrelid
        cross join lateral unnest(i.indkey::int2[]) with ordinality as keys (attnum, n)
        join pg_attribute columns on columns.attrelid = i.indrelid and columns.attnum = keys.attnum
        where i.indrelid = ${tableOid}::oid and i.indisunique and i.indisvalid and i.indimmediate
          -- A key WITHOUT OVERLAPS is unique at each instant only: two rows may share its columns' values
          -- but for the last, which they compare by overlap.
          and not i.indisexclusion
          and i.indpred is null and i.indexprs is null and keys.n <= i.indnkeyatts
        group by indexes.relname, i.indisprimary, i.indexrelid
        order by i.indisprimary desc, count(*), indexes.relname`,
  );
}
