/** A file system on which what is made may be read by those who are to read the lake, and nobody else. */
import * as fs from 'node:fs/promises';
import type { LakeReaders } from '../domain/lake/lake-readers.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';

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
    },
    async writeNewFile(path, bytes) {
      const file = await fs.open(path, 'wx', fileMode);
      try {
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
      await nodeFileSystem.syncFile(path);
    },
  };
}
