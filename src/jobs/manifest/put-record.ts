import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type pg from 'pg';
import { createStaging, removeStaging } from '../../lake/staging.ts';
import type { Lease } from '../../ledger/lease.ts';
import { metadataStaging } from '../rotation/iceberg/metadata-staging.ts';
import { assertStillOwnLake } from '../rotation/own-lake.ts';
import type { JobRooms } from '../rotation/rooms.ts';

export interface Putting {
  readonly rooms: JobRooms;
  readonly db: pg.Client;
  /** Of the dataset that the record is about. */
  readonly lease: Lease;
}

/** From where Iceberg metadata is published too: the next run sweeps what a killed one left there. */
export async function putRecord(
  { rooms, db, lease }: Putting,
  key: string,
  bytes: Uint8Array,
): Promise<void> {
  const { fileSystem, store, signal } = rooms;
  const id = metadataStaging(lease);
  await assertStillOwnLake(rooms, db);
  const directory = await createStaging(fileSystem, store.stagingRoot, id);
  try {
    const path = join(directory, 'manifest');
    await fileSystem.writeNewFile(path, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await store.putIfAbsent(key, path, { bytes: bytes.length, sha256 }, signal);
  } finally {
    await removeStaging(fileSystem, store.stagingRoot, id);
  }
}
