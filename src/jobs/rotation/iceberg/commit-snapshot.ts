/** A prepared snapshot becomes the table's, in the transaction that makes it true (I2). */
import type pg from 'pg';
import type { NextSnapshot } from '../../../catalogue/next-snapshot.ts';
import { pathKeys } from '../../../catalogue/next-snapshot.ts';
import { TierdError } from '../../../domain/errors.ts';
import { icebergFolder } from '../../../lake/object-key.ts';
import { commitIcebergSnapshot } from '../../../ledger/iceberg-commit.ts';
import { countLive } from '../../../ledger/live-segments.ts';
import type { JobRooms } from '../rooms.ts';
import { lakeUri } from './lake-uri.ts';

/**
 * After the ledger's segments have changed, in the same transaction.
 * @throws TierdError MOVE_NOT_OURS; INTERNAL when the snapshot is not what the ledger says is live
 */
export async function commitSnapshot(
  rooms: Pick<JobRooms, 'store'>,
  db: pg.Client,
  dataset: string,
  next: NextSnapshot,
): Promise<void> {
  const { version, document, metadataKey, listKey, newManifests, droppedManifests } = next;
  await commitIcebergSnapshot(db, {
    dataset,
    version,
    location: lakeUri(rooms.store, metadataKey),
    document,
    manifests: newManifests,
    droppedManifests,
    files: next.files,
    removedSegments: next.removedSegments,
    ownObjects: [listKey, metadataKey, pathKeys(icebergFolder(dataset), version).metadata],
    oldestKept: version - document.snapshots.length + 1,
  });
  const live = await countLive(db, dataset);
  if (live === next.totalFiles) return;
  throw new TierdError({
    code: 'INTERNAL',
    message: `the Iceberg snapshot of ${dataset} has ${String(next.totalFiles)} segments, and ${String(live)} would be live; nothing was deleted`,
    hint: 'This is a defect of tierd: please report it. `lake.iceberg: false` lets the rotation go on without.',
  });
}
