import type { TableRef } from '../../domain/table.ts';
import { quoteTable } from '../quote.ts';
import { type Queryable, run, sql } from '../sql.ts';

/** Which privileges this role lacks to write rows; `updates` when it also changes those that are there. */
export async function canWrite(
  db: Queryable,
  table: TableRef,
  updates: boolean,
): Promise<readonly string[]> {
  const wanted = updates ? ['insert', 'select', 'update'] : ['insert'];
  const lacking = await run<{ readonly privilege: string }>(
    db,
    sql`select privilege from unnest(${wanted}::text[]) as privilege
        where not has_table_privilege(${quoteTable(table)}, privilege)`,
  );
  return lacking.map(({ privilege }) => privilege);
}
