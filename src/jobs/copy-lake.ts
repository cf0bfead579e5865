/**
 * lake copy: the lake as it is, at another place as well, while jobs go on.
 *
 *     look whose the lake is → claim the place → copy what it lacks, segment by segment → remove what the lake no longer has
 *
 * Nothing in the lake is changed, and nothing in the copy replaced (I3). The ledger notes each segment that was read
 * back from there. Killed anywhere, the next run goes on, and copies what came meanwhile.
 */
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import type { RememberedLake } from '../domain/lake/lake-owner.ts';
import { sweepSmallStaging } from '../lake/small-staging.ts';
import { createStaging, removeStaging } from '../lake/staging.ts';
import { COPY_LEASE, noteCopied } from '../ledger/copied-segments.ts';
import { assertLease, type Lease } from '../ledger/lease.ts';
import { assertRoom, COPIED_AT_ONCE } from './lake-copy/assert-room.ts';
import { someAtOnce } from './lake-copy/at-once.ts';
import { claimTarget } from './lake-copy/claim-target.ts';
import { bytesOf, type CopyState, compareCopy, type DueSegment } from './lake-copy/compare-copy.ts';
import { copyRecords, RECORDS } from './lake-copy/copy-records.ts';
import { copySegment } from './lake-copy/copy-segment.ts';
import { lookAtTarget, notForIt, type TargetLook } from './lake-copy/look-at-target.ts';
import type { CopyRooms, CopyTarget } from './lake-copy/rooms.ts';
import { lookWhose } from './lake-owner.ts';
import { lakeRefusal } from './rotation/own-lake.ts';
import type { LookingRooms } from './rotation/rooms.ts';
import { whileLeased } from './while-leased.ts';

export interface CopyLook {
  readonly lake: RememberedLake;
  readonly target: Exclude<TargetLook, { readonly kind: 'the lake' }>;
  readonly state: CopyState;
}

export interface CopyResult {
  /** The copy's own. */
  readonly lakeId: string;
  readonly copied: number;
  readonly copiedBytes: number;
  /** Of what was copied before, or lay there as it should. */
  readonly alreadyThere: number;
  readonly records: number;
  /** Copies that were removed, for the lake has them no more. */
  readonly removed: number;
  readonly bad: readonly BadSegment[];
}

export interface BadSegment {
  readonly key: string;
  readonly reason: string;
}

/**
 * Changes nothing (I7).
 *
 * @throws TierdError REFUSED where there is no lake, or the place is not for it; LAKE_NOT_OWNED, LAKE_INCOMPLETE, LAKE_NOT_THE_SAME
 */
export async function lookAtCopy(
  rooms: LookingRooms,
  db: pg.Client,
  { store }: Pick<CopyTarget, 'store'>,
): Promise<CopyLook> {
  const lake = await ownLake(rooms, db);
  const target = await lookAtTarget(store, lake);
  if (target.kind === 'the lake') throw notForIt(store.place, 'is the lake itself');
  const lakeId = target.kind === 'begun' ? target.lakeId : null;
  return { lake, target, state: await compareCopy(db, store, lakeId) };
}

/** The lake that this ledger has, and may go on with. */
export async function ownLake(rooms: LookingRooms, db: pg.Client): Promise<RememberedLake> {
  const { ownership, remembered } = await lookWhose(rooms, db);
  const refusal = lakeRefusal({ ownership }, rooms.store.place);
  if (refusal !== null) throw refusal;
  if (ownership.kind === 'owned' && remembered !== null) return remembered;
  throw new TierdError({
    code: 'REFUSED',
    message: `${rooms.store.place} is no lake of this ledger yet, so there is nothing to copy; nothing was changed`,
    hint: 'a lake that holds nothing needs no copy: change `lake` in the configuration, and the first rotation makes it',
    context: { place: rooms.store.place },
  });
}

