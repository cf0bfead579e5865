import { TierdError } from '../domain/errors.ts';
import type { ReadableStore } from './object-store.ts';

/** An object of a few bytes, as text. @throws TierdError OBJECT_MISSING, LAKE_UNREADABLE */
export async function readSmall(store: Pick<ReadableStore, 'read'>, key: string): Promise<string> {
  return (await readWhole(store, key)).toString('utf8');
}

/** One that fits into memory. @throws TierdError OBJECT_MISSING, LAKE_UNREADABLE */
export async function readWhole(store: Pick<ReadableStore, 'read'>, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(key)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/**
 * As `readSmall`; null where there is none. One request less than to look first; that nothing is there is looked at once
 * more, for the place of the lake may be none.
 */
export async function readSmallIfThere(
  store: Pick<ReadableStore, 'read' | 'stat'>,
  key: string,
): Promise<string | null> {
  try {
    return await readSmall(store, key);
  } catch (error) {
    if (!(error instanceof TierdError) || error.code !== 'OBJECT_MISSING') throw error;
    return (await store.stat(key)) === null ? null : readSmall(store, key);
  }
}
