/**
 * What a place is to a lake that does not have it as its own: `_tierd_copy.json`, a copy in the making, from before the
 * first object is copied until the ledger has switched to it; `_tierd_far.json`, where old segments of the lake lie.
 */
import { z } from 'zod';
import { TierdError } from '../domain/errors.ts';
import { COPY_KEY, FAR_KEY } from './object-key.ts';
import type { ObjectStore, ReadableStore } from './object-store.ts';
import { readSmall } from './read-small.ts';

export interface NoteKind {
  readonly key: string;
  /** Of its first field: which kind, and which version of that. */
  readonly mark: 'tierdCopy' | 'tierdFar';
  /** In messages. */
  readonly what: string;
  /** What to run again once the place is right. */
  readonly command: string;
  /** Where a place is refused: that nothing was done, and what to do. */
  readonly refused: {
    readonly code: 'REFUSED' | 'LAKE_NOT_THE_SAME';
    readonly outcome: string;
    readonly hint: string;
  };
}

export const COPY_NOTE: NoteKind = {
  key: COPY_KEY,
  mark: 'tierdCopy',
  what: 'note of a copy',
  command: 'tierd lake copy',
  refused: {
    code: 'REFUSED',
    outcome: 'the lake was not copied there, and nothing was changed',
    hint: 'name an empty or new place in the `lake` section of the file that --to names, or empty that one if nobody needs what it holds',
  },
};

export const FAR_NOTE: NoteKind = {
  key: FAR_KEY,
  mark: 'tierdFar',
  what: 'note of a far place',
  command: 'tierd tier',
  refused: {
    code: 'LAKE_NOT_THE_SAME',
    outcome: 'nothing of the lake was put there, read there or removed',
    hint: 'correct `lake.far` in the configuration: it names the far place of this lake, or an empty or new place',
  },
};

const noteFields = {
  lakeId: z.string().min(1),
  of: z.string().min(1),
  ledgerId: z.string().min(1),
  since: z.string(),
};

export interface PlaceNote {
  /** The place's own, by which its marker names it. */
  readonly lakeId: string;
  /** The lake that it belongs to. */
  readonly of: string;
  /** The ledger that claimed it. */
  readonly ledgerId: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** Null where there is none. @throws TierdError LAKE_NOT_THE_SAME when it can't be understood */
export async function readPlaceNote(
  store: ReadableStore,
  { key, mark, what, command }: NoteKind,
): Promise<PlaceNote | null> {
  if ((await store.stat(key)) === null) return null;
  const schema = z.object({ [mark]: z.literal(1), ...noteFields });
  const parsed = schema.safeParse(parseJson(await readSmall(store, key)));
  if (!parsed.success) {
    throw new TierdError({
      code: 'LAKE_NOT_THE_SAME',
      message: `${key} in ${store.place} is no ${what} that this version of tierd wrote. Nothing was copied or changed.`,
      hint: `Restore that file from a backup of the place, or empty the place or name another; then run \`${command}\` again.`,
      context: { place: store.place },
    });
  }
  const { lakeId, of, ledgerId, since } = parsed.data;
  return { lakeId, of, ledgerId, since };
}

/** The note that lasts: this one, or that of whoever was first. */
export async function ensurePlaceNote(
  store: ObjectStore,
  kind: NoteKind,
  note: PlaceNote,
): Promise<PlaceNote> {
  const text = `${JSON.stringify({ [kind.mark]: 1, ...note })}\n`;
  try {
    await store.putSmallIfAbsent(kind.key, new TextEncoder().encode(text));
  } catch (error) {
    if (!(error instanceof TierdError && error.code === 'OBJECT_CONFLICT')) throw error;
  }
  return (await readPlaceNote(store, kind)) ?? note;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one more way of not being a note.
    return undefined;
  }
}
