/** Segments of the lake, opened only where they are, byte for byte, what was published. */
import { TierdError } from '../domain/errors.ts';
import { type FileSystem, isNodeError } from '../lake/file-system.ts';
import { objectMissing } from '../lake/lake-failure.ts';
import type { ObjectStore } from '../lake/object-store.ts';
import { verifyBytes } from '../lake/segment-verifier.ts';
import type { LiveSliceSegment } from '../ledger/replaced-slices.ts';

interface SoundRooms {
  readonly store: Pick<ObjectStore, 'readable'>;
  readonly fileSystem: FileSystem;
}

/**
 * @param at where the lake is not on this machine, copies are made in its directory
 * @returns a path for each, in order. Throws VERIFY_MISMATCH, OBJECT_MISSING, LAKE_UNREADABLE, INTERRUPTED.
 */
export async function openSound(
  { store, fileSystem }: SoundRooms,
  segments: readonly LiveSliceSegment[],
  { directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const { key, bytes, sha256 } of segments) {
    const path = await store.readable(key, directory, signal);
    try {
      await verifyBytes({ fs: fileSystem, signal }, { path, bytes, sha256 });
    } catch (error) {
      const cause = error instanceof TierdError ? error.cause : null;
      throw isNodeError(cause, 'ENOENT') ? objectMissing(path, cause) : error;
    }
    paths.push(path);
  }
  return paths;
}
