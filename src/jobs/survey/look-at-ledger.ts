/** What the ledger says of the lake, of the drain and of the last runs. */
import type { Dataset } from '../../domain/dataset.ts';
import {
  type BackupSurvey,
  type ColdSide,
  NOTHING_COLD,
  type RunSurvey,
} from '../../domain/survey/survey.ts';
import { lastGoodRuns } from '../../ledger/backup-logs.ts';
import { listSources, type SourceRecord } from '../../ledger/drain-sources.ts';
import { hasLedger } from '../../ledger/migrate.ts';
import type { Queryable } from '../../ledger/queryable.ts';
import { listRuns, type RunRecord } from '../../ledger/runs.ts';
import { countFindings } from '../../ledger/scrub-findings.ts';
import { coldTotals } from '../../ledger/segments.ts';
import { countWaitingLetters, heldLeases, retiredBytes } from '../../ledger/survey.ts';

export interface LedgerLook {
  /** By dataset, those that are no longer configured included. */
  readonly cold: ReadonlyMap<string, ColdSide>;
  readonly retiredBytes: number;
  readonly records: ReadonlyMap<string, SourceRecord>;
  readonly deadLettersWaiting: number;
  readonly lastRuns: ReadonlyMap<string, { readonly id: string; readonly run: RunSurvey }>;
  /** Datasets that some process works on. */
  readonly busy: ReadonlySet<string>;
  /** The last good run of each kind that had one. */
  readonly backups: readonly BackupSurvey[];
}

/** Null where there is no ledger yet. */
export async function lookAtLedger(
  db: Queryable,
  datasets: readonly Dataset[],
): Promise<LedgerLook | null> {
  if (!(await hasLedger(db))) return null;
  const bad = await countFindings(db);
  const totals = await coldTotals(db);
  const lastRuns = new Map<string, { readonly id: string; readonly run: RunSurvey }>();
  for (const { name } of datasets) {
    const [last] = await listRuns(db, { dataset: name, job: 'rotate', limit: 1 });
    if (last !== undefined) lastRuns.set(name, { id: last.id.toString(), run: runOf(last) });
  }
  return {
    cold: new Map(
      totals.map((total): [string, ColdSide] => [
        total.dataset,
        {
          segments: total.segments,
          rows: Number(total.rows),
          bytes: Number(total.bytes),
          oldest: Number(total.oldestUs / 1000n),
          newest: Number(total.newestUs / 1000n),
          badSegments: bad.get(total.dataset) ?? 0,
        },
      ]),
    ),
    retiredBytes: await retiredBytes(db),
    records: new Map((await listSources(db)).map((record) => [record.source, record])),
    deadLettersWaiting: await countWaitingLetters(db),
    lastRuns,
    busy: await heldLeases(
      db,
      datasets.map(({ name }) => name),
    ),
    backups: await lastGoodRuns(db),
  };
}

/** Of all datasets together. */
export function sumOf(cold: LedgerLook['cold']): ColdSide {
  let sum = NOTHING_COLD;
  for (const side of cold.values()) {
    sum = {
      ...sum,
      segments: sum.segments + side.segments,
      rows: sum.rows + side.rows,
      bytes: sum.bytes + side.bytes,
      badSegments: sum.badSegments + side.badSegments,
    };
  }
  return sum;
}

function runOf(run: RunRecord): RunSurvey {
  return {
    job: run.job,
    state: run.state,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    rowsMoved: Number(run.rowsMoved),
    bytesWritten: Number(run.bytesWritten),
    rowsAgain: Number(run.rowsAgain),
    rowsChanged: Number(run.rowsChanged),
    errorCode: run.errorCode,
    errorMessage: run.errorMessage,
  };
}
