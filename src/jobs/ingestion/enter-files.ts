/** Files in the ledger: before their first slice, with what of them is no row; and when the last is committed. */
import { inTransaction } from '../../hot/transaction.ts';
import { endFiles, noteFile } from '../../ledger/ingested-files.ts';
import { assertLease } from '../../ledger/lease.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import type { Batch } from './batches.ts';
import { sendLetters } from './letters.ts';
import type { ReadFile } from './read-file.ts';
import type { Staging } from './stage-files.ts';

/** @returns the ledger's ids of the batch's files, by their places */
export function enterFiles(
  rooms: Pick<JobRooms, 'settings'>,
  run: RunContext,
  { db }: Pick<Staging, 'db'>,
  { files }: Batch,
  read: readonly ReadFile[],
): Promise<ReadonlyMap<number, string>> {
  const { dataset, lease, runId } = run;
  return underLease(rooms, run, { db }, 'entering files into the ledger', async () => {
    const ids = new Map<number, string>();
    for (const [index, { reading }] of files.entries()) {
      const { rows = 0, rejected = 0 } = read[index] ?? {};
      ids.set(index + 1, await noteFile(db, dataset.name, reading, { id: runId, rows, rejected }));
    }
    const readings = new Map(files.map(({ reading }, index) => [index + 1, reading]));
    await sendLetters(db, dataset.name, readings);
    await assertLease(db, lease);
    return ids;
  });
}

/** Their rows are where they belong. */
export function leaveFiles(
  rooms: Pick<JobRooms, 'settings'>,
  run: RunContext,
  { db }: Pick<Staging, 'db'>,
  ids: readonly string[],
): Promise<void> {
  return underLease(rooms, run, { db }, 'noting files as ingested', async () => {
    await endFiles(db, ids);
    await assertLease(db, run.lease);
  });
}

function underLease<Result>(
  { settings }: Pick<JobRooms, 'settings'>,
  { dataset }: RunContext,
  { db }: Pick<Staging, 'db'>,
  doing: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const limits = limitsUnderLease(settings);
  const options = { isolation: 'read committed', readOnly: false, limits } as const;
  return inTransaction(db, { ...options, doing: `${doing}: ${dataset.name}` }, work);
}
