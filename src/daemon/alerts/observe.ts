/** What is wrong now: a pure function of what the daemon knows of itself and of the stores. */
import { type AlertKind, alertId, type Condition } from '../../domain/alert.ts';
import type { EpochMs } from '../../domain/time-range.ts';
import type { JobRunState } from '../job-result.ts';
import type { DaemonState, JobState } from '../state.ts';
import type { Observation } from './reduce-alerts.ts';

/** What the daemon last found in the stores. Whoever looks at them hands it in. */
export interface StoreFacts {
  /** Null: the drain's sources were not looked at. */
  readonly sources:
    | readonly {
        readonly source: string;
        /** Null: not known, as of a source that could not be looked at. */
        readonly lagSeconds: number | null;
        readonly deadLettersWaiting: number | null;
      }[]
    | null;
  /** Null: not looked at, or none is configured. What can take keys before they are drained. */
  readonly live: { readonly error: string | null; readonly hazards: readonly string[] } | null;
  /** Why the lake can't be read or written; null when it can. */
  readonly lakeError: string | null;
}

export interface AlertThresholds {
  readonly drainLagMs: number;
  readonly deadLetters: number;
  readonly unreachableAfterMs: number;
}

/** Watched by whoever leads: of two daemons only one tells of them. */
const OF_JOBS = ['job_failed', 'job_refused', 'job_resting', 'bad_segment'] as const;
const OF_STORES = ['drain_lag', 'dead_letters', 'live_hazard'] as const;
const POSTGRES = alertId({ kind: 'store_unreachable', subject: 'postgres' });
const REDIS = alertId({ kind: 'store_unreachable', subject: 'redis' });
const LAKE = alertId({ kind: 'store_unreachable', subject: 'lake' });

/** So long after another daemon took over its leader of before says so. */
const LOST_FOR_MS = 10 * 60_000;
/** A command that loops is well again when it has gone on for this long. */
const LOOPS_WELL_AFTER_MS = 60_000;

export function observe(
  state: DaemonState,
  stores: StoreFacts | null,
  nowMs: EpochMs,
  thresholds: AlertThresholds,
): Observation {
  const own = observeLease(state, nowMs, thresholds);
  if (state.role !== 'leader') {
    return {
      about: own.about,
      conditions: own.conditions,
      unsure: [],
      notOurs: [...OF_JOBS, ...OF_STORES, REDIS, LAKE],
    };
  }
  const jobs = Object.values(state.jobs).map((job) => observeJob(job, nowMs));
  const found = stores === null ? NOTHING_LOOKED_AT : observeStores(stores, thresholds);
  return {
    about: [...own.about, ...OF_JOBS, ...found.about],
    conditions: [
      ...own.conditions,
      ...jobs.flatMap(({ conditions }) => conditions),
      ...found.conditions,
    ],
    unsure: [...jobs.flatMap(({ unsure }) => unsure), ...found.unsure],
    notOurs: [],
  };
}

type Found = Omit<Observation, 'notOurs'>;

const NOTHING_LOOKED_AT: Found = { about: [], conditions: [], unsure: [] };

function observeLease(
  { leaseError, leaseUnknownSinceMs, lostLeadAtMs, role, leader, holder }: DaemonState,
  nowMs: EpochMs,
  { unreachableAfterMs }: AlertThresholds,
): Pick<Found, 'about' | 'conditions'> {
  const conditions: Condition[] = [];
  const unknownForMs = leaseUnknownSinceMs === null ? -1 : nowMs - leaseUnknownSinceMs;
  if (leaseError !== null && unknownForMs >= unreachableAfterMs) {
    const message = `${holder} can neither lead nor tell who does, so that it starts no job: ${leaseError}`;
    conditions.push({ kind: 'store_unreachable', severity: 'error', subject: 'postgres', message });
  }
  const isReplaced = lostLeadAtMs !== null && role === 'standby' && leader !== null;
  if (isReplaced && nowMs - lostLeadAtMs < LOST_FOR_MS) {
    const message = `${holder} was away too long and lost the lead to ${leader}; what it had not committed was rolled back`;
    conditions.push({ kind: 'lease_lost', severity: 'warning', subject: holder, message });
  }
  return { about: ['lease_lost', POSTGRES], conditions };
}

type Judged = Pick<Found, 'conditions' | 'unsure'>;

