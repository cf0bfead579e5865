/** The audit log as it is in the ledger. */
import type { TestDatabase } from './database.ts';

/** Entries of one action, oldest first. */
export async function auditOf(
  database: Pick<TestDatabase, 'query'>,
  action: string,
): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await database.query(
    `select entry::jsonb as entry from tierd.audit where entry::jsonb ->> 'action' = $1 order by number`,
    [action],
  );
  return (rows as { entry: Record<string, unknown> }[]).map(({ entry }) => entry);
}
