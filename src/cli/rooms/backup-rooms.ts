/** What backups work with, of the configuration. */
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import type { BackupConfig } from '../../config/backup-section.ts';
import type { TierdConfig } from '../../config/load.ts';
import { TierdError } from '../../domain/errors.ts';
import { connect, disconnect } from '../../hot/server/connect.ts';
import type {
  BackupRooms,
  DrillRooms,
  RestoreRooms,
  TellProgress,
} from '../../jobs/backup/rooms.ts';
import type { BackupPlace } from '../../lake/backup/backup-place.ts';
import { fileSystemFor } from '../../lake/file-modes.ts';
import { nodeFileSystem } from '../../lake/file-system.ts';
import { nearestExisting } from '../../lake/free-bytes.ts';
import type { CliContext } from '../context.ts';
import { readVersion } from '../version.ts';
import { composeByHand, withEngine } from './rooms.ts';

/** @throws TierdError CONFIG_INVALID without the section */
export function backupConfig({ backup, file }: TierdConfig): BackupConfig {
  if (backup !== undefined) return backup;
  throw new TierdError({
    code: 'CONFIG_INVALID',
    message: `${file} has no \`backup\` section, so there is no place for backups; nothing was done`,
    hint: 'add `backup: { path: /mnt/backup/tierd }`: a directory on another disk than the lake and the database',
  });
}

/** Who may read a backup may read all of the database: that is tierd's user alone. */
export function backupPlace(config: TierdConfig): BackupPlace {
  return { root: backupConfig(config).path, fs: fileSystemFor('owner') };
}

/** `work` gets a connection past any pooler. */
export async function withBackupRooms<Result>(
  context: CliContext,
  work: (rooms: BackupRooms, db: pg.Client) => Promise<Result>,
): Promise<Result> {
  const rooms = await composeBackups(context);
  const db = await rooms.connect('direct');
  try {
    return await work(rooms, db);
  } finally {
    await disconnect(db);
  }
}

/** The same with what a restore and its proof take. */
export async function withDrillRooms<Result>(
  context: CliContext,
  work: (rooms: DrillRooms, db: pg.Client) => Promise<Result>,
): Promise<Result> {
  return withEngine(context, (local) =>
    withBackupRooms(context, (rooms, db) =>
      work({ ...rooms, ...local, ...restoreRooms(context) }, db),
    ),
  );
}

/** Asks nothing of the ledger or the lake: they may be lost. */
export function restoreRooms(context: CliContext): RestoreRooms {
  const config = context.loadConfig();
  const { connectTimeoutMs } = config.postgres;
  return {
    place: backupPlace(config),
    programs: programsOf(context),
    lakeFileSystem: fileSystemFor(config.lake.type === 'local' ? config.lake.readers : 'group'),
    connectTo: (url) => connect({ url, job: 'backup', connectTimeoutMs }),
    signal: context.signal,
  };
}

async function composeBackups(context: CliContext): Promise<BackupRooms> {
  const config = context.loadConfig();
  const { lakeFiles } = backupConfig(config);
  const place = backupPlace(config);
  await assertBackedUp(config, place);
  return {
    ...(await composeByHand(context, 'backup')),
    place,
    mayLink: lakeFiles === 'link',
    programs: programsOf(context),
    url: config.postgres.directUrl,
    datasets: config.datasets,
    newId: randomUUID,
    version: readVersion(),
    signal: context.signal,
  };
}

function programsOf(context: CliContext): RestoreRooms['programs'] {
  return { directory: backupConfig(context.loadConfig()).programs, env: context.env };
}

/** @throws TierdError REFUSED for lakes that no backup is made of yet; CONFIG_INVALID where the two are one within the other */
async function assertBackedUp({ lake }: TierdConfig, place: BackupPlace): Promise<void> {
  if (lake.type !== 'local') {
    throw notYet(
      'a lake in a bucket',
      'let the bucket keep versions, or copy it with `tierd lake copy` to a disk; the database with pg_dump, after that',
    );
  }
  if (lake.far !== null) {
    throw notYet(
      'a lake in two places',
      'copy both places with the daemon stopped, and the database with pg_dump',
    );
  }
  const [lakeWay, ownWay] = await Promise.all([wayTo(dirname(lake.root)), wayTo(place.root)]);
  if (!lakeWay.startsWith(ownWay) && !ownWay.startsWith(lakeWay)) return;
  throw new TierdError({
    code: 'CONFIG_INVALID',
    message: `of the lake ${lakeWay} and the place of backups ${ownWay} one lies within the other; nothing was done`,
    hint: 'let `backup.path` name a directory of its own',
  });
}

function notYet(what: string, hint: string): TierdError {
  return new TierdError({
    code: 'REFUSED',
    message: `backups of ${what} are not done yet; nothing was done`,
    hint: `docs/backup.md says what is. Until then: ${hint}`,
  });
}

/** Past any links, as far as it exists. Ends with a slash. */
async function wayTo(path: string): Promise<string> {
  const existing = await nearestExisting(nodeFileSystem, path);
  return `${join(await nodeFileSystem.realPath(existing), path.slice(existing.length))}/`;
}

/** A bar for the bytes of one command. */
export async function withByteProgress<Result>(
  context: CliContext,
  work: (tell: TellProgress) => Promise<Result>,
): Promise<Result> {
  const progress = context.createProgress('bytes');
  try {
    return await work((label, done, total) => {
      progress.update({ label, done, ...(total === null ? {} : { total }) });
    });
  } finally {
    progress.end();
  }
}
