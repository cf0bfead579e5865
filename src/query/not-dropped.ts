/**
 * Whether what a snapshot sees is still there. A statement that reads hot rows by itself and asks for the cold ones at its own
 * snapshot has locked its chunks before that snapshot or after it. One that is dropped in between is gone from the table,
 * and is not yet in the ledger as the snapshot sees it: its rows would be in neither (I2).
 */
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import { inTransaction } from '../hot/transaction.ts';
import { countMoves, listDrops } from '../ledger/drops.ts';

/**
 * A drop that comes later waits for the locks that the statement holds by now.
 *
 * @throws TierdError SERIALIZATION_CONFLICT where something was dropped since
 */
export async function assertNotDropped(
  db: pg.Client,
  snapshot: string,
  datasets: readonly string[],
): Promise<void> {
  const moves = await countMoves(db, datasets);
  const seen = await inSnapshot(db, snapshot, () => countMoves(db, datasets));
  if ([...moves].every(([dataset, count]) => seen.get(dataset) === count)) return;
  const drops = await listDrops(db, datasets);
  const seenDrops = await inSnapshot(db, snapshot, () => listDrops(db, datasets));
  if ([...drops].every((id) => seenDrops.has(id))) return;
  throw new TierdError({
    code: 'SERIALIZATION_CONFLICT',
    message: `rows of ${datasets.join(', ')} were moved by the drop of a chunk or partition after the snapshot of the statement that asks; they can't be read as they were, and nothing was answered`,
    hint: 'Run the statement again; in a transaction that is REPEATABLE READ, roll back and begin it anew.',
    context: { sqlstate: '40001' },
  });
}

function inSnapshot<Result>(
  db: pg.Client,
  snapshot: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const doing = 'reading the ledger at the snapshot of a statement';
  return inTransaction(db, { doing, isolation: 'repeatable read', readOnly: true, snapshot }, work);
}
