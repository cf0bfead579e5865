/** Whether a stretch of time can be found without reading the whole table. */
import type { TableDescription } from '../../domain/table.ts';
import { type Queryable, runOne, sql } from '../sql.ts';

/** Whether some whole, valid index of the table (or of the partitioned parent) begins with its time column. */
export async function hasTimeIndex(db: Queryable, table: TableDescription): Promise<boolean> {
  const { indexed } = await runOne<{ readonly indexed: boolean }>(
    db,
    sql`select exists (
          select from pg_index i
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
          where i.indrelid = ${table.oid}::oid and i.indisvalid and i.indpred is null
            and a.attname = ${table.timeColumn.name}) as indexed`,
  );
  return indexed;
}
