/**
 * One query in a process of its own, as its parent sees it. The engine's own limit covers neither
 * vectors nor texts (`repeat('x', 1e9)`), so the process as a whole is limited: by the kernel, where it
 * can be asked to, and by looking at it. It may be killed at any moment: it changes nothing, and what it
 * may leave on disk is its parent's to remove.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { TierdError } from '../../domain/errors.ts';
import { residentBytes } from '../../process/tree-memory.ts';
import type { QueryHead, QuerySummary } from '../query-request.ts';
import { type FromQuery, fromSent, parseFromQuery, type ToQuery } from './query-message.ts';

export interface QueryCommand {
  /** The program and what it is given. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

export interface QueryWatch {
  /** Resident memory of the process; above it, it is killed. Linux only. */
  readonly maxMemoryBytes: number;
  readonly signal: AbortSignal;
  /** Takes the answer as it comes; resolves when there may be more, rejects when nobody reads on. */
  readonly write: (part: Buffer) => Promise<void>;
  readonly warn: (text: string) => void;
  /** Before the first row. */
  readonly onHead?: (head: QueryHead) => void;
}

/** Where its rows come out. Standard output is closed: a library that prints must not mix with them. */
export const ROWS_FD = 4;

/** It takes tens of MB more in that time at the most: the kernel gives new pages at about 1 GB/s. */
const LOOK_EVERY_MS = 20;
/** From the request to end to the kill. */
const PATIENCE_MS = 1_000;
/** Of what it says before it dies: the last lines tell why. */
const MAX_LAST_WORDS = 4_096;

/**
 * Starts the process, gives it its task, and hands its answer on. Nothing of it runs any more when this
 * ends, however it ends.
 *
 * @throws TierdError what the query threw; QUERY_TOO_LARGE, QUERY_ENGINE_DIED, INTERRUPTED
 */
export async function runQueryProcess(
  { argv, env, workingDirectory }: QueryCommand,
  task: unknown,
  watch: QueryWatch,
): Promise<QuerySummary> {
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, {
    cwd: workingDirectory,
    env: { ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    serialization: 'advanced',
    // A group of its own: Ctrl-C on the terminal is for its parent to pass on.
    detached: true,
  });
  // Told below by its end; a message that it can't get says no more.
  child.on('error', () => undefined);
  const kill = (): void => void child.kill('SIGKILL');
  // Before what else happens at the end of this process: nothing may write there any more.
  process.prependOnceListener('exit', kill);
  try {
    return await converse(child, task, watch);
  } finally {
    kill();
    await ended(child);
    process.off('exit', kill);
  }
}

async function converse(
  child: ChildProcess,
  task: unknown,
  { maxMemoryBytes, signal, write, warn, onHead }: QueryWatch,
): Promise<QuerySummary> {
  let last: Exclude<FromQuery, { kind: 'warning' | 'begun' }> | undefined;
  child.on('message', (message) => {
    const said = parseFromQuery(message);
    if (said?.kind === 'warning') warn(said.text);
    else if (said?.kind === 'begun') onHead?.(said.head);
    else last ??= said;
  });
  const lastWords = collectTail(child);
  const reached = limitMemory(child, maxMemoryBytes);
  const impatience = interruptOnAbort(child, signal);
  try {
    say(child, { kind: 'task', task });
    await handOn(child, write);
    await spoken(child, () => last !== undefined);
  } catch (error) {
    // Whoever should have read is gone, or the process is: the latter is told below.
    if (child.exitCode === null && child.signalCode === null && !signal.aborted) throw error;
  } finally {
    reached.end();
    impatience.end();
  }
  if (last?.kind === 'answered') return last.summary;
  const reachedBytes = reached.bytes();
  if (reachedBytes !== null) throw tooLarge(reachedBytes, maxMemoryBytes);
  if (last !== undefined) throw fromSent(last.error);
  if (signal.aborted) throw interrupted(signal);
  throw await died(child, lastWords());
}

async function handOn(child: ChildProcess, write: QueryWatch['write']): Promise<void> {
  const rows = child.stdio[ROWS_FD] as Readable;
  for await (const part of rows) await write(part as Buffer);
}

/** Until it has said how it ended, or can't any more. Its last message may come after its rows. */
async function spoken(child: ChildProcess, hasSpoken: () => boolean): Promise<void> {
  while (!hasSpoken() && child.connected) {
    const over = new AbortController();
    const { signal } = over;
    await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'disconnect', { signal }),
    ]).finally(() => over.abort());
  }
}

function say(child: ChildProcess, message: ToQuery): void {
  // That it is gone already shows in its end.
  if (child.connected) child.send(message, () => undefined);
}

function limitMemory(
  child: ChildProcess,
  maxBytes: number,
): { readonly bytes: () => number | null; end(): void } {
  let reached: number | null = null;
  const look = setInterval(() => {
    const bytes = child.pid === undefined ? null : residentBytes(child.pid);
    if (bytes === null || bytes <= maxBytes) return;
    reached ??= bytes;
    child.kill('SIGKILL');
  }, LOOK_EVERY_MS);
  return { bytes: () => reached, end: () => clearInterval(look) };
}

function interruptOnAbort(child: ChildProcess, signal: AbortSignal): { end(): void } {
  let impatience: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    say(child, { kind: 'interrupt' });
    impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    end() {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(impatience);
    },
  };
}

function collectTail({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-MAX_LAST_WORDS);
  });
  return () => text;
}

/** Never rejects. */
async function ended(child: ChildProcess): Promise<void> {
  // Without a pid it was never there.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

function tooLarge(reachedBytes: number, maxBytes: number): TierdError {
  return new TierdError({
    code: 'QUERY_TOO_LARGE',
    message: `The query took ${megabytes(reachedBytes)} of memory, and query.max_memory is ${megabytes(maxBytes)}: it was ended. Nothing was changed.`,
    hint: 'Ask for less at once: a shorter time, fewer columns, no list or text that is made of all rows; or raise query.max_memory.',
    context: { reachedBytes, maxBytes },
  });
}

/** As the configuration counts them. */
function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 1024 ** 2))}MB`;
}

function interrupted(signal: AbortSignal): TierdError {
  return new TierdError({
    code: 'INTERRUPTED',
    message: 'The query was interrupted. Nothing was changed.',
    cause: signal.reason,
  });
}

async function died(child: ChildProcess, lastWords: string): Promise<TierdError> {
  child.kill('SIGKILL');
  await ended(child);
  const { exitCode, signalCode, pid } = child;
  const how =
    pid === undefined
      ? 'could not be started'
      : signalCode === null
        ? `ended with ${String(exitCode)}`
        : `was ended by ${signalCode}`;
  const reason = /^(FATAL ERROR|prlimit|\w*Error): .*$/m.exec(lastWords)?.[0];
  return new TierdError({
    code: 'QUERY_ENGINE_DIED',
    message: `The process of the query ${how} before it had answered${reason === undefined ? '' : `: ${reason}`}. Nothing was changed.`,
    hint: 'Run it again. Where it ends so each time, ask for less at once; `journalctl -k` says whether the kernel ended it for want of memory.',
    context: { exitCode, signal: signalCode },
  });
}
