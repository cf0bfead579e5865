/** What can be compared of a table in two databases: its rows as text, whatever numbers types have there. */
import type { HotFacts } from '../../domain/backup/manifest.ts';
import type { TableRef } from '../../domain/table.ts';
import { type Queryable, runOne, sql, tableName } from '../sql.ts';
import { findExisting } from '../table/introspect.ts';

/** In the caller's transaction, whose settings make texts exact. Null where there is no such table. */
export async function readHotFacts(db: Queryable, table: TableRef): Promise<HotFacts | null> {
  const existing = await findExisting(db, [table]);
  if (existing.size === 0) return null;
  return runOne<HotFacts>(
    db,
    sql`select count(*)::text as rows,
               coalesce(sum(hashtextextended(("tierd row".*)::text, 0)), 0)::text as digest
        from ${tableName(table)} as "tierd row"`,
  );
}
