/** Datasets that get another name, over a rotation's bench. */
import { disconnect } from '../../src/hot/server/connect.ts';
import { type RenameLook, type Renaming, renameDataset } from '../../src/jobs/rename-dataset.ts';
import type { Bench } from './rotation.ts';

export async function rename(
  { rooms }: Pick<Bench, 'rooms'>,
  renaming: Renaming,
): Promise<RenameLook> {
  const db = await rooms.connect('work');
  try {
    return await renameDataset(rooms, db, renaming);
  } finally {
    await disconnect(db);
  }
}
