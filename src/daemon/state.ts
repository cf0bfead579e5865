/**
 * What the daemon knows of itself, as one value: `/status` shows it, and nothing else holds it.
 * It changes only by `reduce`, one event at a time.
 */
import type { Alert } from '../domain/alert.ts';
import { NOTHING_PAUSED, type Pauses } from '../domain/pause.ts';
import { addSample, type DrainSample } from '../domain/samples.ts';
import type { Survey } from '../domain/survey.ts';
import type { EpochMs } from '../domain/time-range.ts';
import { type Circuit, CLOSED } from './circuit.ts';
import type { Damage, JobRunState } from './job-result.ts';

export type Role = 'starting' | 'standby' | 'leader' | 'stopping';

/** Why a run began. */
export type Cause = 'schedule' | 'catch_up' | 'manual' | 'loop';

export interface JobProgress {
  readonly label: string;
  readonly unit: 'rows' | 'bytes';
  readonly done: number;
  readonly total: number | null;
}

export interface RunningJob {
  readonly runId: string;
  readonly cause: Cause;
  readonly startedAtMs: EpochMs;
  readonly attempt: number;
  /** Null between two attempts. */
  readonly pid: number | null;
  readonly progress: JobProgress | null;
  readonly rssBytes: number | null;
}

export interface LastRun {
  readonly runId: string;
  readonly cause: Cause;
  readonly state: JobRunState;
  readonly startedAtMs: EpochMs;
  readonly finishedAtMs: EpochMs;
  readonly attempts: number;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  /** What a scrub found; null for all that found none or looked for none. */
  readonly damage: Damage | null;
}

/** An alert that fires now. */
export interface AlertState extends Alert {
  /** Everybody who wants it has heard the newest word of it; false when nobody does. */
  readonly delivered: boolean;
  /** How many receivers want it. */
  readonly receivers: number;
  /** Of these, by name, who has not heard. */
  readonly notTold: readonly string[];
}

export interface JobState {
  readonly name: string;
  /** As a person would type it. */
  readonly command: string;
  readonly schedule: string;
  readonly nextAtMs: EpochMs | null;
  readonly running: RunningJob | null;
  readonly isQueued: boolean;
  readonly circuit: Circuit;
  readonly last: LastRun | null;
  /** Slots since the start that found the job still running, paused, or its circuit open. */
  readonly skipped: number;
}

export interface DaemonState {
  readonly owner: string;
  readonly holder: string;
  readonly startedAtMs: EpochMs;
  readonly role: Role;
  /** Who leads, as far as this daemon knows. */
  readonly leader: string | null;
  /** The fencing token of a leader. */
  readonly token: string | null;
  /** Why this daemon can neither lead nor know who does. */
  readonly leaseError: string | null;
  readonly leaseUnknownSinceMs: EpochMs | null;
  /** When this daemon lost a lead that it has not had again. */
  readonly lostLeadAtMs: EpochMs | null;
  readonly config: {
    readonly file: string;
    readonly loadedAtMs: EpochMs;
    readonly reloadError: string | null;
  };
  readonly jobs: Readonly<Record<string, JobState>>;
  /** As the ledger had it when it was last looked at. */
  readonly pauses: Pauses;
  /** What the stores hold; null until they were looked at first, and where nobody asks. */
  readonly survey: Survey | null;
  /** Of the surveys since the start, oldest first. */
  readonly samples: readonly DrainSample[];
  readonly alerts: readonly AlertState[];
}

export interface JobFacts {
  readonly name: string;
  readonly command: string;
  readonly schedule: string;
}

export type DaemonEvent =
  | { readonly kind: 'standing_by'; readonly leader: string | null }
  | { readonly kind: 'lease_unknown'; readonly error: string; readonly atMs: EpochMs }
  | { readonly kind: 'leading'; readonly token: string }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'reloaded'; readonly atMs: EpochMs; readonly jobs: readonly JobFacts[] }
  | { readonly kind: 'reload_refused'; readonly error: string }
  | { readonly kind: 'pauses'; readonly pauses: Pauses }
  | { readonly kind: 'surveyed'; readonly survey: Survey }
  | { readonly kind: 'survey_failed'; readonly error: string }
  | { readonly kind: 'alerts'; readonly alerts: readonly AlertState[] }
  | ({ readonly job: string } & JobEvent);

export type JobEvent =
  | { readonly kind: 'scheduled'; readonly nextAtMs: EpochMs | null }
  | { readonly kind: 'queued' }
  | { readonly kind: 'skipped' }
  | {
      readonly kind: 'started';
      readonly runId: string;
      readonly cause: Cause;
      readonly atMs: EpochMs;
    }
  | { readonly kind: 'attempt'; readonly attempt: number; readonly pid: number | null }
  | { readonly kind: 'progress'; readonly progress: JobProgress }
  | { readonly kind: 'memory'; readonly rssBytes: number }
  | { readonly kind: 'attempt_over' }
  | { readonly kind: 'finished'; readonly last: LastRun; readonly circuit: Circuit };

