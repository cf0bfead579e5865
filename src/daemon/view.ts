/** What the status page may see of the daemon, and what it may ask of it. Nothing else. */
import type { Calendar } from '../domain/calendar.ts';
import type { MovedRun } from '../domain/flow.ts';
import type { EpochMs, TimeRange } from '../domain/time-range.ts';
import type { DaemonState } from './state.ts';

export interface DaemonView {
  readonly version: string;
  state(): DaemonState;
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

export interface DaemonControl {
  /** Null when this daemon does not lead, or has no such job. */
  run(job: string): 'start' | 'queue' | 'skip' | null;
  /** Whether there was a run to cancel. */
  cancel(job: string): boolean;
}
