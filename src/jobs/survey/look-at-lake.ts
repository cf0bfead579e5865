/** The lake's part of a survey: whether it is there, whose it is, and what is free beside it. */
import type { LakeOwner } from '../../domain/lake/lake-owner.ts';
import { unlessAborted } from '../../domain/unless-aborted.ts';
import { type LakeMarker, readLakeMarker } from '../../lake/marker.ts';
import type { ObjectStore, ReadableStore } from '../../lake/object-store.ts';
import { readLakeOwner } from '../../lake/owner.ts';
import { asTierdError } from '../job-failure.ts';
import { type LedgerOfLake, lakeObjection } from '../rotation/own-lake.ts';

export interface LakeLook {
  readonly marker: LakeMarker | null;
  readonly owner: LakeOwner | null;
  /** The segment that was looked for, where it was not there. */
  readonly missing: string | null;
  readonly freeBytes: number | null;
  /** Why it could not be looked at, or not be written. */
  readonly error: string | null;
}

const UNSEEN_LAKE: LakeLook = {
  marker: null,
  owner: null,
  missing: null,
  freeBytes: null,
  error: null,
};

export type LakeRooms = ReadableStore & Pick<ObjectStore, 'freeBytes' | 'lookWritable' | 'tiers'>;

/** A file system that hangs holds a thread for each look at it: there is never more than one. */
export class LakeLooker {
  readonly #monotonicMs: () => number;
  #pending: Promise<LakeLook> | null = null;
  #kept: { readonly place: string; readonly look: LakeLook; readonly atMs: number } | null = null;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Never throws, and comes back when `signal` aborts. Leaves no trace in the lake.
   * @param newest key of the segment that was published last, as was known before
   */
  async look(store: LakeRooms, newest: string | null, signal: AbortSignal): Promise<LakeLook> {
    this.#pending ??= lookAt(store, newest).finally(() => {
      this.#pending = null;
    });
    const { place } = store;
    const look = await unlessAborted(this.#pending, signal);
    this.#kept =
      look?.error === null && look.missing === null
        ? { place, look, atMs: this.#monotonicMs() }
        : null;
    return look ?? { ...UNSEEN_LAKE, error: `${place} does not answer` };
  }

  /** Whatever was seen last, it is looked at again. */
  forget(): void {
    this.#kept = null;
  }

  /** The last look, where it found all well and is not older than this; what is free is looked at anew. */
  async kept(store: LakeRooms, forMs: number): Promise<LakeLook | null> {
    const kept = this.#kept;
    if (kept?.place !== store.place || this.#monotonicMs() - kept.atMs >= forMs) return null;
    try {
      return { ...kept.look, freeBytes: await store.freeBytes() };
    } catch {
      // The look that follows tells it.
      return null;
    }
  }
}

async function lookAt(store: LakeRooms, newest: string | null): Promise<LakeLook> {
  try {
    const marker = await readLakeMarker(store);
    const owner = await readLakeOwner(store);
    const missing = newest === null || (await store.stat(newest)) !== null ? null : newest;
    await store.lookWritable();
    return { marker, owner, missing, freeBytes: await store.freeBytes(), error: null };
  } catch (error) {
    return { ...UNSEEN_LAKE, error: asTierdError(error).message };
  }
}

/**
 * Why no rotation would use the lake now; null when it would.
 * @param ledger null: never seen, or not there, which says nothing
 */
export function lakeProblem(
  look: LakeLook,
  ledger: LedgerOfLake | null,
  lake: Pick<ObjectStore, 'tiers' | 'place'>,
): string | null {
  if (look.error !== null || ledger === null) return look.error;
  return lakeObjection(look, ledger, lake)?.message ?? null;
}
