/** Work on one source: planned, and under its lease for as long as it lasts (I8). */
import type pg from 'pg';
import type { DrainSource } from '../../domain/drain/source.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { assertMigrated } from '../../ledger/migrate.ts';
import { asTierdError } from '../job-failure.ts';
import { type KeptLease } from '../keep-lease.ts';
import { whileLeased } from '../while-leased.ts';
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
    return await whileLeased(rooms, { name: drainLeaseOf(source.name), db }, async (kept) => {
      return await work({ db, plan, kept });
    });
  } catch (error) {
    throw asTierdError(error);
  } finally {
    await disconnect(db);
  }
}
