import type pg from 'pg';
import type { CliContext } from '../context.ts';
import { withDirectConnection } from './hot-connection.ts';

/** Runs `work` on the ledger. @throws TierdError LEDGER_OUTDATED */
export async function withLedger(
  context: CliContext,
  job: string,
  work: (db: pg.Client) => Promise<void>,
): Promise<void> {
  const { assertMigrated } = await import('../../ledger/migrate.ts');
  await withDirectConnection(context, job, async (db) => {
    await assertMigrated(db);
    await work(db);
  });
}
