/** A lake in two places, over a rotation's bench. */
import { join } from 'node:path';
import type { Dataset } from '../../src/domain/dataset.ts';
import type { TieringPlan } from '../../src/domain/plan/tiering.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { planTieringOf, tierDataset } from '../../src/jobs/tier.ts';
import type { TieringEvent, TieringOutcome } from '../../src/jobs/tiering/rooms.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import { openTieredStore } from '../../src/lake/tiered-store.ts';
import type { Bench } from './rotation.ts';

export interface TieredBench extends Bench {
  readonly near: ObjectStore;
  readonly far: ObjectStore;
}

/** @param far in place of a folder beside the bench's lake */
export async function withFar(bench: Bench, far?: ObjectStore): Promise<TieredBench> {
  const { store: near } = bench.rooms;
  const place = far ?? (await openLocalStore(join(bench.directory, 'far'), nodeFileSystem));
  const store = openTieredStore(near, place);
  return { ...bench, near, far: place, rooms: { ...bench.rooms, store } };
}

/** As if the grace period were over at once. */
export function withoutGrace<Some extends { readonly rooms: Rooms }>(bench: Some): Some {
  const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
  return { ...bench, rooms: { ...bench.rooms, settings } };
}

export function tier(
  { rooms }: Pick<Bench, 'rooms'>,
  dataset: Dataset,
  tell: (event: TieringEvent) => void = () => undefined,
  minFreeBytes = 0,
): Promise<TieringOutcome> {
  const isLocal = rooms.store.tiers?.far.place.startsWith('/') === true;
  const farDisk = { fileSystem: rooms.fileSystem, isLocal, minFreeBytes };
  return tierDataset({ ...rooms, farDisk, tell }, dataset, { evenIfPaused: false });
}

export function planTier({ rooms }: Pick<Bench, 'rooms'>, dataset: Dataset): Promise<TieringPlan> {
  return planTieringOf(rooms, dataset);
}
