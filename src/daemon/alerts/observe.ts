/** What is wrong now: a pure function of what the daemon knows of itself and of the stores. */
import { type Alert, type AlertKind, alertId, type Condition } from '../../domain/alert.ts';
import { agree, countOf } from '../../domain/count.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { describeDamage, describeUnknown } from '../job-report.ts';
import type { JobRunState } from '../job-result.ts';
import type { DaemonState, JobState, LastRun } from '../state.ts';
import { type BackupTimes, observeBackups } from './observe-backups.ts';
import type { Observation } from './reduce-alerts.ts';
import type { StoreFacts } from './store-facts.ts';

export interface AlertThresholds {
  readonly drainLagMs: number;
  readonly deadLetters: number;
  readonly unreachableAfterMs: number;
  /** How old the last good run of each kind of backup may be, of kinds that are watched. */
  readonly backupAges: ReadonlyMap<string, number>;
}

/** Watched by whoever leads: of two daemons only one tells of them. */
const OF_JOBS = ['job_failed', 'job_refused', 'job_resting', 'unknown_files'] as const;
const OF_STORES = [
  'drain_lag',
  'dead_letters',
  'live_hazard',
  'bad_segment',
  'cold_duplicates',
  'partitions_short',
  'backup_overdue',
] as const;
const POSTGRES = alertId({ kind: 'store_unreachable', subject: 'postgres' });
const REDIS = alertId({ kind: 'store_unreachable', subject: 'redis' });
const LAKE = alertId({ kind: 'store_unreachable', subject: 'lake' });

/** Kinds and ids. */
const OF_LEADER: readonly string[] = [...OF_JOBS, ...OF_STORES, REDIS, LAKE];

/** Whether whoever leads tells of it; of the rest each daemon tells for itself. */
export function isLeaders({ kind, id }: Pick<Alert, 'kind' | 'id'>): boolean {
  return OF_LEADER.includes(kind) || OF_LEADER.includes(id);
}

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
    return { ...own, unsure: [], notOurs: OF_LEADER };
  }
  // Where the stores are looked at, the ledger says which segments are bad, whichever scrub found them.
  const isSurveyed = stores !== null;
  const jobs = Object.values(state.jobs).map((job) => observeJob(job, isSurveyed, nowMs));
  const found =
    stores === null
      ? { ...NOTHING_LOOKED_AT, about: scrubbed(state) }
      : observeStores(stores, thresholds, { nowMs, startedAtMs: state.startedAtMs });
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

