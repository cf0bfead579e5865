/**
 * `_tierd_owner/000001.json`, …: whose the lake is. A new owner adds the next number and replaces
 * nothing, so of two that take it at once one wins, on every store that can put an object only
 * where there is none.
 */
import { z } from 'zod';
import { TierdError } from '../domain/errors.ts';
import type { LakeOwner } from '../domain/lake/lake-owner.ts';
import { OWNER_DIRECTORY } from './object-key.ts';
import type { ObjectStore, ReadableStore } from './object-store.ts';
import { readSmallIfThere } from './read-small.ts';

const ownerSchema = z.object({
  tierdOwner: z.literal(1),
  ledgerId: z.string().min(1),
  epoch: z.number().int().positive(),
  systemIdentifier: z.string().min(1),
  databaseOid: z.string().min(1),
  database: z.string(),
  since: z.string(),
});

/**
 * The newest owner; null where the lake has none yet.
 * @throws TierdError LAKE_NOT_OWNED when the file can't be understood
 */
export async function readLakeOwner(store: ReadableStore): Promise<LakeOwner | null> {
  let epoch = 0;
  let newest: string | null = null;
  // One look for each owner there ever was, a handful in a lake's life; and at the next one meanwhile.
  for (let isNext = true; isNext; ) {
    epoch += 1;
    const [text, next] = await Promise.all([
      readSmallIfThere(store, ownerKey(epoch)),
      store.stat(ownerKey(epoch + 1)),
    ]);
    if (text === null && epoch === 1) return null;
    newest = text;
    isNext = next !== null;
  }
  const key = ownerKey(epoch);
  const parsed = ownerSchema.safeParse(newest === null ? undefined : parseJson(newest));
  if (!parsed.success || parsed.data.epoch !== epoch) {
    throw new TierdError({
      code: 'LAKE_NOT_OWNED',
      message: `${key} in ${store.place} is no record of an owner that this version of tierd wrote. Nothing was written or deleted.`,
      hint: 'Restore that file from a backup of the lake, or use the version of tierd that wrote it.',
      context: { place: store.place, key },
    });
  }
  const { tierdOwner: _, ...owner } = parsed.data;
  return owner;
}

/**
 * Makes `owner` the newest, unless another has taken that epoch.
 * @returns whether it is this owner's now
 */
export async function writeLakeOwner(store: ObjectStore, owner: LakeOwner): Promise<boolean> {
  const text = `${JSON.stringify({ tierdOwner: 1, ...owner })}\n`;
  try {
    await store.putSmallIfAbsent(ownerKey(owner.epoch), new TextEncoder().encode(text));
    return true;
  } catch (error) {
    if (error instanceof TierdError && error.code === 'OBJECT_CONFLICT') return false;
    throw error;
  }
}

function ownerKey(epoch: number): string {
  return `${OWNER_DIRECTORY}/${String(epoch).padStart(6, '0')}.json`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one more way of not being a record of an owner.
    return undefined;
  }
}
