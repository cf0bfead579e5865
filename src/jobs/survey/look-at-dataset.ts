/** One dataset's rows in the hot store, and what of them is due. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import type { TierdError } from '../../domain/errors.ts';
import { type DatasetSurvey, UNSEEN_HOT } from '../../domain/survey/survey.ts';
import { formatTable } from '../../domain/table.ts';
import { HOUR_MS } from '../../domain/time/time-range.ts';
import { glanceAtTable } from '../../hot/measure/glance.ts';
import { lookAtReach } from '../../hot/partitions/look-at-reach.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { asTierdError } from '../job-failure.ts';
import { besideLake } from '../rotation/plan/beside-lake.ts';
import { gatherPlan } from '../rotation/plan/gather-plan.ts';
import { refusalsOf } from '../rotation/plan/refusal.ts';
import type { Pace } from './pace.ts';
import type { SurveyRooms } from './rooms.ts';

/** What is seen of it without the ledger. */
export type DatasetLook = Pick<
  DatasetSurvey,
  'kind' | 'error' | 'asOf' | 'hot' | 'due' | 'dueAsOf' | 'refusals' | 'partitions'
> & {
  /** The newest run when `due` was measured: a later one makes it stale. */
  readonly dueAfterRun: string | null;
};

export const UNSEEN_DATASET: DatasetLook = {
  kind: null,
  error: null,
  asOf: null,
  hot: UNSEEN_HOT,
  due: null,
  dueAsOf: null,
  refusals: [],
  partitions: null,
  dueAfterRun: null,
};

/** A glance that takes longer is not taken. */
const GLANCE = { statementTimeoutMs: 2_000, lockTimeoutMs: 200 } as const;
/** Counting what is due reads it all; more than this an hour is left to `tierd status`. */
const PLAN = { statementTimeoutMs: 5_000, lockTimeoutMs: 200 } as const;
const PLAN_EVERY_MS = HOUR_MS;

/**
 * Throws only POSTGRES_UNREACHABLE; all else is told in the result, beside the last good figures.
 *
 * @param busy a rotation works on it: what is due changes under the count, and its locks come first.
 */
export async function lookAtDataset(
  rooms: SurveyRooms,
  db: pg.Client,
  dataset: Dataset,
  pace: Pace,
  before: DatasetLook,
  state: { readonly lastRun: string | null; readonly busy: boolean },
): Promise<DatasetLook> {
  const glanced = await glance(rooms, db, dataset, pace, before);
  if (glanced.error !== null || state.busy) return glanced;
  return measureDue(rooms, db, dataset, pace, glanced, state.lastRun);
}

async function glance(
  { clock }: SurveyRooms,
  db: pg.Client,
  dataset: Dataset,
  pace: Pace,
  before: DatasetLook,
): Promise<DatasetLook> {
  const what = `glance ${dataset.name}`;
  const { partitions: setting } = dataset;
  if (!pace.isDue(what)) return before;
  const options = {
    doing: `looking at ${formatTable(dataset.table)}`,
    isolation: 'read committed',
    readOnly: true,
    limits: GLANCE,
  } as const;
  try {
    const { kind, hot, partitions } = await pace.spend(what, 0, () =>
      inTransaction(db, options, async () => {
        const table = await describeTable(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
        return {
          kind: table.kind,
          hot: await glanceAtTable(db, table),
          partitions:
            setting === undefined
              ? null
              : await lookAtReach(db, table, dataset, setting, clock.now()),
        };
      }),
    );
    return { ...before, kind, hot, partitions, error: null, asOf: clock.now() };
  } catch (thrown) {
    const error = unlessGone(thrown);
    // Somebody else's lock: the figures of a moment ago are as good.
    if (error.code === 'LOCK_TIMEOUT') {
      pace.forget(what);
      return { ...before, error: null };
    }
    return { ...before, error: error.message };
  }
}

async function measureDue(
  { store, clock }: SurveyRooms,
  db: pg.Client,
  dataset: Dataset,
  pace: Pace,
  before: DatasetLook,
  lastRun: string | null,
): Promise<DatasetLook> {
  const what = `due ${dataset.name}`;
  // A run has itself counted what was due, and done far more: counting again once adds little.
  const isStale = before.dueAfterRun !== lastRun;
  if (!pace.isDue(what) && !isStale) return before;
  try {
    const { plan } = await pace.spend(what, PLAN_EVERY_MS, () =>
      gatherPlan(besideLake({ store, clock, settings: PLAN }), db, dataset),
    );
    return {
      ...before,
      due: { rows: plan.rows, moves: plan.moves.length },
      dueAsOf: clock.now(),
      refusals: refusalsOf(plan),
      dueAfterRun: lastRun,
    };
  } catch (thrown) {
    const error = unlessGone(thrown);
    if (error.code === 'LOCK_TIMEOUT') {
      pace.forget(what);
      return before;
    }
    const unknown = { ...before, due: null, dueAsOf: null, refusals: [], dueAfterRun: lastRun };
    // There is more than can be counted in passing: not known, and nothing is wrong.
    return error.code === 'STATEMENT_TIMEOUT' ? unknown : { ...unknown, error: error.message };
  }
}

function unlessGone(thrown: unknown): TierdError {
  const error = asTierdError(thrown);
  if (error.isAway) throw error;
  return error;
}
