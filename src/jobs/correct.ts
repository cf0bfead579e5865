/**
 * correct: rows of the lake are replaced by those of a file that have their keys.
 *
 *     recover → file through PostgreSQL → slices, held against the lake → publish → prove → swap
 *
 * As when rows come late: the file's rows are one further generation of their slices, what remains of the
 * slices of the lake another; both are proven, and become live in the transaction that retires what was there.
 */
import { join } from 'node:path';
import type pg from 'pg';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { Dataset } from '../domain/dataset.ts';
import type { TierdError } from '../domain/errors.ts';
import type { CorrectionPlan } from '../domain/plan/correction.ts';
import { throwIfRefused, unforceable } from '../domain/plan/refusal.ts';
import { identityOf, type RowIdentity } from '../domain/plan/row-identity.ts';
import type { TableDescription } from '../domain/table.ts';
import { describeTable } from '../hot/table/introspect.ts';
import { listUniqueKeys } from '../hot/table/unique-key.ts';
import { makeUnlessThere, removeTree } from '../lake/directories.ts';
import { beginRun } from './begin-run.ts';
import { changeEach } from './change-each.ts';
import { endOfChanges } from './changes-end.ts';
import { lookAtFile } from './correction/look-at-file.ts';
import type { CorrectionRequest, CorrectionRooms } from './correction/rooms.ts';
import {
  type CorrectionRun,
  finishCorrection,
  planOf,
  type StagedCorrection,
  stageCorrection,
} from './correction/stage-correction.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { gatherColumns } from './gather-columns.ts';
import type { KeptLease } from './keep-lease.ts';
import { lookingAt, onDataset } from './on-dataset.ts';
import { inPlanningSnapshot } from './planning-snapshot.ts';
import { recordEnd } from './record-end.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { type FieldIds, recordFieldIds, recordLabels } from './rotation/plan/field-ids.ts';
import type { JobRooms } from './rotation/rooms.ts';

export interface CorrectionOutcome {
  readonly plan: CorrectionPlan;
  /** That were published; none where the lake has every row as it is in the file. */
  readonly segments: number;
  readonly bytes: number;
}

/** The plan alone: what `--dry-run` prints. Changes nothing anywhere (I7). */
export function planCorrectionOf(
  rooms: JobRooms,
  dataset: Dataset,
  request: CorrectionRequest,
): Promise<CorrectionPlan> {
  return lookingAt(rooms, dataset, async (db) => {
    const known = await gatherKnown(rooms, db, dataset);
    const id = rooms.newId();
    const directory = join(rooms.tempDirectory, 'correction');
    // No lease is taken to look, and nothing of this run is written that a lease has to stand for.
    const lease = { dataset: dataset.name, token: 0n, holder: rooms.holder };
    const run = { ...known, runId: 0n, lease, signal: rooms.signal };
    try {
      await makeUnlessThere(rooms.fileSystem, directory);
      const looking = { rooms, run, db, file: request.file, id, directory };
      return await planOf(
        rooms,
        db,
        dataset,
        request,
        await lookAtFile(looking, request.onlyKnown),
      );
    } finally {
      await removeTree(rooms.fileSystem, directory);
    }
  });
}

/**
 * Corrects rows of one dataset in the lake, under its lease: all of the file, or nothing.
 *
 * Throws USAGE with what is wrong with the file; LEASE_HELD, DATASET_PAUSED, REFUSED, INTERRUPTED, or what stopped the
 * run.
 */
export function correctRows(
  rooms: CorrectionRooms,
  dataset: Dataset,
  request: CorrectionRequest,
  options: { readonly force: boolean },
): Promise<CorrectionOutcome> {
  return onDataset(rooms, dataset, { evenIfPaused: options.force }, async ({ db, kept }) => {
    const known = await gatherKnown(rooms, db, dataset);
    return runCorrection(rooms, db, kept, known, request);
  });
}

