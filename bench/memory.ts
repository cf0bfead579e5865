/** The memory of a process and all that it started, as Linux reports it. */
import { readdirSync, readFileSync } from 'node:fs';

const INTERVAL_MS = 50;

export interface MemoryWatch {
  /** The most that the tree held at once, in bytes; NaN where there is no /proc. */
  stop(): number;
}

/**
 * Adds up, at every look, the high-water marks (VmHWM) of the processes that live then: what a
 * process held between two looks counts too, so the figure errs upwards if at all.
 *
 * @param of the process itself and what it started, or the latter alone
 */
export function watchMemory(rootPid: number, of: 'all' | 'started' = 'all'): MemoryWatch {
  let peak = Number.NaN;
  const look = (): void => {
    const tree = treeOf(rootPid).slice(of === 'all' ? 0 : 1);
    const held = tree.reduce((sum, pid) => sum + highWaterMark(pid), 0);
    if (held > 0) peak = Math.max(Number.isNaN(peak) ? 0 : peak, held);
  };
  const timer = setInterval(look, INTERVAL_MS);
  look();
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

function treeOf(root: number): number[] {
  const tree = [root];
  for (const pid of tree) {
    for (const thread of listThreads(pid)) {
      const children = readOrNothing(`/proc/${pid}/task/${thread}/children`).split(' ');
      tree.push(...children.filter((child) => child !== '').map(Number));
    }
  }
  return tree;
}

function highWaterMark(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readOrNothing(`/proc/${pid}/status`));
  return Number(line?.[1] ?? 0) * 1024;
}

function listThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended, or this is not Linux
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
