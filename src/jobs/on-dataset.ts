/** How a job works on a dataset: migrated, not paused, under the dataset's lease, and told of as TierdErrors. */
import type pg from 'pg';
import type { Dataset } from '../domain/dataset.ts';
import { disconnect } from '../hot/server/connect.ts';
import { assertNotRenamed } from '../ledger/former-names.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import { keepDailyHead } from './audit/keep-daily-head.ts';
import { asTierdError } from './job-failure.ts';
import type { KeptLease } from './keep-lease.ts';
import { keepManifest } from './manifest/keep-manifest.ts';
import { assertNotPaused } from './pause-check.ts';
import { recover } from './rotation/move/recover.ts';
import type { Recovered } from './rotation/outcome.ts';
import { assertOwnLake, holdLake } from './rotation/own-lake.ts';
import type { JobRooms, LookingRooms } from './rotation/rooms.ts';
import { whileLeased } from './while-leased.ts';

export interface OnDataset {
  readonly db: pg.Client;
  readonly kept: KeptLease;
  /** What an earlier run had left, brought to an end before anything new begins (I4). */
  readonly recovered: Recovered;
}

/** Throws DATASET_NOT_FOUND by a name that it had before, DATASET_PAUSED, LEASE_HELD, LAKE_NOT_OWNED and what `work` throws. */
export async function onDataset<Result>(
  rooms: JobRooms,
  dataset: Dataset,
  { evenIfPaused }: { readonly evenIfPaused: boolean },
  work: (on: OnDataset) => Promise<Result>,
): Promise<Result> {
  const { name } = dataset;
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    await assertNotRenamed(db, name);
    if (!evenIfPaused) await assertNotPaused(db, name);
    return await whileLeased(rooms, { name, db }, async (kept) => {
      await holdLake(rooms, db, name);
      const recovered = await recover(rooms, db, kept.lease, dataset);
      const keep = (): Promise<void> => keepManifest(rooms, db, dataset, kept.lease);
      const result = await work({ db, kept, recovered }).catch(async (failure: unknown) => {
        // What was done before it failed is worth as much; why it failed is told, and not that this did as well.
        await keep().catch(() => undefined);
        throw failure;
      });
      await keepDailyHead(rooms, db);
      await keep();
      return result;
    });
  } catch (error) {
    throw asTierdError(error);
  } finally {
    await disconnect(db);
  }
}

/** For a plan: reads, and changes nothing anywhere (I7). */
export async function lookingAt<Result>(
  rooms: LookingRooms,
  dataset: Dataset,
  look: (db: pg.Client) => Promise<Result>,
): Promise<Result> {
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    await assertOwnLake(rooms, db, dataset.name);
    return await look(db);
  } finally {
    await disconnect(db);
  }
}
