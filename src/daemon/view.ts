/** What the status page may see of the daemon, and what it may ask of it. Nothing else. */
import type { DaemonState } from './state.ts';

export interface DaemonView {
  readonly version: string;
  state(): DaemonState;
  /** The ledger's runs, the newest first. Throws what reading PostgreSQL throws. */
  readRuns(filter: {
    readonly job: string | null;
    readonly limit: number;
  }): Promise<readonly unknown[]>;
}

export interface DaemonControl {
  /** Null when this daemon does not lead, or has no such job. */
  run(job: string): 'start' | 'queue' | 'skip' | null;
  /** Whether there was a run to cancel. */
  cancel(job: string): boolean;
}
