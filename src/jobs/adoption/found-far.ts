/**
 * Which of a dataset's segments lie in the far place of the lake, as it is found. The ledger that is lost, or set back,
 * knew that; without it what is deleted would stay there (I1).
 */
import type { ObjectStore } from '../../lake/object-store.ts';
import type { Queryable } from '../../ledger/queryable.ts';
import { announceFar, noteFarPlace, noteFoundFar } from '../../ledger/tiers.ts';

export interface FoundFar {
  readonly place: string;
  /** Keys of what lies there and not near. */
  readonly alone: readonly string[];
  /** Keys of what lies near as well. */
  readonly beside: readonly string[];
}

/** Null where all of the lake lies in one place. Changes nothing. */
export async function findFar(
  { tiers }: Pick<ObjectStore, 'tiers'>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<FoundFar | null> {
  if (tiers === null) return null;
  const [alone, beside] = [new Set<string>(), [] as string[]];
  for (const name of names) {
    for await (const { key } of tiers.far.list(`${name}/`, signal)) alone.add(key);
    for await (const { key } of tiers.near.list(`${name}/`, signal)) {
      if (alone.delete(key)) beside.push(key);
    }
  }
  return { place: tiers.far.place, alone: [...alone], beside };
}

/** Inside a transaction, under the dataset's lease. */
export async function noteFar(db: Queryable, dataset: string, found: FoundFar): Promise<void> {
  const { place, alone, beside } = found;
  if (alone.length + beside.length === 0) return;
  await noteFarPlace(db, place);
  await noteFoundFar(db, dataset, alone);
  await announceFar(db, dataset, beside);
}
