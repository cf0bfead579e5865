/**
 * `_tierd_audit/2026-11-28.json`: the newest entry of each chain of the audit log, as it was on that day. Never
 * replaced: who rewrites the database finds that the lake remembers.
 */
import { z } from 'zod';
import { type ErrorCode, TierdError } from '../domain/errors.ts';
import { AUDIT_DIRECTORY } from './object-key.ts';
import type { ObjectStore } from './object-store.ts';
import { readSmall } from './read-small.ts';

const headsSchema = z.object({
  tierdAudit: z.literal(1),
  ledgerId: z.string().min(1),
  at: z.string(),
  heads: z.record(
    z.string(),
    z.object({ number: z.string().regex(/^\d+$/), hash: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

export type KeptHeads = Omit<z.infer<typeof headsSchema>, 'tierdAudit'>;

/**
 * Puts the heads of a day beside the segments, unless that day has some already.
 *
 * @param day `2026-11-28`
 * @returns the object's key
 * @throws TierdError LAKE_UNWRITABLE, LAKE_FULL
 */
export async function keepHeads(
  store: ObjectStore,
  day: string,
  heads: KeptHeads,
): Promise<string> {
  const key = `${AUDIT_DIRECTORY}/${day}.json`;
  const text = `${JSON.stringify({ tierdAudit: 1, ...heads })}\n`;
  try {
    await store.putSmallIfAbsent(key, new TextEncoder().encode(text));
  } catch (error) {
    // Another run of the same day was first.
    if (!(error instanceof TierdError && error.code === 'OBJECT_CONFLICT')) throw error;
  }
  return key;
}

export interface FoundHeads {
  readonly key: string;
  /** Or why there are none: it is nothing that this version of tierd wrote, or the lake doesn't give it. */
  readonly heads: KeptHeads | 'no record' | 'unreadable';
}

export type HeadsStore = Pick<ObjectStore, 'list' | 'read'>;

/** Of all days, oldest first. @throws TierdError LAKE_UNREADABLE where they can't be listed */
export async function readHeads(store: HeadsStore): Promise<readonly FoundHeads[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(`${AUDIT_DIRECTORY}/`)) keys.push(key);
  const found: FoundHeads[] = [];
  for (const key of keys.sort()) found.push({ key, heads: await readOne(store, key) });
  return found;
}

/** What can't be read of one day is no reason to say nothing of the others. */
async function readOne(store: HeadsStore, key: string): Promise<FoundHeads['heads']> {
  try {
    return parse(await readSmall(store, key));
  } catch (error) {
    if (error instanceof TierdError && UNREADABLE.has(error.code)) return 'unreadable';
    throw error;
  }
}

const UNREADABLE: ReadonlySet<ErrorCode> = new Set(['LAKE_UNREADABLE', 'OBJECT_MISSING']);

function parse(text: string): KeptHeads | 'no record' {
  try {
    const { tierdAudit: _, ...heads } = headsSchema.parse(JSON.parse(text));
    return heads;
  } catch {
    // Neither JSON nor of this shape: nothing that was written here.
    return 'no record';
  }
}
