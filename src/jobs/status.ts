/** status: where each dataset's rows are, and what is due. Changes nothing. */
import type pg from 'pg';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import type { PartitionsLook } from '../domain/plan/partition-plan.ts';
import { isActive, type Pin } from '../domain/plan/pins.ts';
import type { LakeCare } from '../domain/survey/lake-care.ts';
import { ratioOf } from '../domain/survey/survey.ts';
import { formatTable, type TableKind } from '../domain/table.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import { lookAtReach } from '../hot/partitions/look-at-reach.ts';
import { whileLooking } from '../hot/partitions/while-looking.ts';
import { disconnect } from '../hot/server/connect.ts';
import { missingStandbys, readSynchronousStandbys } from '../hot/server/standby-wait.ts';
import { type LeaseState, readLease } from '../ledger/lease.ts';
import { hasLedger } from '../ledger/migrate.ts';
import { listPins } from '../ledger/pins.ts';
import { listRuns, type RunRecord } from '../ledger/runs.ts';
import { countFindings } from '../ledger/scrub-findings.ts';
import { type ColdTotals, coldTotals } from '../ledger/segments.ts';
import { type FarTotals, farTotals } from '../ledger/tiers.ts';
import { earlierClock } from './both-clocks.ts';
import { asTierdError } from './job-failure.ts';
import { examineLive, type LiveReport, type LiveRooms } from './live-checks.ts';
import { lakeRefusal, lookAtLake } from './rotation/own-lake.ts';
import { besideLake } from './rotation/plan/beside-lake.ts';
import { gatherPlan } from './rotation/plan/gather-plan.ts';
import { refusalsOf } from './rotation/plan/refusal.ts';
import type { LookingRooms } from './rotation/rooms.ts';
import { lookAtCare } from './survey/look-at-care.ts';

export interface DatasetStatus {
  readonly dataset: string;
  readonly table: string;
  readonly kind: TableKind;
  readonly hot: SideTotals;
  readonly cold: SideTotals & {
    readonly segments: number;
    /** Missing or altered, as the last scrub or a query since has found them. */
    readonly badSegments: number;
    /** Of these, what is read in the lake's far place. */
    readonly far: { readonly segments: number; readonly bytes: number };
  };
  /** How many times smaller a row is in the lake than in the hot store; null until both have rows. */
  readonly ratio: number | null;
  readonly due: { readonly rows: number; readonly moves: number };
  /** Guards that would refuse the next run. */
  readonly refusals: readonly string[];
  /** Null where partitions are not made ahead. */
  readonly partitions: PartitionsLook | null;
  /** Restored time that rotations leave hot; those that have not ended. */
  readonly pins: readonly Pin[];
  readonly lastRun: RunRecord | null;
  readonly lease: LeaseState | null;
  /** Null where there is no ledger, or one that was not migrated since. */
  readonly care: LakeCare | null;
}

export interface SideTotals {
  readonly rows: number;
  readonly bytes: number;
  readonly oldest: EpochMs | null;
  readonly newest: EpochMs | null;
}

/** A dataset that can't be looked at does not hide the others. */
export type DatasetReport =
  | DatasetStatus
  | { readonly dataset: string; readonly error: TierdError };

export interface LakeStatus {
  readonly place: string;
  /** Where old segments lie; null: all of it lies in one place. */
  readonly farPlace: string | null;
  /** Null where there is no limit, and where the lake is away: the disk in its place is another. */
  readonly freeBytes: number | null;
  /** Why no rotation would use it: it is away, or another ledger's. */
  readonly problem: TierdError | null;
}

export interface Status {
  readonly ledger: boolean;
  /** Why nothing that is written in PostgreSQL comes to an end; null where nothing is known to be wrong. */
  readonly hotProblem: string | null;
  readonly lake: LakeStatus;
  /** Null where no live store is configured. */
  readonly live: LiveReport | { readonly error: TierdError } | null;
  readonly datasets: readonly DatasetReport[];
  /** Of every dataset that has live segments, those that are not looked at or not configured included. */
  readonly coldTotals: readonly ColdTotals[];
}