export function initialState(facts: {
  readonly owner: string;
  readonly holder: string;
  readonly nowMs: EpochMs;
  readonly configFile: string;
  readonly jobs: readonly JobFacts[];
}): DaemonState {
  return {
    owner: facts.owner,
    holder: facts.holder,
    startedAtMs: facts.nowMs,
    role: 'starting',
    leader: null,
    token: null,
    leaseError: null,
    leaseUnknownSinceMs: null,
    lostLeadAtMs: null,
    config: { file: facts.configFile, loadedAtMs: facts.nowMs, reloadError: null },
    jobs: Object.fromEntries(facts.jobs.map((job) => [job.name, newJob(job)])),
    pauses: NOTHING_PAUSED,
    survey: null,
    samples: [],
    alerts: [],
  };
}

export function reduce(state: DaemonState, event: DaemonEvent): DaemonState {
  switch (event.kind) {
    case 'standing_by':
      return {
        ...withoutLead(state),
        role: onlyIfUp(state, 'standby'),
        leader: event.leader,
        leaseError: null,
        leaseUnknownSinceMs: null,
      };
    case 'lease_unknown':
      return {
        ...withoutLead(state),
        role: onlyIfUp(state, 'standby'),
        leader: null,
        leaseError: event.error,
        leaseUnknownSinceMs: state.leaseUnknownSinceMs ?? event.atMs,
        lostLeadAtMs: state.role === 'leader' ? event.atMs : state.lostLeadAtMs,
      };
    case 'leading':
      return {
        ...state,
        role: onlyIfUp(state, 'leader'),
        leader: state.holder,
        token: event.token,
        leaseError: null,
        leaseUnknownSinceMs: null,
        lostLeadAtMs: null,
      };
    case 'stopping':
      return { ...state, role: 'stopping' };
    case 'reloaded':
      return {
        ...state,
        config: { ...state.config, loadedAtMs: event.atMs, reloadError: null },
        jobs: reloadJobs(state.jobs, event.jobs),
      };
    case 'reload_refused':
      return { ...state, config: { ...state.config, reloadError: event.error } };
    case 'pauses':
      return { ...state, pauses: event.pauses };
    case 'surveyed':
      return {
        ...state,
        survey: event.survey,
        samples: addSample(state.samples, event.survey),
      };
    case 'survey_failed':
      // The last figures stay, with the time at which they were taken.
      return state.survey === null
        ? state
        : { ...state, survey: { ...state.survey, error: event.error } };
    case 'alerts':
      return { ...state, alerts: event.alerts };
    default: {
      const job = state.jobs[event.job];
      // What a job says after a reload took it away concerns nobody.
      if (job === undefined) return state;
      return { ...state, jobs: { ...state.jobs, [event.job]: reduceJob(job, event) } };
    }
  }
}

function reduceJob(job: JobState, event: JobEvent): JobState {
  const { running } = job;
  switch (event.kind) {
    case 'scheduled':
      return { ...job, nextAtMs: event.nextAtMs };
    case 'queued':
      return { ...job, isQueued: true };
    case 'skipped':
      return { ...job, skipped: job.skipped + 1 };
    case 'started':
      return {
        ...job,
        isQueued: false,
        running: {
          runId: event.runId,
          cause: event.cause,
          startedAtMs: event.atMs,
          attempt: 1,
          pid: null,
          progress: null,
          rssBytes: null,
        },
      };
    case 'attempt':
      return withRunning(job, running, { attempt: event.attempt, pid: event.pid, progress: null });
    case 'progress':
      return withRunning(job, running, { progress: event.progress });
    case 'memory':
      return withRunning(job, running, { rssBytes: event.rssBytes });
    case 'attempt_over':
      return withRunning(job, running, { pid: null, rssBytes: null });
    case 'finished':
      return { ...job, running: null, last: event.last, circuit: event.circuit };
  }
}

/** What a process says when its run is over already comes too late to count. */
function withRunning(
  job: JobState,
  running: RunningJob | null,
  change: Partial<RunningJob>,
): JobState {
  return running === null ? job : { ...job, running: { ...running, ...change } };
}

/** Without the lease nothing is due here: the leader has its own times. */
function withoutLead(state: DaemonState): DaemonState {
  const jobs = Object.entries(state.jobs).map(([name, job]) => [
    name,
    { ...job, nextAtMs: null, isQueued: false },
  ]);
  return { ...state, token: null, jobs: Object.fromEntries(jobs) as DaemonState['jobs'] };
}

/** A daemon that stops does not come back. */
function onlyIfUp(state: DaemonState, role: Role): Role {
  return state.role === 'stopping' ? 'stopping' : role;
}

function newJob(facts: JobFacts): JobState {
  return {
    ...facts,
    nextAtMs: null,
    running: null,
    isQueued: false,
    circuit: CLOSED,
    last: null,
    skipped: 0,
  };
}

/** A job that is still there keeps its history. */
function reloadJobs(jobs: DaemonState['jobs'], wanted: readonly JobFacts[]): DaemonState['jobs'] {
  return Object.fromEntries(
    wanted.map((facts) => [facts.name, { ...(jobs[facts.name] ?? newJob(facts)), ...facts }]),
  );
}
