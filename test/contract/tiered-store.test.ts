import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import { openTieredStore } from '../../src/lake/tiered-store.ts';
import { describeObjectStore } from './object-store.ts';

describeObjectStore('two local disks', async () => {
  const outer = await mkdtemp(join(tmpdir(), 'tierd-store-'));
  const [near, far] = [join(outer, 'near', 'cold_storage'), join(outer, 'far', 'cold_storage')];
  const open = async (): Promise<ObjectStore> =>
    openTieredStore(
      await openLocalStore(near, nodeFileSystem),
      await openLocalStore(far, nodeFileSystem),
    );
  return {
    store: await open(),
    reopen: open,
    async plant(key: string, bytes: Uint8Array) {
      const path = join(near, key);
      await mkdir(dirname(path), { recursive: true });
      // A new file in its place: the staged name may be a second name of the old one.
      await rm(path, { force: true });
      await writeFile(path, bytes);
    },
    destroy: () => rm(outer, { recursive: true, force: true }),
  };
});