export async function readStatus(
  rooms: LookingRooms,
  datasets: readonly Dataset[],
  live: LiveRooms | null,
): Promise<Status> {
  const db = await rooms.connect('work');
  try {
    const ledger = await hasLedger(db);
    const known: LedgerFacts | null = ledger
      ? { cold: await coldTotals(db), bad: await countFindings(db), far: await farTotals(db) }
      : null;
    const reports: DatasetReport[] = [];
    for (const dataset of datasets) {
      reports.push(await reportOn(rooms, db, dataset, known));
    }
    const lake = await reportLake(rooms, db, datasets);
    const hotProblem = missingStandbys(await readSynchronousStandbys(db));
    return {
      ledger,
      hotProblem,
      lake,
      live: live === null ? null : await reportLive(live),
      datasets: reports,
      coldTotals: known?.cold ?? [],
    };
  } finally {
    await disconnect(db);
  }
}

async function reportLake(
  { store }: LookingRooms,
  db: pg.Client,
  datasets: readonly Dataset[],
): Promise<LakeStatus> {
  const { place } = store;
  const farPlace = store.tiers?.far.place ?? null;
  try {
    const names = datasets.map(({ name }) => name);
    const standing = await lookAtLake(store, db, 'newest', names);
    const problem = standing === null ? null : lakeRefusal(standing, place);
    await store.lookWritable();
    return { place, farPlace, freeBytes: await store.freeBytes(), problem };
  } catch (error) {
    const problem = asTierdError(error);
    if (problem.isAway) throw error;
    return { place, farPlace, freeBytes: null, problem };
  }
}

async function reportLive(live: LiveRooms): Promise<Status['live']> {
  try {
    return await examineLive(live);
  } catch (error) {
    return { error: asTierdError(error) };
  }
}

interface LedgerFacts {
  readonly cold: readonly ColdTotals[];
  /** Dataset → bad segments; those without any are left out. */
  readonly bad: ReadonlyMap<string, number>;
  readonly far: readonly FarTotals[];
}

async function reportOn(
  rooms: LookingRooms,
  db: pg.Client,
  dataset: Dataset,
  ledger: LedgerFacts | null,
): Promise<DatasetReport> {
  try {
    const totals = ledger?.cold.find((entry) => entry.dataset === dataset.name);
    const far = ledger?.far.find((entry) => entry.dataset === dataset.name);
    const { plan, table, facts } = await gatherPlan(besideLake(rooms), db, dataset);
    const { rows, bytes, oldest, newest } = facts;
    const hot = { rows, bytes, oldest, newest };
    const cold = {
      segments: totals?.segments ?? 0,
      badSegments: ledger?.bad.get(dataset.name) ?? 0,
      far: { segments: far?.segments ?? 0, bytes: far?.bytes ?? 0 },
      rows: Number(totals?.rows ?? 0),
      bytes: Number(totals?.bytes ?? 0),
      oldest: toMs(totals?.oldestUs),
      newest: toMs(totals?.newestUs),
    };
    const earlier = await earlierClock(rooms.clock.now(), db);
    const { partitions: setting } = dataset;
    const [lastRun] =
      ledger !== null ? await listRuns(db, { dataset: dataset.name, job: 'rotate', limit: 1 }) : [];
    return {
      dataset: dataset.name,
      table: formatTable(table.ref),
      kind: table.kind,
      hot,
      cold,
      ratio: ratioOf(hot, cold),
      due: { rows: plan.rows, moves: plan.moves.length },
      refusals: refusalsOf(plan),
      partitions:
        setting === undefined
          ? null
          : await whileLooking(db, dataset.table, rooms.settings, () =>
              lookAtReach(db, table, dataset, setting, rooms.clock.now()),
            ),
      pins: (await listPins(db, dataset.name)).filter((pin) => isActive(pin, earlier)),
      lastRun: lastRun ?? null,
      lease: ledger !== null ? await readLease(db, dataset.name) : null,
      care: ledger !== null ? await lookAtCare(db, dataset, rooms.clock.now()) : null,
    };
  } catch (error) {
    if (error instanceof TierdError && error.isAway) throw error;
    return { dataset: dataset.name, error: asTierdError(error) };
  }
}

function toMs(us: bigint | undefined): EpochMs | null {
  return us === undefined ? null : Number(us / 1000n);
}
