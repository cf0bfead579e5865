/** One run that writes to the place of backups, or removes from it: alone, logged, and in nobody else's place. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { RememberedLake } from '../../domain/lake/lake-owner.ts';
import {
  assertOwnPlace,
  type BackupMarker,
  type BackupPlace,
  claimBackupPlace,
  makeStaging,
  readBackupMarker,
  removeStaged,
} from '../../lake/backup/backup-place.ts';
import {
  BACKUP_LEASE,
  type BackupEnd,
  beginBackupRun,
  endBackupRun,
  type LoggedKind,
  lastBackupPlace,
  noteBackupPlace,
} from '../../ledger/backup-logs.ts';
import { ledgerPlace } from '../../ledger/lake-identity.ts';
import type { Lease } from '../../ledger/lease.ts';
import { asTierdError } from '../job-failure.ts';
import { whileLeased } from '../while-leased.ts';
import type { BackupRooms } from './rooms.ts';

export interface BackupRun {
  readonly id: string;
  readonly lease: Lease;
  /** Of the run alone; gone when it has ended. */
  readonly staging: string;
  readonly signal: AbortSignal;
  /** Ends its entry in the log. Whoever commits something does so in that transaction. */
  readonly end: (
    outcome: Pick<BackupEnd, 'backup' | 'bytes' | 'addedBytes' | 'state'>,
  ) => Promise<void>;
}

export interface BackupErrand {
  readonly kind: LoggedKind;
  readonly lake: RememberedLake;
  /** Whether an empty place may become one: `anew` also where the ledger knows of backups there. */
  readonly claims: 'no' | 'yes' | 'anew';
}

/**
 * @param work calls `run.end` once what it did is settled
 * @throws TierdError LEASE_HELD, LEASE_LOST; BACKUP_NOT_OURS, BACKUP_AWAY, BACKUP_NOT_FOUND; BACKUP_FULL, BACKUP_UNWRITABLE
 */
export async function whileBackingUp<Result>(
  rooms: BackupRooms,
  db: pg.Client,
  errand: BackupErrand,
  work: (run: BackupRun) => Promise<Result>,
): Promise<Result> {
  const { place, holder } = rooms;
  return whileLeased(rooms, { name: BACKUP_LEASE, db }, async ({ lease, signal }) => {
    const id = rooms.newId();
    await beginBackupRun(db, { id, kind: errand.kind, holder, place: place.root });
    try {
      const marker = await lookAtPlace(rooms, db, errand);
      const staging = await makeStaging(place, id);
      const { placeId } = await claim(rooms, db, errand, id, marker);
      await noteBackupPlace(db, id, placeId);
      const result = await work({
        ...{ id, lease, staging, signal },
        end: (outcome) => endBackupRun(db, id, { ...outcome, errorCode: null, errorMessage: null }),
      });
      await removeStaged(place, id);
      return result;
    } catch (error) {
      await logFailure(db, id, error);
      // The next run removes it as well, before it does anything else.
      await removeStaged(place, id).catch(() => undefined);
      throw error;
    }
  });
}

/** Whose it is; null where it is empty and may be claimed. */
async function lookAtPlace(
  { place }: BackupRooms,
  db: pg.Client,
  { lake, claims }: BackupErrand,
): Promise<BackupMarker | null> {
  const found = await readBackupMarker(place);
  if (found !== null) {
    assertOwnPlace(place.root, found, { ...(await ledgerPlace(db)), ledgerId: lake.ledgerId });
    return found;
  }
  const last = await lastBackupPlace(db);
  // An empty mount point looks like a new place, and backups in it would fill the wrong disk.
  if (last?.place === place.root && claims !== 'anew') throw away(place, claims === 'yes');
  if (claims === 'no') throw noBackups(place);
  return null;
}

async function claim(
  { place, clock, newId }: BackupRooms,
  db: pg.Client,
  { lake }: BackupErrand,
  runId: string,
  found: BackupMarker | null,
): Promise<BackupMarker> {
  if (found !== null) return found;
  const { systemIdentifier, databaseOid, database } = await ledgerPlace(db);
  return claimBackupPlace(place, runId, {
    ...{ placeId: newId(), ledgerId: lake.ledgerId, systemIdentifier, databaseOid, database },
    since: new Date(clock.now()).toISOString(),
  });
}

async function logFailure(db: pg.Client, id: string, error: unknown): Promise<void> {
  const { code, message } = asTierdError(error);
  const state = code === 'INTERRUPTED' ? 'interrupted' : 'failed';
  const nothing = { backup: null, bytes: null, addedBytes: null };
  // Where it can't be written the next run says that this one was abandoned; the error itself is told in any case.
  await endBackupRun(db, id, { ...nothing, state, errorCode: code, errorMessage: message }).catch(
    () => undefined,
  );
}

export function noBackups({ root }: BackupPlace): TierdError {
  return new TierdError({
    code: 'BACKUP_NOT_FOUND',
    message: `${root} holds no backups; nothing was changed`,
    hint: 'make one with `tierd backup snapshot`, or let `backup.path` name where they are',
    context: { place: root },
  });
}

function away({ root }: BackupPlace, mayBegin: boolean): TierdError {
  return new TierdError({
    code: 'BACKUP_AWAY',
    message: `${root} is empty, and the ledger knows of backups there: its disk is not mounted, or they were removed. Nothing was written.`,
    hint: mayBegin
      ? 'mount the disk; where they are gone for good, `--new-place` begins anew'
      : 'mount the disk, then run the same command again',
    context: { place: root },
  });
}
