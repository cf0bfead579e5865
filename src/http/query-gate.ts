/** How many queries run at once, how many wait, and what became of those before. */

/** `full`: one more would only wait too long, or for ever. `closed`: the daemon stops. */
export type Refusal = 'full' | 'closed';

type Outcome = 'answered' | 'failed' | 'refused';

interface Waiter {
  readonly session: object | null;
  readonly admit: () => void;
}

export class QueryGate {
  readonly counts: Record<Outcome, number> = { answered: 0, failed: 0, refused: 0 };
  /** From the store of the lake, for those that came to their first row. */
  readonly fetched = { requests: 0, bytes: 0 };
  readonly #concurrency: number;
  readonly #queue: number;
  readonly #requests = new Set<Waiter>();
  readonly #sessions = new Set<Waiter>();
  /** Turns that sessions have: each of their cursors that is not read to its end is a query that runs. */
  readonly #turns = new Map<object, number>();
  #isRequestNext = true;
  #running = 0;
  readonly #closing = new AbortController();
  #onIdle: (() => void) | null = null;

  constructor({ concurrency, queue }: { readonly concurrency: number; readonly queue: number }) {
    this.#concurrency = concurrency;
    this.#queue = queue;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#requests.size + this.#sessions.size;
  }

  /** Waits for its turn; whoever is let in has to `leave`. Null: it is its turn. Throws the abort's reason. */
  async enter(signal: AbortSignal): Promise<Refusal | null> {
    signal.throwIfAborted();
    if (this.#isClosed()) return this.#refuse('closed');
    if (this.#isFree(null)) return null;
    if (this.#requests.size >= this.#queue) return this.#refuse('full');
    return this.#wait(this.#requests, null, signal);
  }

  /**
   * The same for a question of a session, which waits whatever waits already: there are only so many. It may have turns
   * already, of cursors. It is refused where all that run are of sessions that wait themselves: nobody would ever leave. To let it
   * in all the same would be one process more than there may be, with its memory.
   *
   * @param session by which its turns are known as those of one; to `leave` with
   */
  async enterAsSession(signal: AbortSignal, session: object): Promise<Refusal | null> {
    signal.throwIfAborted();
    if (this.#isClosed()) return this.#refuse('closed');
    if (this.#isFree(session)) return null;
    if (this.#wouldCloseCircle(session)) return this.#refuse('full');
    return this.#wait(this.#sessions, session, signal);
  }

  /** @param session that it entered as */
  leave(outcome: Outcome, session: object | null = null): void {
    this.counts[outcome] += 1;
    this.#count(session, -1);
    const next = this.#next();
    if (next !== undefined) {
      this.#count(next.session, 1);
      next.admit();
      return;
    }
    this.#running -= 1;
    if (this.#running === 0) this.#onIdle?.();
  }

  /** Lets nobody in any more. Resolves when all have left. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #isFree(session: object | null): boolean {
    if (this.#running >= this.#concurrency) return false;
    this.#running += 1;
    this.#count(session, 1);
    return true;
  }

  async #wait(
    queue: Set<Waiter>,
    session: object | null,
    signal: AbortSignal,
  ): Promise<Refusal | null> {
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        session,
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          queue.delete(waiter);
          resolve();
        },
      };
      const giveUp = (): void => {
        queue.delete(waiter);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      queue.add(waiter);
    });
    // Whoever was let in has taken the place of the one that left, which is counted already.
    if (!this.#isClosed()) return null;
    this.leave('refused', session);
    return 'closed';
  }

  /** Requests and sessions in turns, so that neither stand behind all of the others. */
  #next(): Waiter | undefined {
    const [[request], [session]] = [this.#requests, this.#sessions];
    const next = this.#isRequestNext ? (request ?? session) : (session ?? request);
    if (next !== undefined) this.#isRequestNext = next !== request;
    return next;
  }

  /** Requests wait for nobody once it is their turn. */
  #wouldCloseCircle(session: object): boolean {
    const waiting = new Set<object | null>([...this.#sessions].map((one) => one.session));
    waiting.add(session);
    const stuck = [...this.#turns].filter(([holder]) => waiting.has(holder));
    return stuck.reduce((sum, [, turns]) => sum + turns, 0) >= this.#running;
  }

  #count(session: object | null, change: 1 | -1): void {
    if (session === null) return;
    const turns = (this.#turns.get(session) ?? 0) + change;
    if (turns === 0) this.#turns.delete(session);
    else this.#turns.set(session, turns);
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #refuse(refusal: Refusal): Refusal {
    this.counts.refused += 1;
    return refusal;
  }
}
