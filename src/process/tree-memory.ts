/** How much memory a process and its descendants hold. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Resident bytes of `pid` and all below it, from /proc; null where there is none or the process is
 * gone. Pages that several of them share count for each: it errs on the side of the limit.
 */
export function treeRssBytes(pid: number): number | null {
  const own = residentBytes(pid);
  if (own === null) return null;
  return childrenOf(pid).reduce((sum, child) => sum + (treeRssBytes(child) ?? 0), own);
}

/** Of `pid` alone, as `treeRssBytes`. */
export function residentBytes(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

function childrenOf(pid: number): readonly number[] {
  const tasks = `/proc/${String(pid)}/task`;
  try {
    return readdirSync(tasks).flatMap((task) =>
      readFileSync(`${tasks}/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // It ended meanwhile, or this kernel does not list children.
  }
}
