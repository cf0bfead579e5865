/** The files that a snapshot names, from the lake into the place of backups. */
import type pg from 'pg';
import type { BackedUpObject } from '../../domain/backup/manifest.ts';
import { TierdError } from '../../domain/errors.ts';
import { type TakenObject, takeObject } from '../../lake/backup/backup-objects.ts';
import { sha256Of } from '../../lake/backup/backup-place.ts';
import { MARKER_KEY, OWNER_DIRECTORY } from '../../lake/object-key.ts';
import { readWhole } from '../../lake/read-small.ts';
import { isSegmentLive } from '../../ledger/backup-logs.ts';
import { stopIfAborted } from '../job-failure.ts';
import { someAtOnce } from '../lake-copy/at-once.ts';
import { RECORDS } from '../lake-copy/copy-records.ts';
import type { BackupRooms } from './rooms.ts';
import type { BackupRun } from './while-backing-up.ts';

export interface TakenTally {
  linked: number;
  copied: number;
  thereAlready: number;
  /** Of what is new here; and of that, what has only got a second name. */
  addedBytes: number;
  linkedBytes: number;
}

export function noneTaken(): TakenTally {
  return { linked: 0, copied: 0, thereAlready: 0, addedBytes: 0, linkedBytes: 0 };
}

export function count(tally: TakenTally, taken: TakenObject, bytes: number): void {
  if (taken === 'there already') {
    tally.thereAlready += 1;
    return;
  }
  tally[taken] += 1;
  tally.addedBytes += bytes;
  if (taken === 'linked') tally.linkedBytes += bytes;
}

/** Two keep a disk busy; more only take memory. */
const AT_ONCE = 2;

/**
 * Each is compared with the ledger's checksum when it is new here; what is here already costs a look.
 *
 * @returns the key of one that was replaced since the snapshot and is gone; null: all are here
 * @throws TierdError VERIFY_MISMATCH where the lake has other bytes; OBJECT_MISSING where one is live and gone
 */
export async function takeSegments(
  { store, place, mayLink, connect }: BackupRooms,
  { staging, signal }: BackupRun,
  segments: readonly BackedUpObject[],
  tally: TakenTally,
  onBytes: (doneBytes: number) => void,
): Promise<string | null> {
  let replaced: string | null = null;
  let doneBytes = 0;
  // Two of one content are one file here.
  const unique = new Map(segments.map((segment) => [segment.sha256, segment]));
  await someAtOnce(AT_ONCE, [...unique.values()], async (segment) => {
    if (replaced !== null) return;
    stopIfAborted(signal);
    try {
      const taking = { lake: store, mayLink, staging, signal };
      count(tally, await takeObject(place, taking, segment), segment.bytes);
    } catch (error) {
      if (!(await isReplaced(connect, segment.key, error))) throw error;
      replaced = segment.key;
    }
    doneBytes += segment.bytes;
    onBytes(doneBytes);
  });
  return replaced;
}

/** `tierd delete --now` waits for nobody, nor for a backup. */
async function isReplaced(
  connect: BackupRooms['connect'],
  key: string,
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof TierdError && error.code === 'OBJECT_MISSING')) return false;
  const db: pg.Client = await connect('work');
  try {
    return !(await isSegmentLive(db, key));
  } finally {
    await db.end();
  }
}

/**
 * What the lake keeps beside segments. Taken before the snapshot: a ledger that is restored then knows of all that these
 * say. One that a job removes meanwhile is not needed.
 */
export async function takeRecords(
  { store, place }: BackupRooms,
  { staging, signal }: BackupRun,
  tally: TakenTally,
): Promise<readonly BackedUpObject[]> {
  const keys = [MARKER_KEY];
  for (const folder of [`${OWNER_DIRECTORY}/`, ...RECORDS]) {
    for await (const { key } of store.list(folder, signal)) keys.push(key);
  }
  const records: BackedUpObject[] = [];
  for (const key of keys) {
    stopIfAborted(signal);
    try {
      const bytes = await readWhole(store, key);
      const record = { key, bytes: bytes.byteLength, sha256: sha256Of(bytes) };
      // Small ones are written again where they are kept: those of the lake may have other rights.
      const taking = { lake: store, mayLink: false, staging, signal };
      count(tally, await takeObject(place, taking, record), record.bytes);
      records.push(record);
    } catch (error) {
      const isGone = error instanceof TierdError && error.code === 'OBJECT_MISSING';
      if (!isGone || key === MARKER_KEY) throw error;
    }
  }
  return records;
}
