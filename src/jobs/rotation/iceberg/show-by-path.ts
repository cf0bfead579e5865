/**
 * `vN.metadata.json` and `version-hint.text`: for readers that are given a folder and no catalogue.
 * Written after the commit, so such a reader may be behind for a moment and is never ahead.
 */
import type pg from 'pg';
import { pathKeys } from '../../../catalogue/next-snapshot.ts';
import { icebergFolder } from '../../../lake/object-key.ts';
import { readIcebergTable } from '../../../ledger/iceberg.ts';
import { notePathVersion } from '../../../ledger/iceberg-commit.ts';
import { assertStillOwnLake } from '../own-lake.ts';
import type { JobRooms } from '../rooms.ts';

/** Nothing to do where they show the current version. Killed anywhere, the same call goes on. */
export async function showByPath(
  rooms: Pick<JobRooms, 'store'>,
  db: pg.Client,
  dataset: string,
): Promise<void> {
  const table = await readIcebergTable(db, dataset);
  if (table === null || table.pathVersion === table.version) return;
  const { metadata, hint } = pathKeys(icebergFolder(dataset), table.version);
  await assertStillOwnLake(rooms, db);
  // The document before the hint that names it.
  await rooms.store.replaceSmall(metadata, Buffer.from(JSON.stringify(table.document)));
  await rooms.store.replaceSmall(hint, Buffer.from(String(table.version)));
  await notePathVersion(db, dataset, table.version);
}
