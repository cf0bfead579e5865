/** How the daemon's state changes: a pure function of the state and one event. */
import type { Pauses } from '../domain/pause.ts';
import { addSample } from '../domain/survey/samples.ts';
import type { Survey } from '../domain/survey/survey.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import type { Circuit } from './circuit.ts';
import {
  type AlertState,
  type Cause,
  type DaemonState,
  type JobFacts,
  type JobProgress,
  type JobState,
  type LastRun,
  newJob,
  type Role,
  type RunningJob,
} from './state.ts';

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
  | { readonly kind: 'attempt_over'; readonly errorCode: string | null }
  | { readonly kind: 'finished'; readonly last: LastRun; readonly circuit: Circuit };

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

/** A job that is still there keeps its history. */
function reloadJobs(jobs: DaemonState['jobs'], wanted: readonly JobFacts[]): DaemonState['jobs'] {
  return Object.fromEntries(
    wanted.map((facts) => [facts.name, { ...(jobs[facts.name] ?? newJob(facts)), ...facts }]),
  );
}
