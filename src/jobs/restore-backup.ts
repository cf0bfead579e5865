/**
 * backup restore: an empty database and an empty folder become what a snapshot was of.
 *
 *     look → note → files of the lake, each compared → the dump, in one transaction → the note goes
 *
 * Killed anywhere, the same call goes on: the note says of which backup the folder is.
 */
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { type BackedUpObject, bytesOf, type NamedBackup } from '../domain/backup/manifest.ts';
import { TierdError } from '../domain/errors.ts';
import { findTool } from '../hot/dump/pg-tools.ts';
import {
  afterRestore,
  assertTakesDump,
  beforeRestore,
  firstObject,
  restoreDump,
} from '../hot/dump/target-database.ts';
import { withClient } from '../hot/server/connect.ts';
import { readingBackup, writingBackup } from '../lake/backup/backup-failure.ts';
import { objectPath, readObject } from '../lake/backup/backup-objects.ts';
import { type BackupPlace, nameForGood, readFile } from '../lake/backup/backup-place.ts';
import { copyObject, damagedObject, isObject } from '../lake/backup/copy-object.ts';
import { makeDirectories, makeUnlessThere, removeTree } from '../lake/directories.ts';
import { MARKER_KEY } from '../lake/object-key.ts';
import { rememberedLake } from '../ledger/lake-identity.ts';
import { hasLedger } from '../ledger/migrate.ts';
import { readSnapshotVersion } from '../ledger/snapshot-version.ts';
import type { RestoreRooms, TellProgress } from './backup/rooms.ts';
import { stopIfAborted } from './job-failure.ts';

export interface RestoreWish {
  readonly backup: NamedBackup;
  /** Of a database that is there, and empty. */
  readonly url: string;
  /** Absolute: what `lake.path` is to say. */
  readonly lakePath: string;
}

const NOTE = 'tierd_restore.json';
const STAGING = 'restoring';
/** As the configuration's `lake.path` has it. */
const LAKE = 'cold_storage';

/**
 * Whether it could be restored there. Changes nothing (I7).
 *
 * @returns whether the database was restored by an earlier call that did not end
 * @throws TierdError REFUSED where one of the two is not empty, or the server does not do; BACKUP_TOOL_UNFIT
 */
export async function lookAtRestore(
  { place, programs, lakeFileSystem: fs, connectTo, signal }: RestoreRooms,
  { backup, url, lakePath }: RestoreWish,
): Promise<boolean> {
  if (backup.kind !== 'snapshot') {
    throw refused(
      `${backup.id} is a dump of the database alone`,
      `restore a snapshot (\`tierd backup list\`), or give ${objectPath(place, backup.dump)} to pg_restore`,
    );
  }
  const isOurs = await lookAtFolder({ root: lakePath, fs }, backup);
  return withClient(
    () => connectTo(url),
    async (db) => {
      await assertTakesDump(db, backup);
      await findTool(programs, 'pg_restore', Number.parseInt(backup.tools.pgDump, 10), signal);
      const found = await firstObject(db);
      if (found === null) return false;
      if (isOurs && (await isRestored(db, backup))) return true;
      throw refused(
        `the database is not empty: it has ${found}`,
        'name an empty one: `createdb --template template0 NAME`',
      );
    },
  );
}

/** @throws TierdError as `lookAtRestore`; BACKUP_DAMAGED; DUMP_FAILED; INTERRUPTED */
export async function restoreBackup(
  rooms: RestoreRooms,
  wish: RestoreWish,
  tell: TellProgress,
): Promise<void> {
  const isRestored = await lookAtRestore(rooms, wish);
  const { lakeFileSystem: fs } = rooms;
  const { backup, url, lakePath } = wish;
  const to: BackupPlace = { root: lakePath, fs };
  if (!isRestored) await assertSound(rooms, backup);
  await writingBackup(`restore into ${lakePath}`, () => noteRestore(to, backup));
  await restoreLake(rooms, to, backup, tell);
  if (!isRestored) await restoreDatabase(rooms, wish);
  await withClient(
    () => rooms.connectTo(url),
    (db) => afterRestore(db, backup.postgres.timescale),
  );
  await writingBackup(`end the restore into ${lakePath}`, async () => {
    await removeTree(fs, join(lakePath, STAGING));
    await fs.unlink(join(lakePath, NOTE));
    await fs.syncDirectory(lakePath);
  });
}

