/** What a dead mount holds must not hold this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Of processes that not even SIGKILL ends there are no more than these. */
const MOST_HELD = 8;

/**
 * A look at `path` by a process of its own, which may hang in place of this one: a thread of this
 * process could not be killed, and Node waits for its threads before it exits.
 *
 * @returns a function that says whether anything was answered before `signal` aborted; of `path`
 *   itself, whether it is there, that says nothing
 */
export function knockerAt(path: string): (signal: AbortSignal) => Promise<boolean> {
  let held = 0;
  return async (signal) => {
    if (held >= MOST_HELD) return false;
    const child = spawn('/bin/sh', ['-c', '[ -e "$0" ]', path], { stdio: 'ignore' });
    held += 1;
    child.once('exit', () => {
      held -= 1;
    });
    child.unref();
    const kill = (): void => {
      // Without a pid it was never there, and Node would signal what stands in its place.
      if (child.pid !== undefined) child.kill('SIGKILL');
    };
    process.once('exit', kill);
    try {
      await once(child, 'exit', { signal });
      return true;
    } catch {
      if (signal.aborted) return false;
      // No shell here, or no room for one more process: whoever knocks has to look himself.
      held -= 1;
      return true;
    } finally {
      process.off('exit', kill);
      kill();
    }
  };
}

/** The same once, within `limitMs`. */
export async function answersInTime(path: string, limitMs: number): Promise<boolean> {
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort();
  }, limitMs);
  try {
    return await knockerAt(path)(patience.signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Until what it gives is called, this process ends by a signal to itself, whatever it meant to end with:
 * a thread that a dead mount holds would keep it from ending at all.
 */
export function endWithoutThreads(): () => void {
  const end = (): void => void process.kill(process.pid, 'SIGKILL');
  process.once('exit', end);
  return () => {
    process.off('exit', end);
  };
}
