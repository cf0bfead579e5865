/**
 * One job as a child process: the command a person would type, with a channel for its progress.
 * Whatever becomes of it (a crash, an out-of-memory kill), the daemon gets a value that says so.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { treeRssBytes } from '../process/tree-memory.ts';
import { parseJobMessage } from './job-message.ts';
import type { ProcessEnd, StopReason } from './job-result.ts';
import { splitLines } from './split-lines.ts';
import type { JobProgress } from './state.ts';

export interface JobCommand {
  readonly program: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** What the process reads on its stdin. */
  readonly stdin: string;
  readonly heapLimitMb: number;
}

export interface JobLimits {
  /** From the start to the request to stop; null is no limit. */
  readonly timeoutMs: number | null;
  /** Resident memory of the process and all below it; above it, it is killed. Linux only. */
  readonly memoryBytes: number | null;
  readonly sampleEveryMs: number;
  /** From the request to stop to SIGKILL. */
  readonly killAfterMs: number;
}

export interface JobHooks {
  readonly onProgress: (progress: JobProgress) => void;
  readonly onMemory: (rssBytes: number) => void;
  /** Each line of its stderr. */
  readonly onLine: (line: string) => void;
}

export interface JobProcess {
  /** Null when it could not be started. */
  readonly pid: number | null;
  /** Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** SIGTERM, then SIGKILL for it and all below it. The first reason is what counts. */
  stop(reason: StopReason): void;
}

/** A report has a line for each dataset and move: more than this is no report. */
const MAX_STDOUT_BYTES = 16 * 1024 * 1024;
/** How long a process that is gone may leave its streams open, held by one that it started. */
const STREAMS_LINGER_MS = 1_000;

export function startJob(command: JobCommand, limits: JobLimits, hooks: JobHooks): JobProcess {
  const child = fork(command.program, command.argv, {
    cwd: command.workingDirectory,
    env: { ...command.env },
    execArgv: [`--max-old-space-size=${String(command.heapLimitMb)}`],
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C on the daemon's terminal is for the daemon to pass on, once.
    detached: true,
  });
  let stoppedFor: StopReason | null = null;
  let killTimer: NodeJS.Timeout | undefined;

  const stop = (reason: StopReason): void => {
    if (stoppedFor !== null || hasEnded(child)) return;
    stoppedFor = reason;
    // One that could not be started has no pid, and Node would signal what stands in its place: our own group, say.
    if (child.pid === undefined) return;
    // Over its limit it has no time to lose: every step of it may be cut off and run again (I4).
    if (reason === 'memory') {
      killTree(child);
      return;
    }
    child.kill('SIGTERM');
    killTimer = setTimeout(() => killTree(child), limits.killAfterMs);
  };

  const watch = watchLimits(child, limits, hooks, stop);
  child.on('message', (message) => {
    const parsed = parseJobMessage(message);
    if (parsed !== undefined) hooks.onProgress(parsed.progress);
  });
  child.stdin?.on('error', () => undefined); // It ended before it read: its exit code says why.
  child.stdin?.end(command.stdin);
  const stdout = collect(child.stdout);
  if (child.stderr !== null) splitLines(child.stderr, hooks.onLine);

  const ended = endOf(child).then(({ exitCode, signal, startFailure }): ProcessEnd => {
    watch.end();
    clearTimeout(killTimer);
    return { exitCode, signal, startFailure, stoppedFor, stdout: stdout() };
  });
  return { pid: child.pid ?? null, ended, stop };
}

function watchLimits(
  child: ChildProcess,
  limits: JobLimits,
  hooks: JobHooks,
  stop: (reason: StopReason) => void,
): { end(): void } {
  const { timeoutMs, memoryBytes } = limits;
  const timeout = timeoutMs === null ? undefined : setTimeout(() => stop('timeout'), timeoutMs);
  const sampler = setInterval(() => {
    const rss = child.pid === undefined ? null : treeRssBytes(child.pid);
    if (rss === null) return;
    hooks.onMemory(rss);
    if (memoryBytes !== null && rss > memoryBytes) stop('memory');
  }, limits.sampleEveryMs);
  return {
    end() {
      clearTimeout(timeout);
      clearInterval(sampler);
    },
  };
}

type Ending = Pick<ProcessEnd, 'exitCode' | 'signal' | 'startFailure'>;

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    let failure: string | null = null;
    child.on('error', (error) => {
      // Also raised when a signal or a message can't be delivered; only without a pid is it the start.
      if (child.pid !== undefined) return;
      failure = error.message;
      resolve({ exitCode: null, signal: null, startFailure: failure });
    });
    child.once('exit', (exitCode, signal) => {
      const end = (): void => {
        clearTimeout(linger);
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ exitCode, signal, startFailure: failure });
      };
      const linger = setTimeout(end, STREAMS_LINGER_MS);
      child.once('close', end);
    });
  });
}

function killTree(child: ChildProcess): void {
  if (child.pid === undefined || hasEnded(child)) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // It has left its group, or is about to be gone.
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function collect(stream: Readable | null): () => string {
  const parts: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= MAX_STDOUT_BYTES) parts.push(part);
  });
  return () => Buffer.concat(parts).toString('utf8');
}
