/**
 * Moves the end of a foreign chunk before rows beyond it leave, in a short transaction of its own: the trigger of the ledger would do
 * it in the move's, and hold up every reader of the hypertable for as long as that deletes. A wider end is always right.
 */
import type pg from 'pg';
import type { TableRef } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { inShortAttempts, type Patience, UNWAITED } from '../locks.ts';
import { run, sql } from '../sql.ts';
import { inTransaction } from '../transaction.ts';

/** @throws TierdError LOCK_TIMEOUT where the hypertable is read for longer: nothing was changed */
export async function widenInPlace(
  client: pg.ClientBase,
  dataset: string,
  toExclusive: EpochMs,
  patience: Patience,
): Promise<void> {
  const lastUs = String(BigInt(Math.floor(toExclusive)) * 1000n - 1n);
  const [chunk] = await run<TableRef>(
    client,
    sql`select n.nspname as schema, c.relname as name
        from tierd.in_place p join pg_class c on c.oid = tierd.chunk_in_place(p.dataset) join pg_namespace n on n.oid = c.relnamespace
        where p.dataset = ${dataset} and p.until_us <= ${lastUs}::bigint`,
  );
  if (chunk === undefined) return;
  const doing = `moving the end of the foreign chunk of ${dataset}`;
  await inTransaction(client, { doing, isolation: 'read committed', readOnly: false }, () =>
    inShortAttempts(client, { ...patience, tables: [chunk], ...UNWAITED }, () =>
      run(client, sql`select tierd.fit_in_place(${dataset}, ${lastUs}::bigint)`),
    ),
  );
}
