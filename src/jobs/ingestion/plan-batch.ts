/** Files of a batch are read and compared, and what that comes to is a plan: a person is shown it, or it is run. */
import { type IngestedFile, type IngestPlan, planIngest } from '../../domain/plan/ingest.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { lookAtTimes } from '../../hot/write/ingest-tables.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import type { Batch } from './batches.ts';
import { assertUnchanged } from './find-files.ts';
import type { ReadFile } from './read-file.ts';
import type { IngestRooms } from './rooms.ts';
import { settleRows } from './settle-rows.ts';
import { limitsOf, type Staging, stageFiles } from './stage-files.ts';

export interface PlannedBatch {
  readonly plan: IngestPlan;
  readonly read: readonly ReadFile[];
}

/** Throws USAGE with what is wrong with a file, SOURCE_CHANGED where one became another while it was read. */
export async function planBatch(
  rooms: IngestRooms,
  run: RunContext,
  staging: Staging,
  { files, leftOut }: Batch,
): Promise<PlannedBatch> {
  const { db, known, request } = staging;
  const { dataset, table, key, identity } = known;
  const { read, missing, required } = await stageFiles(rooms, staging, files, (path, one) => {
    const { rows, rejected } = one;
    rooms.tell({ kind: 'read', dataset: dataset.name, path, rows, rejected });
  });
  await assertUnchanged(files.map(({ reading }) => reading));
  const tableNow = tableClock(dataset, rooms.clock.now());
  const doing = `looking at rows of files for ${dataset.name}`;
  const times = await inTransaction(
    db,
    { doing, isolation: 'read committed', readOnly: true, limits: limitsOf(rooms) },
    () => lookAtTimes(db, table, tableNow + dataset.limits.maxFutureMs),
  );
  const settled = await settleRows(rooms, run, staging);
  const plan = planIngest({
    ...settled,
    dataset,
    onConflict: request.onConflict,
    files: [
      ...files.map(({ reading }, index): IngestedFile => {
        const { rows = 0, rejected = 0, reasons = [] } = read[index] ?? {};
        return { path: reading.path, bytes: reading.bytes, rows, rejected, reasons, leftOut: null };
      }),
      ...leftOut.map(({ path, bytes, why }) => ({
        path,
        bytes,
        rows: 0,
        rejected: 0,
        reasons: [],
        leftOut: why,
      })),
    ],
    hasKey: key !== null && identity !== null,
    missing,
    required,
    futureRows: times.futureRows,
    allIn1970: request.reading.timeUnit !== null && times.rows > 0 && times.after1970 === 0,
    tableNow,
    freeBytes: await rooms.store.freeBytes(),
    minFreeBytes: dataset.limits.minFreeBytes,
  });
  return { plan, read };
}
