/** The bound of what is kept of a bucket on this machine. */
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Looks under way at once. */
const LOOKED_AT_ONCE = 32;

/** Down to the limit, by when they were last asked for. Readers keep what they opened. */
export async function evict(directory: string, maxBytes: number): Promise<void> {
  const files: { path: string; bytes: number; usedAt: number }[] = [];
  const waiting = (await readdir(directory)).values();
  const look = async (): Promise<void> => {
    for (const name of waiting) {
      const path = join(directory, name);
      // Evicted by another process meanwhile.
      const facts = await stat(path).catch(() => null);
      if (facts !== null) files.push({ path, bytes: facts.size, usedAt: facts.mtimeMs });
    }
  };
  await Promise.all(Array.from({ length: LOOKED_AT_ONCE }, look));
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= maxBytes) return;
    await unlink(path).catch(() => undefined);
    total -= bytes;
  }
}
