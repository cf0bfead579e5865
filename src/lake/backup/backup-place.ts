/**
 * The place of backups, a directory:
 *
 *     tierd_backup.json          whose backups these are
 *     objects/0f/0f3a…           files by their SHA-256: dumps, segments, what else a lake keeps
 *     manifests/<backup>.json    what a backup consists of, written last
 *     staging/<run>/             what is in the making; of whoever has the lease of backups
 *
 * A file gets its name once it is whole and flushed, and none is ever replaced (I3).
 */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { TierdError } from '../../domain/errors.ts';
import { makeDirectories, removeTree } from '../directories.ts';
import { type FileSystem, isNodeError, unlinkIfThere } from '../file-system.ts';
import { readingBackup, writingBackup } from './backup-failure.ts';

export interface BackupPlace {
  /** Absolute. */
  readonly root: string;
  readonly fs: FileSystem;
}

const MARKER = 'tierd_backup.json';
const STAGING = 'staging';
/** A file system's own, at the top of its disk. */
const NOBODYS: ReadonlySet<string> = new Set([STAGING, 'lost+found']);

/** Whose backups lie there: a copied database is another's, as it is to a lake. */
export interface BackupOwner {
  readonly ledgerId: string;
  readonly systemIdentifier: string;
  readonly databaseOid: string;
  /** For people. */
  readonly database: string;
}

export interface BackupMarker extends BackupOwner {
  /** The place's own. */
  readonly placeId: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

const markerSchema = z.object({
  tierdBackup: z.literal(1),
  placeId: z.string().min(1),
  ledgerId: z.string().min(1),
  systemIdentifier: z.string().min(1),
  databaseOid: z.string().min(1),
  database: z.string(),
  since: z.string(),
});

/** Null where nothing is. @throws TierdError BACKUP_NOT_OURS for what is no place of backups */
export async function readBackupMarker(place: BackupPlace): Promise<BackupMarker | null> {
  const { root, fs } = place;
  return readingBackup(`look at ${root}`, async () => {
    const facts = await fs.look(root);
    if (facts === null) return null;
    if ((await fs.look(join(root, MARKER))) === null) {
      const names = (await fs.readDirectory(root)).map(({ name }) => name);
      const [other] = names.filter((name) => !NOBODYS.has(name));
      if (other === undefined) return null;
      throw notOurs(root, `holds ${other} and no ${MARKER}, so it is no place of backups`);
    }
    const text = (await readFile(fs, join(root, MARKER))).toString('utf8');
    const parsed = markerSchema.safeParse(parseJson(text));
    if (!parsed.success) throw notOurs(root, `has a ${MARKER} that this tierd did not write`);
    const { tierdBackup: _, ...marker } = parsed.data;
    return marker;
  });
}

/** @throws TierdError BACKUP_NOT_OURS */
export function assertOwnPlace(root: string, found: BackupMarker, owner: BackupOwner): void {
  const isSame =
    found.ledgerId === owner.ledgerId &&
    found.systemIdentifier === owner.systemIdentifier &&
    found.databaseOid === owner.databaseOid;
  if (isSame) return;
  throw notOurs(
    root,
    `has the backups of another ledger, ${found.ledgerId} in the database ${found.database} (oid ${found.databaseOid}) of the server ${found.systemIdentifier}, since ${found.since}`,
  );
}

/** The marker that lasts: this one, or that of whoever was first. @param runId of a staging area */
export async function claimBackupPlace(
  place: BackupPlace,
  runId: string,
  marker: BackupMarker,
): Promise<BackupMarker> {
  const text = `${JSON.stringify({ tierdBackup: 1, ...marker })}\n`;
  const staged = join(stagingOf(place, runId), 'marker');
  await writingBackup(`claim ${place.root}`, async () => {
    await place.fs.writeNewFile(staged, new TextEncoder().encode(text));
    await nameForGood(place, staged, join(place.root, MARKER));
  });
  return (await readBackupMarker(place)) ?? marker;
}

function stagingOf({ root }: BackupPlace, runId: string): string {
  return join(root, STAGING, runId);
}

/** Makes the run's, and removes all others': only with the lease of backups. @returns its path */
export async function makeStaging(place: BackupPlace, runId: string): Promise<string> {
  const { root, fs } = place;
  const path = stagingOf(place, runId);
  await writingBackup(`make ${path}`, async () => {
    await removeTree(fs, join(root, STAGING));
    await makeDirectories(fs, root, path);
  });
  return path;
}

export async function removeStaged(place: BackupPlace, runId: string): Promise<void> {
  const path = stagingOf(place, runId);
  await writingBackup(`remove ${path}`, async () => {
    await removeTree(place.fs, path);
  });
}

/**
 * Gives a staged file, which is flushed, its name so that it lasts; the staged name is gone then.
 * @returns whether the name was free: else what lies there is as it was
 */
export async function nameForGood(
  { root, fs }: BackupPlace,
  staged: string,
  final: string,
): Promise<boolean> {
  const directory = dirname(final);
  await makeDirectories(fs, root, directory);
  let isNew = true;
  try {
    await linkOrRename(fs, staged, final);
  } catch (error) {
    if (!isNodeError(error, 'EEXIST')) throw error;
    isNew = false;
  }
  await fs.syncDirectory(directory);
  await unlinkIfThere(fs, staged);
  return isNew;
}

/** Rather `link`, which replaces nothing; where there are no links, one process at a time has the lease. */
async function linkOrRename(fs: FileSystem, staged: string, final: string): Promise<void> {
  try {
    await fs.link(staged, final);
  } catch (error) {
    if (!isNodeError(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error;
    if ((await fs.look(final)) !== null) {
      throw Object.assign(new Error(`${final} exists`), { code: 'EEXIST' });
    }
    await fs.rename(staged, final);
  }
}

/** Whole, into memory. Throws what the file system does. */
export async function readFile(fs: FileSystem, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of fs.read(path, null)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one more way of not being a marker.
    return undefined;
  }
}

function notOurs(root: string, reason: string): TierdError {
  return new TierdError({
    code: 'BACKUP_NOT_OURS',
    message: `${root} ${reason}. Nothing was written there or removed.`,
    hint: 'let `backup.path` name an empty or new directory: each ledger has a place of its own, and one that was restored or moved to another server begins a new one',
    context: { place: root },
  });
}
