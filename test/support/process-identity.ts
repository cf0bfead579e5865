/** Which process was it? A pid alone is used again; a pid and its start time are not. */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot on Linux; empty where /proc isn't there. */
  readonly startedAt: string;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startedAt: startTime(pid) ?? '' };
}

export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return (startTime(pid) ?? '') === startedAt;
}

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything.
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isZombie = afterName[0] === 'Z';
    return isZombie ? undefined : afterName[19];
  } catch {
    return undefined; // no /proc, or no such process: kill(pid, 0) tells which
  }
}
