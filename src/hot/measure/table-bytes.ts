import type pg from 'pg';
import { runOne, sql } from '../sql.ts';
import { ownTables } from '../table/own-tables.ts';
import { inTransaction } from '../transaction.ts';

/** Whoever has locked a part against readers is not waited for. */
const LIMITS = { statementTimeoutMs: 30_000, lockTimeoutMs: 1_000 };

/**
 * A table with its indexes, TOAST, partitions and chunks, in bytes of their files; of a compressed chunk
 * without its batches. `db` is in no transaction. Null where a lock, the time or the line stood in the way: a figure is worth no failure.
 */
export async function measureTableBytes(db: pg.Client, oid: number): Promise<number | null> {
  try {
    const options = {
      doing: 'measuring a table',
      isolation: 'read committed',
      readOnly: true,
      limits: LIMITS,
    } as const;
    const { bytes } = await inTransaction(db, options, () =>
      runOne<{ readonly bytes: string | null }>(
        db,
        sql`with recursive ${ownTables(oid)}
            select sum(pg_total_relation_size(own.oid))::bigint::text as bytes from own`,
      ),
    );
    return bytes === null ? null : Number(bytes);
  } catch {
    // What is wrong with the line is told by the step that comes next on it.
    return null;
  }
}
