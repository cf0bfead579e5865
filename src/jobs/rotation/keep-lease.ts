/** Holds a dataset's lease for as long as a job works on it (I8). */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { acquireLease, type Lease, releaseLease, renewLease } from '../../ledger/lease.ts';

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
    lease = await acquireLease(client, { dataset, holder: options.holder, ttlMs });
  } catch (error) {
    await client.end();
    throw error;
  }
  const lost = new AbortController();
  let lastRenewal = performance.now();
  let renewing: Promise<void> = Promise.resolve();

  async function renew(): Promise<void> {
    try {
      client ??= await options.connect();
      await renewLease(client, lease, ttlMs);
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
      await broken?.end().catch(() => undefined);
      if (performance.now() - lastRenewal > ttlMs) lost.abort(unreachable(dataset, error));
    }
  }

  const timer = setInterval(() => {
    renewing = renewing.then(renew);
  }, ttlMs / RENEWALS_PER_LIFETIME);

  return {
    lease,
    signal: AbortSignal.any([options.signal, lost.signal]),
    async release() {
      clearInterval(timer);
      await renewing;
      try {
        client ??= await options.connect();
        await releaseLease(client, lease);
      } catch {
        // Not released is not wrong: the lease ends by itself, only later.
      }
      await client?.end().catch(() => undefined);
    },
  };
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
