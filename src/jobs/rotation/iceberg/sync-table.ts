/**
 * Brings a dataset's Iceberg table to what the ledger says before a run moves anything: where it has
 * just been configured, where a column was renamed, where the lake has another path, and where
 * segments changed without it. Where it is no longer configured the table goes: it would soon
 * be wrong. Where the lake has a later version than the ledger it begins anew, after that one.
 */
import type pg from 'pg';
import { pathKeys } from '../../../catalogue/next-snapshot.ts';
import { icebergFolder } from '../../../lake/object-key.ts';
import { readSmall } from '../../../lake/read-small.ts';
import { listFormerNames } from '../../../ledger/former-names.ts';
import { readIcebergTable } from '../../../ledger/iceberg.ts';
import { dropIcebergTable } from '../../../ledger/iceberg-objects.ts';
import type { JobRooms } from '../rooms.ts';
import type { RunContext } from '../staged-move.ts';
import { showByPath } from './show-by-path.ts';
import { changeTable, mergeManifests, writeSnapshot } from './write-snapshot.ts';

export async function syncTable(rooms: JobRooms, run: RunContext, db: pg.Client): Promise<void> {
  const { name, iceberg } = run.dataset;
  const table = await readIcebergTable(db, name);
  const hint = hintOf(name);
  const isHinted = (await rooms.store.stat(hint)) !== null;
  // Under a former name nobody would be shown what comes.
  for (const former of await listFormerNames(db, name)) {
    if ((await rooms.store.stat(hintOf(former))) !== null) {
      await rooms.store.remove(hintOf(former));
    }
  }
  const drop = (doing: string): Promise<void> =>
    changeTable(rooms, run, db, doing, () => dropIcebergTable(db, name));
  if (!iceberg) {
    if (table !== null) await drop('removing');
    // Every time, for one that was killed in between would leave it: readers by path must not go on.
    if (isHinted) await rooms.store.remove(hint);
    return;
  }
  // The ledger was set back, as by a restored backup, and its next version would be one that readers by path have.
  if (table !== null && isHinted && Number(await readSmall(rooms.store, hint)) > table.version) {
    await drop('beginning anew');
  }
  // First what a killed run could not show, for the next version would leave its half-written file.
  await showByPath(rooms, db, name);
  await writeSnapshot(rooms, run, db);
  await tidyTable(rooms, run, db);
}

const hintOf = (dataset: string): string => pathKeys(icebergFolder(dataset), 0).hint;

/** After moves, each of which wrote a manifest of its own. */
export async function tidyTable(rooms: JobRooms, run: RunContext, db: pg.Client): Promise<void> {
  if (!run.dataset.iceberg) return;
  await mergeManifests(rooms, run, db);
  await showByPath(rooms, db, run.dataset.name);
}
