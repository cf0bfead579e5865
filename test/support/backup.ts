/** Backups over a rotation's bench, by the test servers' own pg_dump. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { NamedBackup } from '../../src/domain/backup/manifest.ts';
import type { KeepRules } from '../../src/domain/backup/retention.ts';
import type { Dataset } from '../../src/domain/dataset.ts';
import { connect, disconnect } from '../../src/hot/server/connect.ts';
import type { BackupRooms, DrillRooms } from '../../src/jobs/backup/rooms.ts';
import { type DrillResult, drillBackup } from '../../src/jobs/drill-backup.ts';
import { type PrunePlan, pruneBackups } from '../../src/jobs/prune-backups.ts';
import { restoreBackup } from '../../src/jobs/restore-backup.ts';
import { type TakenBackup, takeBackup } from '../../src/jobs/take-backup.ts';
import { type VerifyResult, verifyBackups } from '../../src/jobs/verify-backups.ts';
import { fileSystemFor } from '../../src/lake/file-modes.ts';
import type { TestDatabase } from './database.ts';
import type { Bench } from './rotation.ts';
import { openServerTree } from './server-tree.ts';

/**
 * A directory with a pg_dump and a pg_restore that run inside of the servers' tree, and see this machine's temporary
 * directory there.
 */
export async function makePrograms(atEnd = onTestFinished): Promise<string> {
  const tree = await openServerTree();
  if (!tree.full) throw new Error(`There is no pg_dump for the tests here: ${tree.lacks}.`);
  const directory = await mkdtemp(join(tmpdir(), 'tierd-programs-'));
  atEnd(() => rm(directory, { recursive: true, force: true }));
  const root = tree.runsDir.replace(/\/srv\/runs$/, '');
  for (const name of ['pg_dump', 'pg_restore']) {
    await writeProgram(
      directory,
      name,
      `PATH=/usr/sbin:/usr/bin:/sbin:/bin exec unshare --mount sh -c 'mount --rbind "${tmpdir()}" "$0/tmp" && exec chroot "$0" "$@"' ${root} ${join(tree.postgresBin, name)} "$@"`,
    );
  }
  return directory;
}

export async function writeProgram(directory: string, name: string, script: string): Promise<void> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

export interface BackupBench extends Bench {
  readonly backup: DrillRooms;
}

/** The place of its backups lies beside the bench's lake. */
export async function withBackups(
  bench: Bench,
  database: TestDatabase,
  datasets: readonly Dataset[],
  changes: Partial<DrillRooms> = {},
): Promise<BackupBench> {
  const { rooms, directory } = bench;
  let tick = rooms.clock.now();
  const backup: DrillRooms = {
    ...rooms,
    // Two backups of one instant would be in no order.
    clock: { now: () => (tick += 1_000) },
    place: { root: join(directory, 'backup'), fs: fileSystemFor('owner') },
    mayLink: true,
    programs: { directory: changes.programs?.directory ?? (await makePrograms()), env: {} },
    url: database.url,
    datasets,
    lakeFileSystem: fileSystemFor('group'),
    connectTo: (url) => connect({ url, job: 'test' }),
    ...changes,
  };
  return { ...bench, backup };
}

const silent = (): void => undefined;

async function onDatabase<Result>(
  rooms: Pick<BackupRooms, 'connect'>,
  work: (db: Awaited<ReturnType<BackupRooms['connect']>>) => Promise<Result>,
): Promise<Result> {
  const db = await rooms.connect('work');
  try {
    return await work(db);
  } finally {
    await disconnect(db);
  }
}

export const snapshot = (rooms: BackupRooms, anew = false): Promise<TakenBackup> =>
  onDatabase(rooms, (db) => takeBackup(rooms, db, { kind: 'snapshot', anew }, silent));

export const dump = (rooms: BackupRooms): Promise<TakenBackup> =>
  onDatabase(rooms, (db) => takeBackup(rooms, db, { kind: 'dump', anew: false }, silent));

export const prune = (rooms: BackupRooms, rules: KeepRules): Promise<PrunePlan> =>
  onDatabase(rooms, (db) => pruneBackups(rooms, db, rules));

export const drill = (rooms: DrillRooms): Promise<DrillResult> =>
  onDatabase(rooms, (db) => drillBackup(rooms, db, silent));

export const verify = ({ place, signal }: BackupRooms): Promise<VerifyResult> =>
  verifyBackups(place, [], signal, silent);

export const restoreInto = (
  rooms: DrillRooms,
  wish: { readonly backup: NamedBackup; readonly url: string; readonly lakePath: string },
): Promise<void> => restoreBackup(rooms, wish, silent);
