/** What keeps a source from running, written where status finds it. */
import type { DrainSource } from '../../domain/drain/source.ts';
import type { TierdError } from '../../domain/errors.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { noteProblem } from '../../ledger/drain-sources.ts';
import type { DrainRooms } from './rooms.ts';

/** Somebody else works, or somebody wants it to rest: nothing is wrong with the source. */
const NO_TROUBLE: ReadonlySet<string> = new Set([
  'INTERRUPTED',
  'DATASET_PAUSED',
  'LEASE_HELD',
  'LEASE_LOST',
  'LEDGER_OUTDATED',
]);

/** A batch of the same source that hangs has its row locked: the note is not worth a wait. */
const LIMITS = { statementTimeoutMs: 5_000, lockTimeoutMs: 500 } as const;

export async function noteTrouble(
  rooms: Pick<DrainRooms, 'connect'>,
  { name, dataset }: DrainSource,
  error: TierdError,
): Promise<void> {
  if (NO_TROUBLE.has(error.code)) return;
  const text = `${error.code}: ${error.message}`;
  const options = {
    doing: `noting why ${name} does not run`,
    isolation: 'read committed',
    readOnly: false,
    limits: LIMITS,
  } as const;
  try {
    const db = await rooms.connect('work');
    try {
      await inTransaction(db, options, () => noteProblem(db, name, dataset.name, text));
    } finally {
      await disconnect(db);
    }
  } catch {
    // Told by the drain itself as well; where PostgreSQL is away, that is what status tells.
  }
}
