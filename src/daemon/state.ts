/**
 * What the daemon knows of itself, as one value: `/status` shows it, and nothing else holds it.
 * It changes only by `reduce` (reduce-state.ts), one event at a time.
 */
import type { Alert } from '../domain/alert.ts';
import { NOTHING_PAUSED, type Pauses } from '../domain/pause.ts';
import type { DrainSample } from '../domain/survey/samples.ts';
import type { Survey } from '../domain/survey/survey.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import { type Circuit, CLOSED } from './circuit.ts';
import type { Finding } from './job-report.ts';
import type { JobRunState } from './job-result.ts';

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
  readonly isRefusal: boolean;
  readonly advice: string | null;
  /** What a scrub found; null for all that found none or looked for none. */
  readonly damage: Finding | null;
  readonly unknownFiles: Finding | null;
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

/** A job that has not run yet. */
export function newJob(facts: JobFacts): JobState {
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