/** What the end of a run says of its job; what is not here says nothing. */
const VERDICTS: Partial<Record<JobRunState, 'well' | 'failed' | 'refused'>> = {
  done: 'well',
  failed: 'failed',
  partly: 'failed',
  timeout: 'failed',
  out_of_memory: 'failed',
  crashed: 'failed',
  refused: 'refused',
};

function observeJob(job: JobState, nowMs: EpochMs): Judged {
  const { name: subject, last, circuit } = job;
  const conditions: Condition[] = [];
  if (circuit.kind === 'open') {
    const until = new Date(circuit.untilMs).toISOString();
    const message = `${subject} failed ${String(circuit.failures)} times in a row; no schedule starts it until ${until}`;
    conditions.push({ kind: 'job_resting', severity: 'error', subject, message });
  }
  const runEnds: readonly AlertKind[] = ['job_failed', 'job_refused', 'bad_segment'];
  const unsure = runEnds.map((kind) => alertId({ kind, subject }));
  const verdict = loopsWell(job, nowMs) ? 'well' : last === null ? undefined : VERDICTS[last.state];
  if (verdict === undefined) return { conditions, unsure };
  if (verdict === 'well' || last === null) return { conditions, unsure: [] };
  if (last.damage !== null) {
    // The scrub did its work: that is what failed, not the job.
    const { count, keys } = last.damage;
    const more = count > keys.length ? ', …' : '';
    const message = `${subject} found ${String(count)} segments that are not what was published: ${keys.join(', ')}${more}`;
    conditions.push({ kind: 'bad_segment', severity: 'error', subject, message });
    return { conditions, unsure: [] };
  }
  const reason = last.errorMessage ?? last.state.replaceAll('_', ' ');
  if (verdict === 'refused') {
    const message = `${subject} was refused by a guard: ${reason}`;
    conditions.push({ kind: 'job_refused', severity: 'warning', subject, message });
  } else {
    const message = `${subject} failed (${last.state.replaceAll('_', ' ')}): ${reason}`;
    conditions.push({ kind: 'job_failed', severity: 'error', subject, message });
  }
  // Of the lake it says nothing: only a scrub that ends well does.
  return { conditions, unsure: [alertId({ kind: 'bad_segment', subject })] };
}

/** A loop's runs never end well, for they don't end: that it goes on is what says so. */
function loopsWell({ running }: JobState, nowMs: EpochMs): boolean {
  return running?.cause === 'loop' && nowMs - running.startedAtMs >= LOOPS_WELL_AFTER_MS;
}

function observeStores(
  { sources, live, lakeError }: StoreFacts,
  { drainLagMs, deadLetters }: AlertThresholds,
): Found {
  const about: string[] = [LAKE];
  const conditions: Condition[] = [];
  const unsure: string[] = [];
  const add = (
    kind: AlertKind,
    subject: string,
    message: string,
    severity: Condition['severity'],
  ): void => {
    conditions.push({ kind, severity, subject, message });
  };
  if (lakeError !== null) {
    add('store_unreachable', 'lake', `the lake can not be used: ${lakeError}`, 'error');
  }
  if (live !== null) {
    about.push(REDIS);
    if (live.error !== null) {
      add('store_unreachable', 'redis', `Redis does not answer: ${live.error}`, 'error');
    } else {
      about.push('live_hazard');
      if (live.hazards.length > 0) add('live_hazard', 'redis', live.hazards.join('; '), 'warning');
    }
  }
  if (sources !== null) about.push('drain_lag', 'dead_letters');
  for (const { source, lagSeconds, deadLettersWaiting: letters } of sources ?? []) {
    if (lagSeconds === null) unsure.push(alertId({ kind: 'drain_lag', subject: source }));
    else if (lagSeconds * 1_000 >= drainLagMs) {
      const message = `${source} is ${String(Math.round(lagSeconds))} s behind: what arrives in Redis is not drained in time`;
      add('drain_lag', source, message, 'warning');
    }
    if (letters === null) unsure.push(alertId({ kind: 'dead_letters', subject: source }));
    else if (letters >= deadLetters) {
      const message = `${String(letters)} dead letters of ${source} wait for somebody: tierd dead-letters list`;
      add('dead_letters', source, message, 'warning');
    }
  }
  return { about, conditions, unsure };
}
