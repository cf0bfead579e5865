/** The rows of a query, read from its process as they are asked for. */
import { Answer, type AnswerLimits, type Asked } from '../answers/answer.ts';
import type { FaceDesk } from '../face-desk.ts';
import { FaceError } from '../face-error.ts';
import type { Executed, RowsPortal, Run } from './portal.ts';

export interface PortalQuery extends Omit<AnswerLimits, 'signal'> {
  readonly desk: FaceDesk;
  readonly question: Asked;
  /** RowDescription that the client was given before, and reads by. */
  readonly promised: Buffer | null;
}

export class QueryPortal implements RowsPortal {
  readonly #query: PortalQuery;
  readonly #stop = new AbortController();
  #answer: Answer | null = null;
  #head: Buffer | null = null;
  #isDone = false;

  constructor(query: PortalQuery) {
    this.#query = query;
  }

  /** It is run from here on: only then its columns are known for sure. */
  async describe({ signal }: Run): Promise<Buffer> {
    if (this.#head !== null) return this.#head;
    const answer = this.#begun();
    const head = await this.#unlessAborted(signal, () => answer.head(1));
    const { promised } = this.#query;
    if (promised !== null && !isAlike(promised, head)) throw changed();
    this.#head = head;
    return head;
  }

  async execute(most: number, run: Run): Promise<Executed> {
    const { rows, isEnd } = await this.read(most, run);
    return isEnd ? { kind: 'done', tag: `SELECT ${String(rows)}` } : { kind: 'suspended' };
  }

  async read(most: number, run: Run): Promise<{ readonly rows: number; readonly isEnd: boolean }> {
    if (this.#isDone) return { rows: 0, isEnd: true };
    await this.describe(run);
    const answer = this.#begun();
    const read = await this.#unlessAborted(run.signal, () =>
      answer.rows(most, (part) => run.send(part)),
    );
    this.#isDone = read.isEnd;
    return read;
  }

  async close(): Promise<void> {
    this.#isDone = true;
    await this.#answer?.close();
  }

  #begun(): Answer {
    const { desk, question, promised: _, ...limits } = this.#query;
    this.#answer ??= new Answer(desk, question, { ...limits, signal: this.#stop.signal });
    return this.#answer;
  }

  /** What ends the run ends the answer: there is no way to go on with it. */
  async #unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const stop = (): void => this.#stop.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await work();
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

/** The same names and types. The formats, which each column ends with, are chosen after the description. */
function isAlike(promised: Buffer, head: Buffer): boolean {
  return withoutFormats(promised).equals(withoutFormats(head));
}

const HEAD_BYTES = 7;
/** After the name of a column; the last two of them are its format. */
const FIELD_BYTES = 18;

function withoutFormats(description: Buffer): Buffer {
  const copy = Buffer.from(description);
  for (let at = HEAD_BYTES; at < copy.length; ) {
    at = copy.indexOf(0, at) + 1 + FIELD_BYTES;
    copy.writeInt16BE(0, at - 2);
  }
  return copy;
}

function changed(): FaceError {
  return new FaceError({
    sqlstate: '0A000',
    message: 'cached plan must not change result type',
    hint: 'A column is of another type than when the statement was prepared: prepare it again.',
  });
}
