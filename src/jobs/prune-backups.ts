/**
 * backup prune: what no rule keeps goes: manifests first, then the files that none of the others needs. Killed in
 * between, the next run removes the rest.
 */
import type pg from 'pg';
import { type BackupKind, bytesOf, filesOf, type NamedBackup } from '../domain/backup/manifest.ts';
import { type KeepRules, type KeptBackup, planRetention } from '../domain/backup/retention.ts';
import { inTransaction } from '../hot/transaction.ts';
import { type FoundObject, listObjects, removeObject } from '../lake/backup/backup-objects.ts';
import { type BackupPlace, readBackupMarker } from '../lake/backup/backup-place.ts';
import { assertAllSound, listBackups, removeManifest } from '../lake/backup/manifest-files.ts';
import { assertLease } from '../ledger/lease.ts';
import { lakeToBackUp } from './backup/own-lake.ts';
import type { BackupRooms } from './backup/rooms.ts';
import { noBackups, whileBackingUp } from './backup/while-backing-up.ts';
import { stopIfAborted } from './job-failure.ts';

export interface PrunePlan {
  /** Newest first. */
  readonly keep: readonly KeptBackup<NamedBackup>[];
  readonly remove: readonly NamedBackup[];
  /** Files that nothing needs then. */
  readonly files: readonly FoundObject[];
  readonly bytes: number;
}

const KINDS: readonly BackupKind[] = ['snapshot', 'dump'];

/** Changes nothing (I7). @throws TierdError BACKUP_NOT_FOUND, BACKUP_NOT_OURS, BACKUP_DAMAGED */
export async function planPrune(place: BackupPlace, rules: KeepRules): Promise<PrunePlan> {
  if ((await readBackupMarker(place)) === null) throw noBackups(place);
  const list = await listBackups(place);
  assertAllSound(list);
  // A dump a day must not push the snapshots out, nor they it.
  const plans = KINDS.map((kind) =>
    planRetention(
      list.backups.filter((backup) => backup.kind === kind),
      rules,
    ),
  );
  const keep = plans.flatMap((plan) => plan.keep);
  const needed = new Set(keep.flatMap(({ backup }) => filesOf(backup)).map(({ sha256 }) => sha256));
  const files = (await listObjects(place)).filter(({ sha256 }) => !needed.has(sha256));
  return { keep, remove: plans.flatMap(({ remove }) => remove), files, bytes: bytesOf(files) };
}

/** @throws TierdError as `planPrune` and `whileBackingUp` */
export async function pruneBackups(
  rooms: BackupRooms,
  db: pg.Client,
  rules: KeepRules,
): Promise<PrunePlan> {
  const lake = await lakeToBackUp(rooms, db);
  return whileBackingUp(rooms, db, { kind: 'prune', lake, claims: 'no' }, async (run) => {
    const doing = 'removing backups';
    const options = { doing, isolation: 'read committed', readOnly: false } as const;
    return inTransaction(db, options, async () => {
      // Nobody can come to hold the lease before this ends, and so nobody makes a backup that needs what is removed.
      await assertLease(db, run.lease);
      const plan = await planPrune(rooms.place, rules);
      for (const { id } of plan.remove) await removeManifest(rooms.place, id);
      for (const { path } of plan.files) {
        stopIfAborted(run.signal);
        await removeObject(rooms.place, path);
      }
      await run.end({ state: 'done', backup: null, bytes: null, addedBytes: -plan.bytes });
      return plan;
    });
  });
}