/**
 * @param onProgress called with the bytes of segments copied so far, and those of all that will be
 * @throws TierdError as `lookAtCopy`; LEASE_HELD where another copies; OBJECT_CONFLICT, VERIFY_MISMATCH, LAKE_FULL,
 *   LAKE_UNWRITABLE, LAKE_UNREACHABLE, INTERRUPTED: what is copied stays, and is not copied again
 */
export async function copyLake(
  rooms: CopyRooms,
  db: pg.Client,
  target: CopyTarget,
  onProgress: (doneBytes: number, ofBytes: number) => void,
): Promise<CopyResult> {
  const { lake, state } = await lookAtCopy(rooms, db, target);
  const missing = state.due.filter(({ foundBytes }) => foundBytes === null);
  await assertRoom(
    target,
    missing.map(({ bytes }) => bytes),
    '`lake.min_free` in the file that --to names',
  );
  return whileLeased(rooms, { name: COPY_LEASE, db }, async ({ lease, signal }) => {
    await sweepSmallStaging(target.fileSystem, target.store.stagingRoot);
    const lakeId = await claimTarget(rooms, target.store, lake);
    const copying = { rooms, db, target, lakeId, lease, signal };
    const before = await compareCopy(db, target.store, lakeId, signal);
    const tally = await copyAll(copying, before.due, onProgress);
    const records = await copyRecords(rooms.store, target.store, RECORDS);
    const after = await compareCopy(db, target.store, lakeId, signal);
    const removed = await removeNeedless(copying, after.needless);
    // What was live when its turn was planned may have been replaced, and removed, before it came.
    const live = new Set(after.due.filter(({ isLive }) => isLive).map(({ key }) => key));
    const bad = tally.bad.filter(({ key }) => live.has(key));
    return {
      ...{ lakeId, records, removed, bad },
      ...{ copied: tally.copied, copiedBytes: tally.bytes },
      alreadyThere: before.done.length + tally.found,
    };
  });
}

interface Copying {
  readonly rooms: CopyRooms;
  readonly db: pg.Client;
  readonly target: CopyTarget;
  readonly lakeId: string;
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

interface Tally {
  copied: number;
  bytes: number;
  found: number;
  readonly bad: BadSegment[];
}

async function copyAll(
  copying: Copying,
  due: readonly DueSegment[],
  onProgress: (doneBytes: number, ofBytes: number) => void,
): Promise<Tally> {
  const { lakeId } = copying;
  const { fileSystem, store } = copying.target;
  const tally: Tally = { copied: 0, bytes: 0, found: 0, bad: [] };
  const ofBytes = bytesOf(due);
  let doneBytes = 0;
  const id = `copy-${lakeId}`;
  const directory = await createStaging(fileSystem, store.stagingRoot, id);
  // What failed is told, and not what was not copied for that.
  await someAtOnce(COPIED_AT_ONCE, due, async (segment) => {
    await copyOne(copying, segment, directory, tally);
    doneBytes += segment.bytes;
    onProgress(doneBytes, ofBytes);
  });
  await removeStaging(fileSystem, store.stagingRoot, id);
  return tally;
}

async function copyOne(
  { rooms, db, target, lakeId, lease, signal }: Copying,
  segment: DueSegment,
  directory: string,
  tally: Tally,
): Promise<void> {
  // Once the lake is the copy, nobody may put into it what a job there may have removed.
  const mayPut = (): Promise<void> => assertLease(db, lease);
  const end = await copySegment(rooms.store, target, segment, directory, mayPut, signal);
  if (end.kind === 'bad') {
    tally.bad.push({ key: segment.key, reason: end.reason });
    return;
  }
  await noteCopied(db, lakeId, segment.key);
  if (end.kind === 'there already') tally.found += 1;
  else {
    tally.copied += 1;
    tally.bytes += segment.bytes;
  }
}

async function removeNeedless(
  { db, target, lease }: Pick<Copying, 'db' | 'target' | 'lease'>,
  keys: readonly string[],
): Promise<number> {
  for (const key of keys) {
    await assertLease(db, lease);
    await target.store.remove(key);
  }
  return keys.length;
}
