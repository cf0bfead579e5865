/**
 * ingest: files come into the lake and into PostgreSQL, each row to where it belongs.
 *
 *     recover → files into staged rows → compare → (export → publish → prove → commit) for each slice
 *
 * Everything goes by temporary tables, so that each value is what PostgreSQL makes of its text (I6). One transaction for each
 * slice makes its cold rows live, writes its hot ones and notes the slice as done for the files: killed anywhere, the same
 * command goes on, and once more it moves nothing (I4).
 */
import type pg from 'pg';
import { countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import type { TierdError } from '../domain/errors.ts';
import type { IngestedSlice, IngestPlan } from '../domain/plan/ingest.ts';
import { standing, throwIfRefused } from '../domain/plan/refusal.ts';
import { withClient } from '../hot/server/connect.ts';
import { makeUnlessThere } from '../lake/directories.ts';
import type { RunEnd } from '../ledger/runs.ts';
import { beginRun } from './begin-run.ts';
import { changeEach } from './change-each.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { batchesOf, lookAtFiles } from './ingestion/batches.ts';
import { type BroughtSlice, finishSlice, stageSlice } from './ingestion/bring-slice.ts';
import { enterFiles, leaveFiles } from './ingestion/enter-files.ts';
import { gatherKnown } from './ingestion/gather-known.ts';
import { planBatch } from './ingestion/plan-batch.ts';
import type { IngestRequest, IngestRooms, Known } from './ingestion/rooms.ts';
import { afterSome } from './job-failure.ts';
import type { KeptLease } from './keep-lease.ts';
import { lookingAt, onDataset } from './on-dataset.ts';
import { recordEnd } from './record-end.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { claimLake } from './rotation/own-lake.ts';
import { recordFieldIds, recordLabels } from './rotation/plan/field-ids.ts';
import type { RunContext } from './rotation/staged-move.ts';

export interface IngestTotals {
  readonly slices: number;
  readonly cold: number;
  readonly hot: number;
  readonly segments: number;
  readonly bytes: number;
}

export interface IngestOutcome {
  /** Of each batch of files. */
  readonly plans: readonly IngestPlan[];
  readonly totals: IngestTotals;
}

/** The plans alone: what `--dry-run` prints. Only temporary tables are written, and gone with their connection (I7). */
export function planIngestOf(
  rooms: IngestRooms,
  dataset: Dataset,
  request: IngestRequest,
): Promise<readonly IngestPlan[]> {
  return lookingAt(rooms, dataset, async (db) => {
    const known = await gatherKnown(rooms, db, dataset, request.force);
    // No lease is taken to look, and nothing of this run is written that a lease has to stand for.
    const lease = { dataset: dataset.name, token: 0n, holder: rooms.holder };
    const run = { ...known, runId: 0n, lease, signal: rooms.signal };
    await makeUnlessThere(rooms.fileSystem, rooms.tempDirectory);
    const plans: IngestPlan[] = [];
    for (const batch of batchesOf(await lookAtFiles(db, dataset.name, request))) {
      await withClient(
        () => rooms.connect('direct'),
        async (own) => {
          const staging = { db: own, known, request, onlyLooks: true };
          plans.push((await planBatch(rooms, run, staging, batch)).plan);
        },
      );
    }
    return plans;
  });
}

/**
 * Ingests files into one dataset, under its lease.
 *
 * Throws USAGE with what is wrong with a file; LEASE_HELD, DATASET_PAUSED, REFUSED, SOURCE_CHANGED, INTERRUPTED, or what stopped
 * the run. Whatever it throws, of each slice all rows of a batch of files are where they belong, or none.
 */
export function ingestFiles(
  rooms: IngestRooms,
  dataset: Dataset,
  request: IngestRequest,
): Promise<IngestOutcome> {
  return onDataset(rooms, dataset, { evenIfPaused: request.force }, async ({ db, kept }) => {
    const known = await gatherKnown(rooms, db, dataset, request.force);
    return runIngest(rooms, db, kept, known, request);
  });
}

async function runIngest(
  rooms: IngestRooms,
  db: pg.Client,
  { lease, signal }: KeptLease,
  known: Known,
  request: IngestRequest,
): Promise<IngestOutcome> {
  const { dataset, fieldIds } = known;
  const runId = await beginRun(rooms, db, 'ingest', dataset.name);
  const run = { ...known, runId, lease, signal };
  const plans: IngestPlan[] = [];
  const totals = { slices: 0, cold: 0, hot: 0, segments: 0, bytes: 0 };
  let failure: TierdError | null = null;
  try {
    const connect = connectUntilLost(rooms.connect, signal);
    const own = { ...rooms, connect };
    for (const batch of batchesOf(await lookAtFiles(db, dataset.name, request))) {
      await withClient(
        () => connect('direct'),
        async (session) => {
          const staging = { db: session, known, request, onlyLooks: false };
          const planned = await planBatch(own, run, staging, batch);
          rooms.tell({ kind: 'planned', dataset: dataset.name, plan: planned.plan });
          throwIfRefused(
            {
              dataset: dataset.name,
              what: `an ingest into ${dataset.name}`,
              outcome:
                totals.slices === 0 ? 'Nothing was changed' : 'Of these files nothing was changed',
            },
            standing(planned.plan.refusals, request.force),
          );
          if (plans.length === 0) {
            await claimLake(own, db);
            await recordFieldIds(own, db, run, fieldIds);
            await recordLabels(own, db, run, fieldIds);
            await syncTable(own, run, db);
          }
          plans.push(planned.plan);
          const fileIds = await enterFiles(own, run, staging, batch, planned.read);
          await bringAll(own, run, staging, fileIds, planned.plan.slices, totals);
          await leaveFiles(own, run, staging, [...fileIds.values()]);
        },
      );
    }
  } catch (error) {
    failure = toldAsLost(error, signal);
  }
  await recordEnd(() => rooms.connect('work'), runId, endOf(totals, failure));
  if (failure === null) return { plans, totals };
  if (totals.slices === 0) throw failure;
  const done = `${countOf(totals.slices, 'slice')} with ${countOf(totals.cold + totals.hot, 'row')} were brought in`;
  throw afterSome(failure, done, { ...totals });
}

type Growing = { -readonly [Name in keyof IngestTotals]: IngestTotals[Name] };

/** `totals` grows as slices commit, so that it is right whenever this throws. */
function bringAll(
  rooms: IngestRooms,
  run: RunContext,
  staging: Parameters<typeof stageSlice>[2],
  fileIds: ReadonlyMap<number, string>,
  slices: readonly IngestedSlice[],
  totals: Growing,
): Promise<void> {
  const dataset = run.dataset.name;
  return changeEach<IngestedSlice, BroughtSlice>(rooms, run, slices, {
    stage: (planned, id) => stageSlice(rooms, run, staging, planned, id),
    finish: (staged) => finishSlice(rooms, run, staging, staged, fileIds),
    done: ({ range, cold, hot }, { arriving }) => {
      const segments = arriving.flatMap((slice) => slice.segments);
      totals.slices += 1;
      totals.cold += cold;
      totals.hot += hot;
      totals.segments += segments.length;
      totals.bytes += segments.reduce((sum, segment) => sum + segment.bytes, 0);
      rooms.tell({ kind: 'ingested', dataset, range, cold, hot, segments: segments.length });
    },
    // A slice that can't be read, or proven: the next run begins with it.
    failed: (_, error) => {
      throw error;
    },
  });
}

function endOf(totals: IngestTotals, failure: TierdError | null): RunEnd {
  const ended = {
    rowsMoved: BigInt(totals.cold + totals.hot),
    bytesWritten: BigInt(totals.bytes),
    errorCode: failure?.code,
    errorMessage: failure?.message,
  };
  if (failure === null) return { ...ended, state: 'done' };
  if (failure.code === 'INTERRUPTED') return { ...ended, state: 'interrupted' };
  if (totals.slices > 0) return { ...ended, state: 'partly' };
  return { ...ended, state: failure.code === 'REFUSED' ? 'refused' : 'failed' };
}