interface Known {
  readonly dataset: Dataset;
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly identity: RowIdentity;
  readonly fieldIds: FieldIds;
}

/** Throws REFUSED where nothing tells which row a row corrects, and where a type can't be held. */
async function gatherKnown(
  { settings }: Pick<JobRooms, 'settings'>,
  db: pg.Client,
  dataset: Dataset,
): Promise<Known> {
  const doing = `planning corrections of ${dataset.name}`;
  return inPlanningSnapshot(settings, db, doing, async () => {
    const { name, timeColumn, timeUnit } = dataset;
    const table = await describeTable(db, dataset.table, timeColumn, timeUnit);
    const { columns, refusals, fieldIds } = await gatherColumns(db, dataset, table);
    const refused = {
      dataset: name,
      what: `a correction of ${name}`,
      outcome: 'Nothing was changed',
    };
    throwIfRefused(
      refused,
      refusals.map(({ column, postgresType, reason, hint }) =>
        unforceable(
          'type_not_held',
          `column ${column} (${postgresType}) can't be held exactly: ${reason}`,
          hint.replace('<name>', name),
        ),
      ),
    );
    const identity = identityOf(
      (await listUniqueKeys(db, table)).map((key) => ({ ...key, nulls: 'equal' })),
      columns,
      table.timeColumn.name,
    );
    if (identity !== null) {
      // Whatever late rows do: a correction replaces.
      return {
        dataset: { ...dataset, onColdDuplicate: 'newest' },
        table,
        columns,
        identity,
        fieldIds,
      };
    }
    throwIfRefused(refused, [
      unforceable(
        'no_key',
        `its table has no unique key that the lake can compare, so that nothing tells which row a row of the file corrects`,
        'add a primary key or a unique index to the table, of columns that are no floats; or delete the rows with `tierd delete`, and insert them anew',
      ),
    ]);
    throw new RangeError('not refused');
  });
}

async function runCorrection(
  rooms: CorrectionRooms,
  db: pg.Client,
  { lease, signal }: KeptLease,
  { fieldIds, ...known }: Known,
  request: CorrectionRequest,
): Promise<CorrectionOutcome> {
  const { dataset } = known;
  const runId = await beginRun(rooms, db, 'correct', dataset.name);
  const run = { ...known, runId, lease, signal };
  const done: CorrectionOutcome[] = [];
  let failure: TierdError | null = null;
  try {
    await recordFieldIds(rooms, db, run, fieldIds);
    await recordLabels(rooms, db, run, fieldIds);
    await syncTable(rooms, run, db);
    const connect = connectUntilLost(rooms.connect, signal);
    await correctAll({ ...rooms, connect }, run, request, done);
  } catch (error) {
    failure = toldAsLost(error, signal);
  }
  await recordEnd(() => rooms.connect('work'), runId, endOfChanges({ done, failed: [] }, failure));
  const [outcome] = done;
  if (failure !== null || outcome === undefined) throw failure ?? new RangeError('no outcome');
  return outcome;
}

/** The file is one change: `done` has its outcome once it is committed, whatever this throws then. */
async function correctAll(
  rooms: CorrectionRooms,
  run: CorrectionRun,
  request: CorrectionRequest,
  done: CorrectionOutcome[],
): Promise<void> {
  const dataset = run.dataset.name;
  await changeEach<CorrectionRequest, StagedCorrection>(rooms, run, [request], {
    stage: async (_, id) => {
      const staged = await stageCorrection(rooms, run, request, id);
      rooms.tell({ kind: 'planned', dataset, plan: staged.plan });
      return staged;
    },
    finish: (staged) => finishCorrection(rooms, run, request, staged),
    done: (_, { plan, arriving }) => {
      const segments = arriving.flatMap((slice) => slice.segments);
      const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
      done.push({ plan, segments: segments.length, bytes });
      rooms.tell({ kind: 'corrected', dataset, plan, segments: segments.length });
    },
    failed: (_, error) => {
      throw error;
    },
  });
}
