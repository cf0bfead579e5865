import type pg from 'pg';
import type { TableDescription } from '../domain/table.ts';
import { quoteTable } from './quote.ts';
export async function vacuumTable(
  db: pg.Client,
  table: TableDescription,
  o: { analyze: boolean; truncate: boolean },
): Promise<readonly string[]> {
  await db.query(
    `vacuum (analyze ${String(o.analyze)}, truncate ${String(o.truncate)}) ${quoteTable(table.ref)}`,
  );
  return [];
}