/** The same lake, as the same version of the ledger has it. */
async function isRestored(db: pg.Client, backup: NamedBackup): Promise<boolean> {
  if (!(await hasLedger(db))) return false;
  const lake = await rememberedLake(db);
  const { epoch, moves, newestMove } = await readSnapshotVersion(db);
  const { version } = backup;
  return (
    lake?.lakeId === backup.lakeId &&
    epoch === version.epoch &&
    moves === version.moves &&
    newestMove === version.newestMove
  );
}

/** @returns whether a restore of this backup was begun there */
async function lookAtFolder({ root, fs }: BackupPlace, { id }: NamedBackup): Promise<boolean> {
  return readingBackup(`look at ${root}`, async () => {
    if ((await fs.look(root)) === null) return false;
    const names = (await fs.readDirectory(root)).map(({ name }) => name);
    if (names.length === 0) return false;
    const note = names.includes(NOTE) ? (await readFile(fs, join(root, NOTE))).toString() : '';
    if (note === textOf(id)) return true;
    throw refused(
      note === ''
        ? `${root} is not empty: ${names.sort()[0] ?? ''} lies there`
        : `${root} is where another backup was being restored`,
      'name an empty or new directory; what an unfinished restore left can be removed',
    );
  });
}

const textOf = (id: string): string => `${JSON.stringify({ tierdRestore: 1, backup: id })}\n`;

async function noteRestore({ root, fs }: BackupPlace, { id }: NamedBackup): Promise<void> {
  await makeDirectories(fs, root, root);
  // What a killed one had in the making.
  await removeTree(fs, join(root, STAGING));
  if ((await fs.look(join(root, NOTE))) === null) {
    await fs.writeNewFile(join(root, NOTE), new TextEncoder().encode(textOf(id)));
  }
  await makeUnlessThere(fs, join(root, STAGING));
  await fs.syncDirectory(root);
}

async function restoreLake(
  { place, signal }: RestoreRooms,
  to: BackupPlace,
  { segments, records }: NamedBackup,
  tell: TellProgress,
): Promise<void> {
  // The marker last: without it this is no lake.
  const isMarker = ({ key }: BackedUpObject): boolean => key === MARKER_KEY;
  const objects = [...segments, ...records].sort(
    (a, b) => Number(isMarker(a)) - Number(isMarker(b)),
  );
  const ofBytes = bytesOf(objects);
  let doneBytes = 0;
  for (const object of objects) {
    stopIfAborted(signal);
    const final = join(to.root, LAKE, object.key);
    if (!(await isObject(to, final, object, signal))) {
      const staged = join(to.root, STAGING, object.sha256);
      await copyObject(place, to, object, staged, signal);
      await writingBackup(`restore ${final}`, async () => {
        await makeDirectories(to.fs, to.root, dirname(final));
        await nameForGood(to, staged, final);
      });
    }
    doneBytes += object.bytes;
    tell('restore', doneBytes, ofBytes);
  }
}

/** Before anything is written: a dump that was altered might be restored, and be another database. */
async function assertSound({ place, signal }: RestoreRooms, { dump }: NamedBackup): Promise<void> {
  const found = await readObject(place, dump, signal);
  if (found?.sha256 !== dump.sha256) throw damagedObject(objectPath(place, dump), found === null);
}

async function restoreDatabase(
  { place, programs, connectTo, signal }: RestoreRooms,
  { backup, url }: RestoreWish,
): Promise<void> {
  const { dump, postgres, tools } = backup;
  const major = Number.parseInt(tools.pgDump, 10);
  const tool = await findTool(programs, 'pg_restore', major, signal);
  await withClient(
    () => connectTo(url),
    (db) => beforeRestore(db, postgres.timescale),
  );
  stopIfAborted(signal);
  await restoreDump(tool, url, objectPath(place, dump), signal);
}

function refused(message: string, hint: string): TierdError {
  return new TierdError({ code: 'REFUSED', message: `${message}; nothing was changed`, hint });
}
