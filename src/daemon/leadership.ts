/** What a daemon has while it leads. Made by whoever wires it to the ledger. */
import type { SlotHistory } from './catch-up.ts';
import type { JobLedger } from './job.ts';

export interface Leadership {
  readonly token: string;
  /** Aborts when the lease is lost, and when the daemon is asked to stop. */
  readonly signal: AbortSignal;
  readonly ledger: LeaderLedger;
  /** Ends the lease now, so that a standby need not wait for it to run out. Never rejects. */
  release(): Promise<void>;
}

export interface LeaderLedger extends JobLedger {
  /** Marks what an earlier leader left running; how many these were. */
  abandonRuns(): Promise<number>;
  lastSlots(): Promise<ReadonlyMap<string, SlotHistory>>;
}
