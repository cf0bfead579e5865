/**
 * The process that queries run in, one at a time, as its parent sees it. The engine's own limit covers
 * neither vectors nor texts (`repeat('x', 1e9)`), so the process as a whole is limited: by the kernel, where
 * it can be asked to, and by looking at it. It may be killed at any moment: it changes nothing, and what it
 * may leave on disk is its parent's to remove.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { residentBytes } from '../../process/tree-memory.ts';
import type { QueryHead, QuerySummary } from '../query-request.ts';
import { Bell } from './bell.ts';
import { died, interrupted, tooLarge } from './process-failures.ts';
import {
  fromSent,
  isRefusal,
  parseFromQuery,
  type QueryEnd,
  type ToQuery,
} from './query-message.ts';

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

export class QueryProcess {
  readonly #child: ChildProcess;
  readonly #rows: Readable;
  readonly #bell = new Bell();
  #lastWords = '';
  #isTaken = false;
  #hasRefused = false;

  /** Starts it, which takes a while: it may be asked at once. */
  constructor({ argv, env, workingDirectory }: QueryCommand) {
    const [program = '', ...rest] = argv;
    this.#child = spawn(program, rest, {
      cwd: workingDirectory,
      env: { ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
      serialization: 'advanced',
      // A group of its own: Ctrl-C on the terminal is for its parent to pass on.
      detached: true,
    });
    this.#rows = this.#child.stdio[ROWS_FD] as Readable;
    for (const event of ['readable', 'close', 'error']) this.#rows.on(event, this.#bell.ring);
    // Told by its end; a message that it can't get says no more.
    this.#child.on('error', this.#bell.ring).on('disconnect', this.#bell.ring);
    this.#child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      this.#lastWords = (this.#lastWords + part).slice(-MAX_LAST_WORDS);
    });
    // Before what else happens at the end of this process: nothing may write there any more.
    process.prependOnceListener('exit', this.#kill);
    this.#child.once('exit', () => process.off('exit', this.#kill));
  }

  /** The last task came as far as the process: it has begun, whatever came of it. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /**
   * The last task was refused for what it asked, before a row of it was written and before anything ran: a wrong
   * name, no single SELECT. The process is then as after an answer.
   */
  get hasRefused(): boolean {
    return this.#hasRefused;
  }

  get isGone(): boolean {
    const { pid, exitCode, signalCode, connected } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null || !connected;
  }

  /** Nothing more will be heard of it. What it said before it went may still be on its way. */
  get #isSilent(): boolean {
    return this.#child.pid === undefined || !this.#child.connected;
  }

  /** Null where that can't be told. */
  get residentBytes(): number | null {
    return this.#child.pid === undefined ? null : residentBytes(this.#child.pid);
  }

  /**
   * Gives it a task and hands its answer on. It can be asked again only where it has answered, or refused, and
   * nobody had wanted to interrupt it: of whatever else happened, something may be under way there.
   *
   * @throws TierdError what the query threw; QUERY_TOO_LARGE, QUERY_ENGINE_DIED, INTERRUPTED
   */
  async ask(task: unknown, watch: QueryWatch): Promise<QuerySummary> {
    const { maxMemoryBytes, signal } = watch;
    this.#lastWords = '';
    this.#isTaken = false;
    this.#hasRefused = false;
    let end: QueryEnd | undefined;
    const stopHearing = this.#hear(watch, (last) => {
      end ??= last;
    });
    const memory = this.#limitMemory(maxMemoryBytes);
    const impatience = this.#interruptOnAbort(signal);
    try {
      this.#say({ kind: 'task', task });
      await this.#handOn(() => end, watch.write);
    } catch (error) {
      // Whoever should have read is gone, or the process is: the latter is told below.
      if (!this.isGone && !signal.aborted) throw error;
    } finally {
      memory.end();
      impatience.end();
      stopHearing();
    }
    if (end?.kind === 'answered') return end.summary;
    const reachedBytes = memory.bytes();
    if (reachedBytes !== null) throw tooLarge(reachedBytes, maxMemoryBytes);
    if (end !== undefined) {
      this.#hasRefused = end.rowBytes === 0 && isRefusal(end.error.code);
      throw fromSent(end.error);
    }
    if (signal.aborted) throw interrupted(signal);
    await this.kill();
    const { pid, exitCode, signalCode } = this.#child;
    throw died({ pid, exitCode, signalCode, lastWords: this.#lastWords });
  }

  /** Lets it say goodbye to PostgreSQL; it is gone then. Never rejects. */
  async leave(): Promise<void> {
    this.#say({ kind: 'leave' });
    const impatience = setTimeout(this.#kill, PATIENCE_MS);
    await this.#ended();
    clearTimeout(impatience);
  }

  /** It is gone then. Never rejects. */
  async kill(): Promise<void> {
    this.#kill();
    await this.#ended();
  }

  onGone(listener: () => void): void {
    this.#child.once('exit', listener);
  }

  readonly #kill = (): void => {
    // One that could not be started has no pid, and Node would signal what stands in its place: our own group, say.
    if (this.#child.pid !== undefined) this.#child.kill('SIGKILL');
  };

  #say(message: ToQuery): void {
    // That it is gone already shows in its end.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #hear({ warn, onHead }: QueryWatch, onEnd: (end: QueryEnd) => void): () => void {
    const onMessage = (message: unknown): void => {
      const said = parseFromQuery(message);
      switch (said?.kind) {
        case undefined:
          return;
        case 'taken':
          this.#isTaken = true;
          break;
        case 'warning':
          warn(said.text);
          break;
        case 'begun':
          onHead?.(said.head);
          break;
        case 'answered':
        case 'failed':
          onEnd(said);
      }
      this.#bell.ring();
    };
    this.#child.on('message', onMessage);
    return () => this.#child.off('message', onMessage);
  }

  /** Until it has said how it ended and all its rows are here, or it can say nothing any more. */
  async #handOn(end: () => QueryEnd | undefined, write: QueryWatch['write']): Promise<void> {
    let bytes = 0;
    for (;;) {
      const part = this.#rows.read() as Buffer | null;
      if (part !== null) {
        bytes += part.length;
        await write(part);
        continue;
      }
      const last = end();
      if (last !== undefined && (bytes >= last.rowBytes || this.#rows.closed)) return;
      if (last === undefined && this.#isSilent) return;
      await this.#bell.heard();
    }
  }

  #limitMemory(maxBytes: number): { readonly bytes: () => number | null; end(): void } {
    let reached: number | null = null;
    const look = setInterval(() => {
      const bytes = this.residentBytes;
      if (bytes === null || bytes <= maxBytes) return;
      reached ??= bytes;
      this.#kill();
    }, LOOK_EVERY_MS);
    return { bytes: () => reached, end: () => clearInterval(look) };
  }

  #interruptOnAbort(signal: AbortSignal): { end(): void } {
    let impatience: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      this.#say({ kind: 'interrupt' });
      impatience = setTimeout(this.#kill, PATIENCE_MS);
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

  async #ended(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    // Without a pid it was never there.
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    await new Promise((resolve) => this.#child.once('exit', resolve));
  }
}
