import { TierdError } from '../../domain/errors.ts';
import { AUDIT_DIRECTORY, MANIFEST_DIRECTORY } from '../../lake/object-key.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { readWhole } from '../../lake/read-small.ts';

/** What jobs keep beside the segments. Iceberg's metadata is not among them: the paths in it lead to the old place. */
export const RECORDS = [`${MANIFEST_DIRECTORY}/`, `${AUDIT_DIRECTORY}/`] as const;

/**
 * Puts the records of these folders that the target lacks. None of them is ever replaced.
 *
 * @returns how many were put
 * @throws TierdError OBJECT_CONFLICT, VERIFY_MISMATCH
 */
export async function copyRecords(
  lake: ObjectStore,
  target: ObjectStore,
  folders: readonly string[],
): Promise<number> {
  let copied = 0;
  for (const folder of folders) {
    const there = new Set<string>();
    for await (const { key } of target.list(folder)) there.add(key);
    for await (const { key } of lake.list(folder)) {
      if (!there.has(key) && (await copyRecord(lake, target, key))) copied += 1;
    }
  }
  return copied;
}

/** @returns false where a job has removed it meanwhile */
async function copyRecord(lake: ObjectStore, target: ObjectStore, key: string): Promise<boolean> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(lake, key);
  } catch (error) {
    if (error instanceof TierdError && error.code === 'OBJECT_MISSING') return false;
    throw error;
  }
  await target.putSmallIfAbsent(key, bytes);
  if (bytes.equals(await readWhole(target, key))) return true;
  throw new TierdError({
    code: 'VERIFY_MISMATCH',
    message: `${target.locate(key)} is not, as it was read back, what was copied there; the lake is as it was`,
    hint: 'look whether that disk or store is healthy, remove the object, and run the same command again',
    context: { key, place: target.place },
  });
}
