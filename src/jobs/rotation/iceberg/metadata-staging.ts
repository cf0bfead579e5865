/** Where a run's Iceberg metadata and its manifest wait to be published: named by the lease, so that the next holder finds it. */
import { listStaging, removeStaging } from '../../../lake/staging.ts';
import type { Lease } from '../../../ledger/lease.ts';
import type { JobRooms } from '../rooms.ts';

export function metadataStaging({ dataset, token }: Lease): string {
  return `${prefixOf(dataset)}${token.toString()}`;
}

/** What killed runs left, as a number of files: under the lease no other may be at it, but one that can't commit any more. */
export async function sweepMetadataStaging(
  { fileSystem, store }: Pick<JobRooms, 'fileSystem' | 'store'>,
  { dataset }: Lease,
): Promise<number> {
  let files = 0;
  for (const id of await listStaging(fileSystem, store.stagingRoot)) {
    if (!id.startsWith(prefixOf(dataset))) continue;
    files += await removeStaging(fileSystem, store.stagingRoot, id);
  }
  return files;
}

/** No dataset has a dash in its name. */
function prefixOf(dataset: string): string {
  return `iceberg-${dataset}-`;
}