/** Before a survey, and where there is none, each scrub knows of its own; one that ends well, of the lake. */
function scrubbed({ jobs }: DaemonState): readonly string[] {
  const ofJobs = Object.keys(jobs).map((subject) => alertId({ kind: 'bad_segment', subject }));
  return jobs['scrub']?.last?.state === 'done' ? ['bad_segment'] : ofJobs;
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

function observeJob(job: JobState, isSurveyed: boolean, nowMs: EpochMs): Judged {
  const { name: subject, last, circuit } = job;
  const conditions: Condition[] = [];
  if (circuit.kind === 'open') {
    const until = new Date(circuit.untilMs).toISOString();
    const message = `${subject} failed ${countOf(circuit.failures, 'time')} in a row; no schedule starts it until ${until}`;
    conditions.push({ kind: 'job_resting', severity: 'error', subject, message });
  }
  const runEnds: readonly AlertKind[] = [
    'job_failed',
    'job_refused',
    'bad_segment',
    'unknown_files',
  ];
  const unsure = runEnds.map((kind) => alertId({ kind, subject }));
  const verdict = loopsWell(job, nowMs) ? 'well' : last === null ? undefined : VERDICTS[last.state];
  if (verdict === undefined) return { conditions, unsure };
  if (verdict === 'well' || last === null) {
    return { conditions: [...conditions, ...observeUnknownFiles(job)], unsure: [] };
  }
  if (last.damage !== null) {
    // The scrub did its work: what it found is told, not that it failed.
    if (isSurveyed) return { conditions, unsure: [] };
    const message = `${subject}: ${describeDamage(last.damage)}`;
    conditions.push({ kind: 'bad_segment', severity: 'error', subject, message });
    return { conditions, unsure: [] };
  }
  conditions.push(observeEnd(subject, last, verdict));
  // Of the lake it says nothing: only a scrub that ends well does.
  const ofLake: readonly AlertKind[] = ['bad_segment', 'unknown_files'];
  return { conditions, unsure: ofLake.map((kind) => alertId({ kind, subject })) };
}

/** Of a run that did not do all of its work: what was done, what was not, why, and what next. */
function observeEnd(subject: string, last: LastRun, verdict: 'failed' | 'refused'): Condition {
  const { state, isRefusal, errorMessage, advice } = last;
  const why = errorMessage ?? state.replaceAll('_', ' ');
  const reason = advice === null ? why : `${why.replace(/\.$/, '')}. Next: ${advice}`;
  if (verdict === 'refused') {
    const message = `${subject} was refused by a guard: ${reason}`;
    return { kind: 'job_refused', severity: 'warning', subject, message };
  }
  if (isRefusal) {
    const message = `${subject} did a part of its work, and guards refused the rest: ${reason}`;
    return { kind: 'job_refused', severity: 'warning', subject, message };
  }
  const how = HOW_IT_FAILED[state] ?? 'failed';
  return {
    kind: 'job_failed',
    severity: 'error',
    subject,
    message: `${subject} ${how}: ${reason}`,
  };
}

const HOW_IT_FAILED: Partial<Record<JobRunState, string>> = {
  partly: 'did a part of its work',
  timeout: 'ran out of time',
  out_of_memory: 'ran out of memory',
  crashed: 'crashed',
};

function observeUnknownFiles({ name: subject, last }: JobState): Condition[] {
  const files = last?.unknownFiles ?? null;
  if (files === null) return [];
  const message = `${subject}: nothing is damaged; ${describeUnknown(files)}. Next: tierd lake show says whose the lake is; keep what is needed and move the rest out of it`;
  return [{ kind: 'unknown_files', severity: 'warning', subject, message }];
}

/** A loop's runs never end well, for they don't end: that it goes on is what says so. */
function loopsWell({ running }: JobState, nowMs: EpochMs): boolean {
  return running?.cause === 'loop' && nowMs - running.startedAtMs >= LOOPS_WELL_AFTER_MS;
}

function observeStores(
  { sources, live, lakeError, badSegments, again, partitions, backups }: StoreFacts,
  { drainLagMs, deadLetters, backupAges }: AlertThresholds,
  times: BackupTimes,
): Found {
  const about = [
    'drain_lag',
    'dead_letters',
    'partitions_short',
    LAKE,
    ...(badSegments === null ? [] : ['bad_segment']),
    ...(again === null ? [] : ['cold_duplicates']),
    ...(backups === null ? [] : ['backup_overdue']),
  ];
  const conditions: Condition[] = [
    ...observeLake(lakeError),
    ...observeAgain(again ?? []),
    ...observeBad(badSegments ?? []),
    ...observePartitions(partitions),
    ...(backups === null ? [] : observeBackups(backups, backupAges, times)),
  ];
  const unsure: string[] = [
    ...(again ?? []).flatMap(({ dataset, found }) =>
      found === null ? [alertId({ kind: 'cold_duplicates', subject: dataset })] : [],
    ),
    ...partitions.flatMap(({ dataset, short, defaultRows }) =>
      short === null && defaultRows === null
        ? [alertId({ kind: 'partitions_short', subject: dataset })]
        : [],
    ),
  ];
  for (const { source, lagSeconds, deadLettersWaiting: letters } of sources) {
    if (lagSeconds === null) unsure.push(alertId({ kind: 'drain_lag', subject: source }));
    else if (lagSeconds * 1_000 >= drainLagMs) {
      const message = `${source} is ${String(Math.round(lagSeconds))} s behind: what arrives in Redis is not drained in time`;
      conditions.push({ kind: 'drain_lag', severity: 'warning', subject: source, message });
    }
    if (letters === null) unsure.push(alertId({ kind: 'dead_letters', subject: source }));
    if (letters === null || letters < deadLetters) continue;
    const message = `${countOf(letters, 'dead letter')} of ${source} ${agree(letters, 'waits', 'wait')} for somebody: tierd dead-letters list`;
    conditions.push({ kind: 'dead_letters', severity: 'warning', subject: source, message });
  }
  const ofLive = live === null ? NOTHING_LOOKED_AT : observeLive(live);
  return {
    about: [...about, ...ofLive.about],
    conditions: [...conditions, ...ofLive.conditions],
    unsure,
  };
}

function observeLake(error: string | null): Condition[] {
  if (error === null) return [];
  const message = `the lake can't be used, and nothing is rotated: ${error}`;
  return [{ kind: 'store_unreachable', severity: 'error', subject: 'lake', message }];
}

function observeBad(bad: NonNullable<StoreFacts['badSegments']>): Condition[] {
  return bad.map(({ dataset, count }) => ({
    kind: 'bad_segment',
    severity: 'error',
    subject: dataset,
    message: `${countOf(count, 'segment')} of ${dataset} ${agree(count, 'is', 'are')} not what was published: tierd scrub ${dataset}`,
  }));
}

/** Rows in the default partition are told of where no partition is made for them, too: they stay until somebody looks. */
function observePartitions(partitions: StoreFacts['partitions']): Condition[] {
  return partitions.flatMap(({ dataset, short, defaultRows }): Condition[] => {
    const kind = 'partitions_short' as const;
    if (short !== null) {
      const message = `${dataset}: ${short}. Next: tierd partitions ${dataset}`;
      return [{ kind, severity: 'error', subject: dataset, message }];
    }
    if (defaultRows === null || defaultRows === 0) return [];
    const message = `${dataset}: rows lie in the default partition, of times that have none of their own: docs/partitions.md`;
    return [{ kind, severity: 'warning', subject: dataset, message }];
  });
}

/** Over with the first run that meets none: whoever brings rows twice is to look at it, and need not. */
function observeAgain(again: NonNullable<StoreFacts['again']>): Condition[] {
  return again.flatMap(({ dataset, found }) => {
    if (found === null) return [];
    const message = `${countOf(found.rows, 'row')} of ${dataset} came again after ${agree(found.rows, 'it', 'they')} had been moved, ${String(found.changed)} of them with other values: see datasets.${dataset}.on_cold_duplicate`;
    return [{ kind: 'cold_duplicates', severity: 'warning', subject: dataset, message }];
  });
}

/** One that does not answer leaves what is known of its settings as it is. */
function observeLive({ error, hazards }: NonNullable<StoreFacts['live']>): Found {
  const redis = { subject: 'redis' } as const;
  if (error !== null) {
    const message = `Redis does not answer: ${error}`;
    const away: Condition = { kind: 'store_unreachable', severity: 'error', message, ...redis };
    return { about: [REDIS], conditions: [away], unsure: [] };
  }
  const message = hazards.join('; ');
  const hazard: Condition = { kind: 'live_hazard', severity: 'warning', message, ...redis };
  return {
    about: [REDIS, 'live_hazard'],
    conditions: hazards.length === 0 ? [] : [hazard],
    unsure: [],
  };
}
