import type { Check } from '../domain/check.ts';
import { countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import { countByFolder } from '../ledger/live-segments.ts';
import { checkEach } from './check-each.ts';
import type { LookingRooms } from './rotation/rooms.ts';

/** Segments in `year=…` and in `tierd_year=…`: a glob that takes folders for columns does not read both. */
export async function checkFolders(
  rooms: Pick<LookingRooms, 'connect'>,
  datasets: readonly Dataset[],
): Promise<readonly Check[]> {
  return checkEach(rooms, datasets, async (db, name) => {
    const folders = await countByFolder(db, name);
    if (folders.length < 2) return null;
    const counts = folders.map(
      ({ folder, segments }) => `${countOf(segments, 'segment')} in ${folder}=…`,
    );
    return {
      name: `dataset:${name}:folders`,
      status: 'warning',
      found: `${counts.join(', ')}: a column came or went that is called as a folder (year, month, day or hour), and engines that take folders for columns refuse to read both, or mix them up`,
      advice:
        'read them with that switched off (hive_partitioning = false), from the list of segments or the Iceberg table: docs/engines.md; `tierd query` is not concerned',
    };
  });
}
