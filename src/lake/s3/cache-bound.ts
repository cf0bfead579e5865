/** The bound of what is kept of a bucket on this machine. */
import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { passing } from '../parts/chunk-cache.ts';

/**
 * Down to the limit, by when they were last asked for. Readers keep what they opened. By the one that asks, as the
 * cache's own steps are: to leave so many of them to another thread takes longer than they do.
 */
export function evict(directory: string, maxBytes: number): void {
  const files: { path: string; bytes: number; usedAt: number }[] = [];
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    // Evicted by another process meanwhile.
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts !== undefined) files.push({ path, bytes: facts.size, usedAt: facts.mtimeMs });
  }
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= maxBytes) return;
    // What can't be removed counts as gone, or nothing would ever end this.
    passing(() => unlinkSync(path));
    total -= bytes;
  }
}
