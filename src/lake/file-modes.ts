/** A file system on which what is made may be read by those who are to read the lake, and nobody else. */
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LakeReaders } from '../domain/lake/lake-readers.ts';
import { type FileSystem, isNodeError, nodeFileSystem } from './file-system.ts';

const FILE_MODES: Readonly<Record<LakeReaders, number>> = {
  owner: 0o600,
  group: 0o640,
  everyone: 0o644,
};

/** The process' umask takes away of it what it takes away of all. */
export function fileSystemFor(readers: LakeReaders): FileSystem {
  const fileMode = FILE_MODES[readers];
  // Who may read a file may enter its folder.
  const folderMode = fileMode | 0o100 | ((fileMode & 0o044) >> 2);
  return {
    ...nodeFileSystem,
    async makeDirectory(path) {
      await fs.mkdir(path, { mode: folderMode });
      await giveToOwnerOfFolder(path);
    },
    async writeNewFile(path, bytes) {
      const file = await fs.open(path, 'wx', fileMode);
      try {
        await giveToOwnerOfFolder(path);
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    // Before it is flushed, and so before it has a name in the lake: DuckDB makes files for everyone.
    async syncFile(path) {
      const { mode } = await fs.stat(path);
      await fs.chmod(path, mode & fileMode);
      await giveToOwnerOfFolder(path);
      await nodeFileSystem.syncFile(path);
    },
  };
}

/**
 * What root makes in the lake of another user, or in its folder for spilling, is that user's: a command that root typed
 * must leave nothing that the daemon can't use. Follows no link, so that its owner can have nothing else given to him.
 */
export async function giveToOwnerOfFolder(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await fs.stat(dirname(path));
  try {
    await fs.lchown(path, uid, gid);
  } catch (error) {
    // A root without that right (a container, a file server that trusts no root), or to whom that owner is nobody he
    // can name (EINVAL: a container that maps few users, NFS), owns what it makes, as before.
    if (!isNodeError(error, 'EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP')) throw error;
  }
}
