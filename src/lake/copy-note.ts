/**
 * `_tierd_copy.json`: this place is a copy in the making of a lake. It is there from before the first object is
 * copied until the ledger has switched to the copy.
 */
import { z } from 'zod';
import { TierdError } from '../domain/errors.ts';
import { COPY_KEY } from './object-key.ts';
import type { ObjectStore, ReadableStore } from './object-store.ts';
import { readSmall } from './read-small.ts';

const noteSchema = z.object({
  tierdCopy: z.literal(1),
  lakeId: z.string().min(1),
  of: z.string().min(1),
  ledgerId: z.string().min(1),
  since: z.string(),
});

export interface CopyNote {
  /** The copy's own, by which its marker will name it. */
  readonly lakeId: string;
  /** The lake that it is a copy of. */
  readonly of: string;
  /** The ledger that makes it. */
  readonly ledgerId: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** Null where there is none. @throws TierdError LAKE_NOT_THE_SAME when it can't be understood */
export async function readCopyNote(store: ReadableStore): Promise<CopyNote | null> {
  if ((await store.stat(COPY_KEY)) === null) return null;
  const parsed = noteSchema.safeParse(parseJson(await readSmall(store, COPY_KEY)));
  if (!parsed.success) {
    throw new TierdError({
      code: 'LAKE_NOT_THE_SAME',
      message: `${COPY_KEY} in ${store.place} is no note of a copy that this version of tierd wrote. Nothing was copied or changed.`,
      hint: 'Empty that place or name another, then run `tierd lake copy` again.',
      context: { place: store.place },
    });
  }
  const { tierdCopy: _, ...note } = parsed.data;
  return note;
}

/** The note that lasts: this one, or that of whoever was first. */
export async function ensureCopyNote(store: ObjectStore, note: CopyNote): Promise<CopyNote> {
  const text = `${JSON.stringify({ tierdCopy: 1, ...note })}\n`;
  try {
    await store.putSmallIfAbsent(COPY_KEY, new TextEncoder().encode(text));
  } catch (error) {
    if (!(error instanceof TierdError && error.code === 'OBJECT_CONFLICT')) throw error;
  }
  return (await readCopyNote(store)) ?? note;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one more way of not being a note.
    return undefined;
  }
}
