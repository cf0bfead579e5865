/** Holds a dataset's lease for as long as a job works on it (I8). */
import { setImmediate as afterReading, setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import { linkSignals } from '../domain/linked-signal.ts';
import { assertWritable } from '../hot/server/writable.ts';
import {
  acquireLease,
  giveUpLease,
  type Lease,
  releaseLease,
  renewLease,
} from '../ledger/lease.ts';

/** Renewed thrice in its lifetime, so that one lost renewal costs nothing. */
const RENEWALS_PER_LIFETIME = 3;

export interface KeptLease {
  readonly lease: Lease;
  /** Aborts when the job's own signal does, and when the lease is lost. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the lease and renews it from a connection of its own until released. When another process
 * takes it over, or no renewal got through for its whole lifetime, `signal` aborts with LEASE_LOST.
 * The commit does not rely on that: it checks the token in its own transaction.
 * Throws LEASE_HELD, and POSTGRES_READ_ONLY where nothing can be written.
 */
export async function keepLease(options: {
  readonly connect: () => Promise<pg.Client>;
  readonly dataset: string;
  readonly holder: string;
  readonly ttlMs: number;
  readonly signal: AbortSignal;
}): Promise<KeptLease> {
  const { dataset, ttlMs } = options;
  let client: pg.Client | null = await options.connect();
  let lease: Lease;
  try {
    await assertWritable(client);
    lease = await acquireLease(client, { dataset, holder: options.holder, ttlMs });
  } catch (error) {
    if (error instanceof TierdError && error.code === 'STANDBY_SILENT') {
      // It is taken all the same, and would refuse the next run until it ends. Best effort: it does end.
      await giveUpLease(client, dataset, options.holder).catch(() => undefined);
    }
    await client.end();
    throw error;
  }
  const lost = new AbortController();
  let lastRenewal = performance.now();
  let renewing: Promise<void> = Promise.resolve();
  let isOver = false;

  async function renew(): Promise<void> {
    // Renewals that queued up behind a slow one are not waited for when nobody needs them.
    if (isOver || lost.signal.aborted) return;
    try {
      client ??= await options.connect();
      await inTime(renewLease(client, lease, ttlMs), ttlMs);
      lastRenewal = performance.now();
    } catch (error) {
      if (error instanceof TierdError && error.code === 'LEASE_LOST') {
        lost.abort(error);
        return;
      }
      // A renewal that did not get through is tried again on a new connection; only a lifetime
      // without one means that somebody else may work by now.
      const broken = client;
      client = null;
      // Not awaited: a line that has gone silent does not answer this either.
      void broken?.end().catch(() => undefined);
      if (performance.now() - lastRenewal > ttlMs) lost.abort(unreachable(dataset, error));
    }
  }

  const timer = setInterval(() => {
    renewing = renewing.then(renew);
  }, ttlMs / RENEWALS_PER_LIFETIME);

  const either = linkSignals(options.signal, lost.signal);
  return {
    lease,
    signal: either.signal,
    async release() {
      either.release();
      clearInterval(timer);
      isOver = true;
      await renewing;
      try {
        client ??= await options.connect();
        await inTime(releaseLease(client, lease), ttlMs);
        await inTime(client.end(), ttlMs);
      } catch {
        // Not released is not wrong: the lease ends by itself, only later.
        void client?.end().catch(() => undefined);
      }
    },
  };
}

/** A connection can go silent without an error: what is not answered in time counts as failed. */
async function inTime<Result>(answer: Promise<Result>, limitMs: number): Promise<Result> {
  const answered = new AbortController();
  const silence = pause(limitMs, undefined, { signal: answered.signal }).then(async () => {
    // After work that held up all else, timers come first: the answer may be here, and not read.
    await afterReading();
    throw new Error(`no answer in ${String(limitMs)} ms`);
  });
  // Aborted once the answer is here; by then nobody waits for it.
  silence.catch(() => undefined);
  try {
    return await Promise.race([answer, silence]);
  } finally {
    answered.abort();
  }
}

function unreachable(dataset: string, cause: unknown): TierdError {
  return new TierdError({
    code: 'LEASE_LOST',
    message: `the lease of ${dataset} could not be renewed in time, so another tierd may work on it now; what was not committed is rolled back`,
    hint: 'check the connection to PostgreSQL; the next run recovers by itself',
    context: { dataset },
    cause,
  });
}
