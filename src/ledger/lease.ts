/**
 * The lease of a dataset with its fencing token (I8). Rows of an ordinary table rather than
 * advisory locks, so that it works behind PgBouncer and outlives a lost connection.
 */
import { TierdError } from '../domain/errors.ts';
import type { Queryable } from './queryable.ts';

export interface Lease {
  readonly dataset: string;
  readonly token: bigint;
  readonly holder: string;
}

/** True, and the commit of the statement that asks does not wait for synchronous standbys. */
const LOCALLY = `set_config('synchronous_commit', 'local', true) is not null`;

interface LeaseRow {
  readonly token: string;
  readonly holder: string;
  readonly expires_at: string;
}

/**
 * Takes the lease of `dataset` for `ttlMs`, or throws LEASE_HELD naming the holder.
 * Reckoned by the database's clock only, so that two machines need not agree on the time.
 */
export async function acquireLease(
  db: Queryable,
  request: { readonly dataset: string; readonly holder: string; readonly ttlMs: number },
): Promise<Lease> {
  const taken = await db.query<LeaseRow>(
    `insert into tierd.leases as held (dataset, token, holder, acquired_at, expires_at)
     values ($1, 1, $2, clock_timestamp(), clock_timestamp() + $3 * interval '1 millisecond')
     on conflict (dataset) do update
       set token = held.token + 1, holder = excluded.holder,
           acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
       where held.expires_at <= clock_timestamp()
     returning token::text, holder, expires_at::text`,
    [request.dataset, request.holder, request.ttlMs],
  );
  const row = taken.rows[0];
  if (row !== undefined) {
    return { dataset: request.dataset, token: BigInt(row.token), holder: request.holder };
  }
  const other = await readLease(db, request.dataset);
  throw new TierdError({
    code: 'LEASE_HELD',
    message: `another tierd works on ${request.dataset}: ${other?.holder ?? 'unknown'} holds its lease until ${other?.expiresAt ?? 'unknown'}; nothing was changed`,
    hint: 'wait for it to finish; the lease of a process that died ends by itself at that time',
    context: { dataset: request.dataset, holder: other?.holder, expiresAt: other?.expiresAt },
  });
}

/**
 * Prolongs the lease, without a wait for synchronous standbys: one that takes over sees it end earlier,
 * and gives the next holder a higher token. Throws LEASE_LOST when another has taken it since.
 */
export async function renewLease(db: Queryable, lease: Lease, ttlMs: number): Promise<void> {
  const renewed = await db.query(
    `update tierd.leases
     set expires_at = clock_timestamp() + $3 * interval '1 millisecond'
     where dataset = $1 and token = $2 and ${LOCALLY}`,
    [lease.dataset, lease.token.toString(), ttlMs],
  );
  if (renewed.rowCount !== 1) throw leaseLost(lease);
}

/** Ends the lease now. The row stays, for its token must never be used again. */
export async function releaseLease(db: Queryable, lease: Lease): Promise<void> {
  await db.query(
    `update tierd.leases set expires_at = clock_timestamp()
     where dataset = $1 and token = $2 and ${LOCALLY}`,
    [lease.dataset, lease.token.toString()],
  );
}

/** Ends what `acquireLease` may have taken when no synchronous standby confirmed it. */
export async function giveUpLease(db: Queryable, dataset: string, holder: string): Promise<void> {
  await db.query(
    `update tierd.leases set expires_at = clock_timestamp()
     where dataset = $1 and holder = $2 and expires_at > clock_timestamp() and ${LOCALLY}`,
    [dataset, holder],
  );
}

/**
 * The fencing check. Call it last inside the transaction that it guards: the row lock lasts until
 * COMMIT, so nobody can take the lease between this look and the commit.
 */
export async function assertLease(db: Queryable, lease: Lease): Promise<void> {
  const held = await db.query(
    `select 1 from tierd.leases where dataset = $1 and token = $2 for share`,
    [lease.dataset, lease.token.toString()],
  );
  if (held.rowCount !== 1) throw leaseLost(lease);
}

export interface LeaseState {
  readonly holder: string;
  readonly expiresAt: string;
  readonly held: boolean;
}

export async function readLease(db: Queryable, dataset: string): Promise<LeaseState | null> {
  const found = await db.query<{ holder: string; expires_at: string; held: boolean }>(
    `select holder, to_char(expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as expires_at,
            expires_at > clock_timestamp() as held
     from tierd.leases where dataset = $1`,
    [dataset],
  );
  const row = found.rows[0];
  return row === undefined
    ? null
    : { holder: row.holder, expiresAt: row.expires_at, held: row.held };
}

function leaseLost(lease: Lease): TierdError {
  return new TierdError({
    code: 'LEASE_LOST',
    message: `the lease of ${lease.dataset} (token ${lease.token.toString()}) was taken over by another tierd; what was not committed is rolled back and nothing was deleted`,
    hint: 'the other process carries on; look at `tierd status`',
    context: { dataset: lease.dataset, token: lease.token.toString() },
  });
}
