/**
 * A job that lost its lease has nothing more to say to PostgreSQL, and often lost it because the line
 * went silent: then no statement is answered until TCP gives up, a quarter of an hour later. A
 * COMMIT that was under way has an unknown outcome, as after any lost connection (I9).
 */
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import { cut } from '../hot/server/connect.ts';
import { asTierdError } from './job-failure.ts';

/** Cuts `client` as soon as `signal` aborts for a lost lease. */
export function cutWhenLost(client: pg.Client, signal: AbortSignal): void {
  const onAbort = (): void => {
    if (isLost(signal)) cut(client);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  client.once('end', () => {
    signal.removeEventListener('abort', onAbort);
  });
}

/** `connect`, for as long as the lease is held: afterwards it throws LEASE_LOST. */
export function connectUntilLost<Purpose>(
  connect: (purpose: Purpose) => Promise<pg.Client>,
  signal: AbortSignal,
): (purpose: Purpose) => Promise<pg.Client> {
  return async (purpose) => {
    if (isLost(signal)) throw signal.reason;
    const client = await connect(purpose);
    cutWhenLost(client, signal);
    return client;
  };
}

/** What ended a job, as a TierdError; where only the cut ended it, that is the lost lease. */
export function toldAsLost(error: unknown, signal: AbortSignal): TierdError {
  const told = asTierdError(error);
  const wasCut = told.code === 'POSTGRES_UNREACHABLE' || told.code === 'OUTCOME_UNKNOWN';
  return wasCut && isLost(signal) ? (signal.reason as TierdError) : told;
}

function isLost({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof TierdError && reason.code === 'LEASE_LOST';
}
