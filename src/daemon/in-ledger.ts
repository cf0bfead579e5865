/** The ledger's word, waited for: a run that is not written down must not begin, nor end unwritten. */
import { setTimeout as pause } from 'node:timers/promises';
import { TierdError } from '../domain/errors.ts';
import type { DaemonLogger, JobLedger } from './job.ts';
import { backOffMs } from './retry.ts';

/** How often the ledger is tried again while PostgreSQL is away; the lease ends before long. */
const LEDGER_PATIENCE = { firstDelayMs: 500, maxDelayMs: 10_000 };

/** Tries until the ledger answers; null when stopped meanwhile, or when the lease is another's. */
export async function inLedger<Result>(
  parts: {
    readonly ledger: JobLedger;
    readonly logger: DaemonLogger;
    readonly random: () => number;
    readonly job: string;
    readonly stopped: AbortSignal;
  },
  call: (ledger: JobLedger) => Promise<Result>,
): Promise<Result | null> {
  const { logger, random, ledger, job, stopped } = parts;
  for (let failures = 1; ; failures += 1) {
    try {
      const result = await call(ledger);
      if (failures > 1) logger.info({ job }, `${job}: the ledger could be written after all`);
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const level = failures === 1 ? 'warn' : 'debug';
      logger[level]({ job }, `${job}: the ledger could not be written: ${message}`);
      const isLost = error instanceof TierdError && error.code === 'LEASE_LOST';
      if (isLost || stopped.aborted) return null;
      // A cancelled run is noted all the same: only the daemon's own end cuts this short.
      await waitFor(backOffMs(LEDGER_PATIENCE, failures, random()), stopped);
    }
  }
}

/** Comes back early when aborted, without an error. */
export async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
