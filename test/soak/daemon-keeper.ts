/** Keeps one built daemon running, as an init system does, through whatever is done to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TIERD = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const QUERY = fileURLToPath(new URL('../../dist/query-main.js', import.meta.url));

export interface KeptJob {
  readonly pid: number;
  /** `rotate`, `drain`, `scrub`; `query` of the process that answers over HTTP. */
  readonly name: string;
}

export interface KeptDaemon {
  readonly page: string;
  /** Of the process that runs now. */
  readonly pid: () => number;
  /** The processes that it has started, of jobs. */
  readonly jobs: () => readonly KeptJob[];
  signal(name: NodeJS.Signals): void;
  /** Ends it with that signal and starts it anew. @returns its exit code; null when it was killed. */
  restart(by: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  /** How often it ended without being asked. */
  readonly unasked: () => number;
  /** For good. @returns its exit code; null when it was killed. */
  stop(by?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** @param logFile gets all that it says. */
export function keepDaemon(
  config: { readonly file: string; readonly page: string },
  directory: string,
  logFile: string,
): KeptDaemon {
  const log: WriteStream = createWriteStream(logFile, { flags: 'a' });
  let unasked = 0;
  let isAsked = false;
  const start = (): ChildProcess => {
    isAsked = false;
    const daemon = spawn(process.execPath, [TIERD, 'run', '--config', config.file], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    daemon.stderr.pipe(log, { end: false });
    daemon.once('exit', () => {
      if (isAsked) return;
      unasked += 1;
      child = start();
    });
    return daemon;
  };
  let child = start();
  const end = async (by: NodeJS.Signals): Promise<number | null> => {
    const ending = child;
    isAsked = true;
    if (ending.exitCode !== null || ending.signalCode !== null) return ending.exitCode;
    const ended = once(ending, 'exit');
    ending.kill(by);
    const [code] = (await ended) as [number | null];
    return code;
  };
  return {
    page: config.page,
    pid: () => child.pid ?? 0,
    jobs: () => childrenOf(child.pid ?? 0).flatMap(asJob),
    signal: (name) => child.kill(name),
    unasked: () => unasked,
    async restart(by) {
      const code = await end(by);
      child = start();
      return code;
    },
    async stop(by = 'SIGTERM') {
      const code = await end(by);
      log.end();
      return code;
    },
  };
}

/** Of any thread of the process: Linux lists them by thread, and Node starts all from its first. */
function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has just ended
  }
}

/** None for what is forked and not yet its own program, or gone. */
function asJob(pid: number): readonly KeptJob[] {
  try {
    const argv = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0');
    if (argv.includes(QUERY)) return [{ pid, name: 'query' }];
    const name = argv[argv.indexOf(TIERD) + 1] ?? '';
    return argv.includes(TIERD) && name !== 'run' ? [{ pid, name }] : [];
  } catch {
    return [];
  }
}
