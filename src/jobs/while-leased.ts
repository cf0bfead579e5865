/** A job that may run only once at a time keeps its lease while it works, and gives it back whatever happens. */
import type pg from 'pg';
import { cutWhenLost, toldAsLost } from './cut-when-lost.ts';
import { type KeptLease, keepLease } from './keep-lease.ts';

interface LeaseRooms {
  readonly connect: (purpose: 'direct') => Promise<pg.Client>;
  readonly holder: string;
  readonly settings: { readonly leaseTtlMs: number };
  readonly signal: AbortSignal;
}

/** `db`, on which the work is done, is cut when the lease is lost. Throws LEASE_HELD, LEASE_LOST and what `work` throws. */
export async function whileLeased<Result>(
  rooms: LeaseRooms,
  { name, db }: { readonly name: string; readonly db: pg.Client },
  work: (kept: KeptLease) => Promise<Result>,
): Promise<Result> {
  const kept = await keepLease({
    connect: () => rooms.connect('direct'),
    dataset: name,
    holder: rooms.holder,
    ttlMs: rooms.settings.leaseTtlMs,
    signal: rooms.signal,
  });
  cutWhenLost(db, kept.signal);
  try {
    return await work(kept);
  } catch (error) {
    throw toldAsLost(error, kept.signal);
  } finally {
    await kept.release();
  }
}
