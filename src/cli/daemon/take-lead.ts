/** The daemon's leadership, wired to its lease and to the ledger. */
import type pg from 'pg';
import type { TierdConfig } from '../../config/load.ts';
import type { Leadership } from '../../daemon/leadership.ts';
import { isPostgresError, postgresError } from '../../hot/postgres-error.ts';
import { connect, withClient } from '../../hot/server/connect.ts';
import { assertWritable } from '../../hot/server/writable.ts';
import { type KeptLease, keepLease } from '../../jobs/keep-lease.ts';
import {
  abandonJobRuns,
  beginJobRun,
  daemonLease,
  endJobRun,
  lastSlots,
} from '../../ledger/job-runs.ts';
import { assertMigrated } from '../../ledger/migrate.ts';

/**
 * Tries once. Throws LEASE_HELD while another daemon of this owner leads, POSTGRES_READ_ONLY on a
 * standby, LEDGER_OUTDATED when a migration is pending, and what connecting throws.
 */
export async function takeLead(
  config: TierdConfig,
  holder: string,
  signal: AbortSignal,
): Promise<Leadership> {
  const { owner, leaseTtlMs } = config.daemon;
  const open = (): Promise<pg.Client> => connectForDaemon(config);
  const kept = await unlessCut(async () => {
    await withClient(open, async (db) => {
      // First: what a standby lacks may come from its primary, and can't be made there.
      await assertWritable(db);
      await assertMigrated(db);
    });
    return keepLease({
      connect: open,
      dataset: daemonLease(owner),
      holder,
      ttlMs: leaseTtlMs,
      signal,
    });
  });
  return {
    token: kept.lease.token.toString(),
    signal: kept.signal,
    ledger: ledgerOf(open, kept, owner),
    release: () => kept.release(),
  };
}

/** For a few statements now and then: a connection that is kept open for them would only break. */
export function connectForDaemon({ postgres, daemon }: TierdConfig): Promise<pg.Client> {
  const { directUrl, connectTimeoutMs } = postgres;
  // Each takes milliseconds. An answer that comes when the lease is over is none.
  const answerTimeoutMs = daemon.leaseTtlMs;
  const waits = { limitMs: daemon.leaseTtlMs / 3 };
  return connect({ url: directUrl, job: 'daemon', connectTimeoutMs, answerTimeoutMs, waits });
}

/** A line that is cut in the middle of a statement is PostgreSQL's absence, not a fault of ours. */
async function unlessCut<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isPostgresError(error) ? postgresError(error, 'taking the lead') : error;
  }
}

function ledgerOf(
  open: () => Promise<pg.Client>,
  { lease }: KeptLease,
  owner: string,
): Leadership['ledger'] {
  return {
    begin: (run) => withClient(open, (db) => beginJobRun(db, lease, { owner, ...run })),
    end: (id, { result, attempts }) =>
      withClient(open, (db) => endJobRun(db, lease, id, { ...result, attempts })),
    abandonRuns: () => withClient(open, (db) => abandonJobRuns(db, lease, owner)),
    lastSlots: () => withClient(open, (db) => lastSlots(db, owner)),
  };
}
