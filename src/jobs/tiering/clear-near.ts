/** Near copies go of segments that have lain far for a grace period: whoever began to read them before is done (I3). */
import type pg from 'pg';
import type { NearSegment } from '../../domain/plan/tiering.ts';
import { checksumOf } from '../../lake/checksum.ts';
import type { ObjectStore, Tiers } from '../../lake/object-store.ts';
import { assertLease } from '../../ledger/lease.ts';
import { fallBackNear, forgetNear } from '../../ledger/tiers.ts';
import { stopIfAborted } from '../job-failure.ts';
import { assertStillOwnLake } from '../rotation/own-lake.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import type { NotSent, TieringRooms } from './rooms.ts';

/** Grows as they go, so that it is right whenever this throws. */
export interface Cleared {
  readonly gone: NearSegment[];
  readonly failed: NotSent[];
}

/** Under the dataset's lease. Killed anywhere, the same call goes on. */
export async function clearNear(
  rooms: TieringRooms,
  { near, far }: Tiers,
  { dataset: { name }, lease, signal }: Pick<RunContext, 'dataset' | 'lease' | 'signal'>,
  db: pg.Client,
  needless: readonly NearSegment[],
  { gone, failed }: Cleared,
): Promise<void> {
  for (const segment of needless) {
    stopIfAborted(signal);
    const { key } = segment;
    await assertStillOwnLake(rooms, db);
    // It was proven to be there, and this is the last moment at which its loss costs nothing (I1).
    const lost = await tellLost(far, segment, signal);
    if (lost !== null) {
      await fallBackNear(db, name, key);
      const reason = `${far.locate(key)} ${lost}; the near copy stays, and is the one that is read`;
      failed.push({ key, reason });
      rooms.tell({ kind: 'failed', dataset: name, key, reason });
      continue;
    }
    // Whoever has the lease now may have found it gone there since, and read the near copy again.
    await assertLease(db, lease);
    await near.remove(key);
    // After the file: killed in between, the next run finds it gone.
    await forgetNear(db, name, [key]);
    gone.push(segment);
  }
}

/**
 * What has become of it there; null: it is as it was put. A bucket is asked for the checksum that it keeps. Where it has
 * none of the whole, as of what was sent in parts or put there by somebody else, and on a disk, the object is read.
 */
async function tellLost(
  far: ObjectStore,
  { key, bytes, sha256 }: NearSegment,
  signal: AbortSignal,
): Promise<string | null> {
  const there = await far.stat(key);
  if (there === null) return `is not there any more, and ${String(bytes)} bytes were put there`;
  if (there.bytes !== bytes) {
    return `has ${String(there.bytes)} bytes, and ${String(bytes)} were put there`;
  }
  const told = (await far.checksums?.look(key, signal))?.sha256 ?? null;
  const found = told ?? (await checksumOf(far.read(key, undefined, signal))).sha256;
  if (found === sha256) return null;
  return `is not what was put there: its SHA-256 is ${found}, and ${sha256} was`;
}
