import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileSystem } from '../../src/lake/file-system.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import { describeObjectStore } from './object-store.ts';

async function localStore(fs: FileSystem) {
  const outer = await mkdtemp(join(tmpdir(), 'tierd-store-'));
  const root = join(outer, 'lake', 'cold_storage');
  return {
    store: await openLocalStore(root, fs),
    reopen: () => openLocalStore(root, fs),
    async plant(key: string, bytes: Uint8Array) {
      const path = join(root, key);
      await mkdir(dirname(path), { recursive: true });
      // A new file in its place: the staged name may be a second name of the old one.
      await rm(path, { force: true });
      await writeFile(path, bytes);
    },
    destroy: () => rm(outer, { recursive: true, force: true }),
  };
}

describeObjectStore('local disk', () => localStore(nodeFileSystem));
