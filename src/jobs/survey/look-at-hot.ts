/** PostgreSQL's part of a survey: the server, the ledger, each dataset. One connection, then none. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type { LakeCare } from '../../domain/survey/lake-care.ts';
import type { HotSurvey } from '../../domain/survey/survey.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { unlessAborted } from '../../domain/unless-aborted.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { readServerHealth } from '../../hot/server/server-health.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { planDrain } from '../drain/plan-drain.ts';
import { asTierdError } from '../job-failure.ts';
import { type LedgerOfLake, readLedgerOfLake } from '../rotation/own-lake.ts';
import { lookAtCare } from './look-at-care.ts';
import { type DatasetLook, lookAtDataset, UNSEEN_DATASET } from './look-at-dataset.ts';
import { type LedgerLook, lookAtLedger } from './look-at-ledger.ts';
import { openInTime } from './open-in-time.ts';
import type { Pace } from './pace.ts';
import type { SurveyRooms } from './rooms.ts';

export interface HotLook {
  readonly server: HotSurvey;
  /** Null where there is no ledger, or it was never seen. */
  readonly ledger: LedgerLook | null;
  readonly ledgerAsOf: EpochMs | null;
  /** Null as above. */
  readonly ledgerOfLake: LedgerOfLake | null;
  readonly datasets: ReadonlyMap<string, DatasetLook>;
  /** By dataset; without those that were never looked at. */
  readonly care: ReadonlyMap<string, LakeCare>;
  /** Why a source of the drain could not start; without those that could. */
  readonly sourceErrors: ReadonlyMap<string, string>;
}

export const UNSEEN_HOT_STORE: HotLook = {
  server: {
    reachable: false,
    error: null,
    version: null,
    timescale: null,
    databaseBytes: null,
    connections: null,
    maxConnections: null,
    inRecovery: null,
    oldestTransactionSeconds: null,
    lockWaiters: null,
    slotWalBytes: null,
    frozenAge: null,
  },
  ledger: null,
  ledgerAsOf: null,
  ledgerOfLake: null,
  datasets: new Map(),
  care: new Map(),
  sourceErrors: new Map(),
};

/** Keys and columns of tables do not change by the minute. */
const SOURCES_EVERY_MS = 60_000;

const LIMITS = { statementTimeoutMs: 5_000, lockTimeoutMs: 1_000 } as const;

/** Never throws: what can't be looked at is told, beside what was seen before. */
export async function lookAtHot(
  rooms: SurveyRooms,
  pace: Pace,
  before: HotLook,
  signal: AbortSignal,
): Promise<HotLook> {
  let db: pg.Client;
  try {
    db = await openInTime(rooms.connect, (late) => void disconnect(late), signal);
  } catch (error) {
    // Whoever is not let in knows no more than where nobody answers.
    const { message } = signal.aborted ? tooSlow() : asTierdError(error);
    return { ...before, server: { ...before.server, reachable: false, error: message } };
  }
  // A server that has gone silent: closing is what makes the statement that waits for it fail.
  const hangUp = (): void => void disconnect(db);
  signal.addEventListener('abort', hangUp, { once: true });
  let seen = before;
  try {
    signal.throwIfAborted();
    const server = await reading(db, 'asking PostgreSQL how it is', () => readServerHealth(db));
    seen = { ...seen, server: { reachable: true, error: null, ...server } };
    // Each time: what the lake itself says is read each time as well, and the two are compared.
    const ledgerOfLake = await reading(db, 'asking whose the lake is', () => readLedgerOfLake(db));
    seen = { ...seen, ledgerOfLake };
    if (pace.isDue('ledger')) {
      const ledgerAsOf = rooms.clock.now();
      const ledger = await pace.spend('ledger', 0, () =>
        reading(db, 'looking at the ledger', () => lookAtLedger(db, rooms.datasets)),
      );
      seen = { ...seen, ledger, ledgerAsOf };
    }
    if (seen.ledger !== null) seen = { ...seen, care: await lookAtCares(rooms, db, pace, seen) };
    if (pace.isDue('sources')) {
      const sourceErrors = await pace.spend('sources', SOURCES_EVERY_MS, () =>
        lookAtStarts(rooms, db),
      );
      seen = { ...seen, sourceErrors };
    }
    return { ...seen, datasets: await lookAtDatasets(rooms, db, pace, seen) };
  } catch (error) {
    return withError(seen, signal.aborted ? tooSlow() : asTierdError(error));
  } finally {
    signal.removeEventListener('abort', hangUp);
    // A silent server does not answer this either.
    await unlessAborted(disconnect(db), signal);
  }
}

async function lookAtDatasets(
  rooms: SurveyRooms,
  db: pg.Client,
  pace: Pace,
  { ledger, datasets }: HotLook,
): Promise<HotLook['datasets']> {
  const looks = new Map<string, DatasetLook>();
  for (const dataset of rooms.datasets) {
    const { name } = dataset;
    const before = datasets.get(name) ?? UNSEEN_DATASET;
    const lastRun = ledger?.lastRuns.get(name)?.id ?? null;
    const busy = ledger?.busy.has(name) ?? false;
    looks.set(name, await lookAtDataset(rooms, db, dataset, pace, before, { lastRun, busy }));
  }
  return looks;
}

/** What the lake needs changes with each run, and with the days. */
const CARE_EVERY_MS = 60_000;

async function lookAtCares(
  { datasets, clock }: SurveyRooms,
  db: pg.Client,
  pace: Pace,
  { care }: HotLook,
): Promise<HotLook['care']> {
  const looks = new Map<string, LakeCare>();
  for (const dataset of datasets) {
    const { name } = dataset;
    const look = pace.isDue(`care ${name}`)
      ? await pace.spend(`care ${name}`, CARE_EVERY_MS, () => careInTime(db, dataset, clock.now()))
      : care.get(name);
    if (look !== undefined) looks.set(name, look);
  }
  return looks;
}

/** Undefined where it is not known: there is more than can be summed up in passing, and nothing is wrong. */
async function careInTime(
  db: pg.Client,
  dataset: Dataset,
  now: EpochMs,
): Promise<LakeCare | undefined> {
  const doing = `looking at the lake of ${dataset.name}`;
  try {
    return (await reading(db, doing, () => lookAtCare(db, dataset, now))) ?? undefined;
  } catch (thrown) {
    const error = asTierdError(thrown);
    if (error.code === 'STATEMENT_TIMEOUT' || error.code === 'LOCK_TIMEOUT') return undefined;
    throw error;
  }
}

async function lookAtStarts(
  { sources }: SurveyRooms,
  db: pg.Client,
): Promise<HotLook['sourceErrors']> {
  const errors = new Map<string, string>();
  for (const source of sources) {
    try {
      await planDrain(db, source, LIMITS);
    } catch (thrown) {
      const error = asTierdError(thrown);
      if (error.isAway) throw error;
      errors.set(source.name, error.message);
    }
  }
  return errors;
}

function reading<Result>(
  db: pg.Client,
  doing: string,
  look: () => Promise<Result>,
): Promise<Result> {
  const options = { doing, isolation: 'read committed', readOnly: true, limits: LIMITS } as const;
  return inTransaction(db, options, look);
}

function withError(seen: HotLook, error: TierdError): HotLook {
  const reachable = !error.isAway && seen.server.version !== null;
  return { ...seen, server: { ...seen.server, reachable, error: error.message } };
}

function tooSlow(): TierdError {
  return new TierdError({
    code: 'POSTGRES_UNREACHABLE',
    message: 'PostgreSQL did not answer in time; the figures are those of before',
    hint: 'see pg_stat_activity; the next survey tries again',
  });
}
