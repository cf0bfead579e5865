/** Adoptions over a rotation's bench. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../src/domain/dataset.ts';
import { connect } from '../../src/hot/server/connect.ts';
import { type AdoptionPlan, adopting, isRefused } from '../../src/jobs/adopt.ts';
import type { AdoptRequest } from '../../src/jobs/adoption/look-at-dataset.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import type { Bench } from './rotation.ts';

/** The same lake, worked on from another database; with a ledger, empty unless the database has one. */
export async function benchOn(bench: Bench, database: TestDatabase): Promise<Bench> {
  const client = await database.connect();
  await migrate(client);
  await client.end();
  const rooms: Rooms = {
    ...bench.rooms,
    connect: () => connect({ url: database.url, job: 'test' }),
    holder: 'test2',
  };
  return { ...bench, rooms };
}

/** As if the database were lost: one that is empty, and the lake. */
export async function loseDatabase(
  bench: Bench,
): Promise<{ readonly bench: Bench; readonly database: TestDatabase }> {
  const database = await createTestDatabase();
  return { bench: await benchOn(bench, database), database };
}

export interface Adopted {
  readonly plan: AdoptionPlan;
  /** Null where it was refused. */
  readonly isDone: boolean;
}

export async function adopt(
  { rooms, directory }: Pick<Bench, 'rooms' | 'directory'>,
  datasets: readonly Dataset[],
  wish: Partial<AdoptRequest> & { readonly dryRun?: true } = {},
): Promise<Adopted> {
  const request = {
    prefer: wish.prefer ?? null,
    verify: wish.verify ?? false,
    configured: datasets.map(({ name }) => name),
  };
  const tempDirectory = await mkdtemp(join(directory, 'adopt-'));
  const own = { ...rooms, tempDirectory, onProgress: () => undefined };
  return adopting(own, datasets, request, async (plan, carryOut) => {
    const isDone = wish.dryRun !== true && !isRefused(plan, request);
    if (isDone) await carryOut();
    return { plan, isDone };
  });
}
