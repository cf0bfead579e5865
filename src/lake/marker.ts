/**
 * `_tierd_lake.json` in the lake's root says which lake it is. The ledger remembers the id, so an
 * unmounted disk (an empty mount point), a wrong path or another lake is recognised before
 * anything is planned: without it every segment would look missing.
 */
import { z } from 'zod';
import { TierdError } from '../domain/errors.ts';
import { MARKER_KEY } from './object-key.ts';
import type { ObjectStore, ReadableStore } from './object-store.ts';
import { readSmallIfThere } from './read-small.ts';

export interface LakeMarker {
  readonly lakeId: string;
}

const markerSchema = z.object({ tierdLake: z.literal(1), lakeId: z.string().min(1) });

/** Null where there is none. @throws TierdError LAKE_NOT_THE_SAME when it is no marker of ours. */
export async function readLakeMarker(store: ReadableStore): Promise<LakeMarker | null> {
  const text = await readSmallIfThere(store, MARKER_KEY);
  return text === null ? null : parseMarker(text, store.place);
}

/**
 * The lake's marker, made with `newLakeId` (a random one) where there is none. Two processes that
 * make it at once both get the one that lasted.
 */
export async function ensureLakeMarker(store: ObjectStore, newLakeId: string): Promise<LakeMarker> {
  const present = await readLakeMarker(store);
  if (present !== null) return present;
  const text = `${JSON.stringify({ tierdLake: 1, lakeId: newLakeId })}\n`;
  try {
    await store.putSmallIfAbsent(MARKER_KEY, new TextEncoder().encode(text));
  } catch (error) {
    if (!(error instanceof TierdError && error.code === 'OBJECT_CONFLICT')) throw error;
  }
  return (await readLakeMarker(store)) ?? { lakeId: newLakeId };
}

/**
 * An empty mount point, and a wrong bucket, look like a new lake; the marker tells that it is there.
 * @throws TierdError LAKE_NOT_THE_SAME
 */
export async function assertMarked(store: Pick<ObjectStore, 'place' | 'stat'>): Promise<void> {
  if ((await store.stat(MARKER_KEY)) !== null) return;
  throw new TierdError({
    code: 'LAKE_NOT_THE_SAME',
    message: `${store.place} has no ${MARKER_KEY}: it is no lake of tierd, or its disk is not mounted. Nothing was written.`,
    hint: 'Mount the lake’s disk, or correct `lake` in the configuration, then run `tierd doctor`.',
    context: { place: store.place },
  });
}

/**
 * @param expectedLakeId what the ledger remembers; null before its first segment
 * @param usedAt where the ledger last used it; null: not noted
 * @throws TierdError LAKE_NOT_THE_SAME
 */
export function assertSameLake(
  found: LakeMarker | null,
  expectedLakeId: string | null,
  place: string,
  usedAt: string | null,
): void {
  if (expectedLakeId === null || found?.lakeId === expectedLakeId) return;
  const elsewhere = usedAt === null || usedAt === place ? null : usedAt;
  const what =
    found === null
      ? `${place} has no ${MARKER_KEY}, so it is not the lake that the ledger knows`
      : `${place} is the lake ${found.lakeId}, and the ledger knows ${expectedLakeId}`;
  const where = elsewhere === null ? '' : `, which was last used at ${elsewhere}`;
  throw new TierdError({
    code: 'LAKE_NOT_THE_SAME',
    message: `${what}${where}. Nothing was read, written or deleted.`,
    hint:
      found === null
        ? 'Mount the lake’s disk, or correct `lake` in the configuration.'
        : elsewhere !== null
          ? `Name ${elsewhere} in \`lake\` in the configuration, if \`tierd lake switch\` moved it there. Else correct \`lake\` or \`postgres\`: the two belong to different installations.`
          : 'Correct `lake` or `postgres` in the configuration: the two belong to different installations.',
    context: { place, expectedLakeId, foundLakeId: found?.lakeId ?? null },
  });
}

function parseMarker(text: string, place: string): LakeMarker {
  const parsed = markerSchema.safeParse(parseJson(text));
  if (parsed.success) return { lakeId: parsed.data.lakeId };
  throw new TierdError({
    code: 'LAKE_NOT_THE_SAME',
    message: `${MARKER_KEY} in ${place} is not a marker that this version of tierd wrote. Nothing was read, written or deleted.`,
    hint: 'Restore that file from a backup of the lake; it is {"tierdLake":1,"lakeId":"…"} with the id that `tierd doctor` shows.',
    context: { place },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one more way of not being a marker.
    return undefined;
  }
}
