/** A job as the daemon knows it: a command line, and when and how it is run. */
import type { EpochMs } from '../domain/time/time-range.ts';
import type { CircuitPolicy } from './circuit.ts';
import type { JobResult } from './job-result.ts';
import type { OverlapPolicy } from './overlap.ts';
import type { DaemonEvent } from './reduce-state.ts';
import type { RetryPolicy } from './retry.ts';
import type { Schedule } from './schedule.ts';
import type { Cause } from './state.ts';

export interface JobDefinition {
  readonly name: string;
  /** What a person would type behind `tierd`. */
  readonly argv: readonly string[];
  /** The same as a look that changes nothing; null where the command has none. */
  readonly dryRunArgv: readonly string[] | null;
  readonly schedule: Schedule;
  /** The command goes on by itself until it is stopped: one process, not one for each slot. */
  readonly isLoop: boolean;
  readonly jitterMs: number;
  readonly overlap: OverlapPolicy;
  readonly catchUp: boolean;
  /** Also run at the start of each term, whatever was missed. */
  readonly beginsAtStart?: true;
  /** Null is no limit. */
  readonly timeoutMs: number | null;
  readonly retry: RetryPolicy;
  readonly circuit: CircuitPolicy;
}

/** What became of a run that a person asked for. */
export type FireOutcome = 'start' | 'queue' | 'skip' | 'paused';

/** The history of runs that outlives the daemon. Both calls throw LEASE_LOST to one that no longer leads (I8). */
export interface JobLedger {
  /** @returns the id of the run; null when the job is paused and nobody asked for this run. */
  begin(run: {
    readonly job: string;
    readonly cause: Cause;
    /** The slot that it serves; null when it serves none. */
    readonly slotMs: EpochMs | null;
    readonly startedAtMs: EpochMs;
  }): Promise<string | null>;
  end(runId: string, end: { readonly result: JobResult; readonly attempts: number }): Promise<void>;
}

/** What the daemon logs to; pino's shape. */
export interface DaemonLogger {
  debug(figures: object, message: string): void;
  info(figures: object, message: string): void;
  warn(figures: object, message: string): void;
  error(figures: object, message: string): void;
}

export type Dispatch = (event: DaemonEvent) => void;
