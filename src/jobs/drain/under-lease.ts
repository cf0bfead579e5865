/** Work on one source: planned, and under its lease for as long as it lasts (I8). */
import type pg from 'pg';
import type { DrainSource } from '../../domain/drain/source.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { assertMigrated } from '../../ledger/migrate.ts';
import { cutWhenLost, toldAsLost } from '../cut-when-lost.ts';
import { asTierdError } from '../job-failure.ts';
import { type KeptLease, keepLease } from '../keep-lease.ts';
import { drainLeaseOf } from './lease-name.ts';
import { type DrainPlan, planDrain } from './plan-drain.ts';
import type { DrainRooms } from './rooms.ts';

export interface UnderLease {
  readonly db: pg.Client;
  readonly plan: DrainPlan;
  readonly kept: KeptLease;
}

/**
 * `admit` may refuse before the lease is taken.
 *
 * Throws LEASE_HELD, UNIQUE_KEY_MISSING, and what `work` throws, as an error that a person can read.
 */
export async function underLease<Result>(
  rooms: Pick<DrainRooms, 'connect' | 'holder' | 'settings' | 'signal'>,
  source: DrainSource,
  work: (held: UnderLease) => Promise<Result>,
  admit: (db: pg.Client) => Promise<void> = async () => undefined,
): Promise<Result> {
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    await admit(db);
    const plan = await planDrain(db, source, rooms.settings);
    const kept = await keepLease({
      connect: () => rooms.connect('direct'),
      dataset: drainLeaseOf(source.name),
      holder: rooms.holder,
      ttlMs: rooms.settings.leaseTtlMs,
      signal: rooms.signal,
    });
    cutWhenLost(db, kept.signal);
    try {
      return await work({ db, plan, kept });
    } catch (error) {
      throw toldAsLost(error, kept.signal);
    } finally {
      await kept.release();
    }
  } catch (error) {
    throw asTierdError(error);
  } finally {
    await disconnect(db);
  }
}
