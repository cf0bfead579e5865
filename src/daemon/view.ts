/** What the status page may see of the daemon, and what it may ask of it. Nothing else. */

import type { Pause } from '../domain/pause.ts';
import type { Calendar } from '../domain/survey/calendar.ts';
import type { MovedRun } from '../domain/survey/flow.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { DryRun } from './dry-runs.ts';
import type { FireOutcome } from './job.ts';
import type { DaemonState } from './state.ts';

export interface DaemonView {
  readonly version: string;
  state(): DaemonState;
  /** All that are configured, whoever looks after them. */
  datasets(): readonly string[];
  /** The newest first. */
  dryRuns(): readonly DryRun[];
  /** The ledger's runs, the newest first. Throws what reading PostgreSQL throws. */
  readRuns(filter: {
    readonly job: string | null;
    readonly limit: number;
  }): Promise<readonly unknown[]>;
  /** Null for a dataset that is not configured. Throws what reading PostgreSQL throws. */
  readCalendar(dataset: string, range: TimeRange): Promise<Calendar | null>;
  /** Rotations that ended since, by the ledger. Throws what reading PostgreSQL throws. */
  readMoved(since: EpochMs): Promise<readonly MovedRun[]>;
  /** What the daemon lacks to do its work, in words; empty when it is ready. */
  missing(): readonly string[];
}

/** A job of this daemon's owner, or a dataset of everybody's. */
export type PauseTarget =
  | { readonly kind: 'job'; readonly job: string }
  | { readonly kind: 'dataset'; readonly dataset: string };

export interface DaemonControl {
  /** Null when this daemon does not lead, or has no such job. */
  run(job: string): FireOutcome | null;
  /** Whether there was a run to cancel. */
  cancel(job: string): boolean;
  /** Null when the job's command has no dry run. Needs no lead: it changes nothing. */
  dryRun(job: string): { readonly id: string; readonly isNew: boolean } | null;
  /** Needs no lead: it is in the ledger. Throws what writing to PostgreSQL throws. */
  pause(target: PauseTarget, by: string): Promise<Pause>;
  /** Whether it was paused. Throws what writing to PostgreSQL throws. */
  resume(target: PauseTarget): Promise<boolean>;
}
