/**
 * A network file system whose server is away answers nothing, not even an error, and whoever looks at
 * it waits for ever. Here nobody does: what has not answered in time is told as a lake that is away.
 */
import { TierdError } from '../domain/errors.ts';
import type { FileSystem } from './file-system.ts';

export interface TimeLimits {
  /** For the look before all others, from outside of this process. */
  readonly knockMs: number;
  /** For a look, or a piece of a file. */
  readonly lookMs: number;
  /** For one effect: a slow disk may take minutes to flush a large file. */
  readonly effectMs: number;
  /** How long an answer, or silence, is taken for a sign of more. */
  readonly freshMs: number;
}

/** A disk that has to spin up takes ten seconds. */
export const USUAL_TIME_LIMITS: TimeLimits = {
  knockMs: 10_000,
  lookMs: 30_000,
  effectMs: 600_000,
  freshMs: 10_000,
};

export interface Reach {
  /** Where the lake lies, for messages. */
  readonly place: string;
  /** Whether the file system answered before `signal` aborted. Never throws. */
  readonly knock: (signal: AbortSignal) => Promise<boolean>;
  /** Called when a step of this process is overdue; calls what it gives once that is answered. */
  readonly whileHeld: () => () => void;
  readonly limits: TimeLimits;
}

/**
 * `inner`, where each step ends in time or throws LAKE_UNREACHABLE, and for a while after one that
 * did not all others throw it at once: each that hung would hold one of the few threads. An effect that
 * was given up may still come to be, as that of a process which lost its lease (I4).
 */
export function withinTime(inner: FileSystem, reach: Reach): FileSystem {
  const steps = new Steps(reach);
  const { lookMs, effectMs } = reach.limits;
  const look = <T>(what: string, step: () => Promise<T>): Promise<T> =>
    steps.take(what, lookMs, step);
  const effect = (what: string, step: () => Promise<void>): Promise<void> =>
    steps.take(what, effectMs, step);
  return {
    makeDirectory: (path) => effect(`make ${path}`, () => inner.makeDirectory(path)),
    writeNewFile: (path, bytes) => effect(`write ${path}`, () => inner.writeNewFile(path, bytes)),
    // Waits for whoever gives the chunks as well, and that may take as long as it takes.
    copyIn: (chunks, path) => inner.copyIn(chunks, path),
    syncFile: (path) => effect(`flush ${path}`, () => inner.syncFile(path)),
    syncDirectory: (path) => effect(`flush ${path}`, () => inner.syncDirectory(path)),
    link: (existing, added) => effect(`make ${added}`, () => inner.link(existing, added)),
    rename: (from, to) => effect(`make ${to}`, () => inner.rename(from, to)),
    unlink: (path) => effect(`remove ${path}`, () => inner.unlink(path)),
    removeDirectory: (path) => effect(`remove ${path}`, () => inner.removeDirectory(path)),
    look: (path) => look(`look at ${path}`, () => inner.look(path)),
    readDirectory: (path) => look(`list ${path}`, () => inner.readDirectory(path)),
    realPath: (path) => look(`look at ${path}`, () => inner.realPath(path)),
    assertMayWrite: (path) => look(`look at ${path}`, () => inner.assertMayWrite(path)),
    freeBytes: (path) => look(`measure the free space at ${path}`, () => inner.freeBytes(path)),
    async *read(path, range, signal) {
      const chunks = inner.read(path, range, signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const chunk = await look(`read ${path}`, () => chunks.next());
          if (chunk.done === true) return;
          yield chunk.value;
        }
      } finally {
        // It ends behind the piece that hangs, if that ever comes: nobody can wait for it.
        const closed = chunks.return?.();
        if (steps.areAnswered) await closed;
        else closed?.catch(() => undefined);
      }
    },
  };
}

const NOTHING = (): void => undefined;

class Steps {
  readonly #reach: Reach;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #refusesUntil = Number.NEGATIVE_INFINITY;
  #knocking: Promise<void> | null = null;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  get areAnswered(): boolean {
    return performance.now() >= this.#refusesUntil;
  }

  async take<T>(what: string, limitMs: number, step: () => Promise<T>): Promise<T> {
    if (!this.areAnswered) throw this.#silence(what);
    if (performance.now() - this.#answeredAt >= this.#reach.limits.freshMs) {
      this.#knocking ??= this.#knock(what).finally(() => {
        this.#knocking = null;
      });
      await this.#knocking;
    }
    return this.#inTime(what, limitMs, step());
  }

  async #knock(what: string): Promise<void> {
    const { knock, limits } = this.#reach;
    const patience = new AbortController();
    const timer = setTimeout(() => {
      patience.abort();
    }, limits.knockMs);
    try {
      if (!(await knock(patience.signal))) throw this.#noteSilence(what);
      this.#noteAnswer();
    } finally {
      clearTimeout(timer);
    }
  }

  async #inTime<T>(what: string, limitMs: number, step: Promise<T>): Promise<T> {
    let release = NOTHING;
    // An error is an answer as well, and so is a late one.
    const onAnswer = (): void => {
      this.#noteAnswer();
      release();
    };
    step.then(onAnswer, onAnswer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        release = this.#reach.whileHeld();
        reject(this.#noteSilence(what));
      }, limitMs);
    });
    try {
      return await Promise.race([step, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #noteAnswer(): void {
    this.#answeredAt = performance.now();
    this.#refusesUntil = Number.NEGATIVE_INFINITY;
  }

  #noteSilence(what: string): TierdError {
    this.#answeredAt = Number.NEGATIVE_INFINITY;
    this.#refusesUntil = performance.now() + this.#reach.limits.freshMs;
    return this.#silence(what);
  }

  #silence(what: string): TierdError {
    const { place } = this.#reach;
    return new TierdError({
      code: 'LAKE_UNREACHABLE',
      message: `The lake ${place} does not answer: its file system was asked to ${what}, and said nothing. No row was deleted.`,
      hint: 'Look what is mounted there (`mount`, `dmesg`): a network file system whose server is away hangs whoever looks at it. Bring the server back, or take the mount away (`umount -f -l`); the next run goes on by itself.',
      context: { place },
    });
  }
}
