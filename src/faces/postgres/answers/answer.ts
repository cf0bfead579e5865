/**
 * One question's answer on its way: what comes from its process is handed on, a number of rows at a time where the
 * client wants that, and read no faster than the client reads.
 */
import { linkSignals } from '../../../domain/linked-signal.ts';
import type { HeldSnapshot } from '../../../query/held-snapshot.ts';
import type { FaceDesk, FaceQuestion } from '../face-desk.ts';
import { FaceError } from '../face-error.ts';
import { Frames } from './frames.ts';
import { PartQueue } from './part-queue.ts';

export interface AnswerLimits {
  /** Whose question it is: cursors of one session may wait for each other. */
  readonly session: object;
  /** Found out when it is its turn; none where it is not given. */
  readonly snapshot?: () => Promise<Pick<HeldSnapshot, 'name' | 'ended'> | null>;
  /** Aborted with the client, or with what it cancels: the reason is what it is told. */
  readonly signal: AbortSignal;
  /** Of the session; null where only the daemon's own holds. */
  readonly statementTimeoutMs: number | null;
}

export type Asked = Omit<FaceQuestion, 'snapshot'>;

export class Answer {
  readonly #queue = new PartQueue();
  readonly #frames = new Frames(this.#queue);
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #rows = 0;
  #given = 0;

  constructor(desk: FaceDesk, question: Asked, limits: AnswerLimits) {
    this.#ended = this.#run(desk, question, limits).then(
      (rows) => {
        this.#rows = rows;
        this.#queue.end(null);
      },
      (error: unknown) => {
        this.#queue.end(error);
      },
    );
  }

  /** What comes before the rows: messages that describe them. @throws what the question fails with */
  head(messages: number): Promise<Buffer> {
    return this.#frames.take(messages);
  }

  /**
   * @param most 0: all there are
   * @returns how many rows were given, and whether they may have been the last
   * @throws what the question fails with, after the rows before it
   */
  async rows(
    most: number,
    give: (part: Buffer) => Promise<void>,
  ): Promise<{ readonly rows: number; readonly isEnd: boolean }> {
    if (most > 0) {
      const rows = await this.#frames.pass(most, give);
      this.#given += rows;
      return { rows, isEnd: rows < most };
    }
    await this.#frames.passAll(give);
    const rows = this.#rows - this.#given;
    this.#given = this.#rows;
    return { rows, isEnd: true };
  }

  /** Nothing of it runs any more when this resolves. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#queue.abandon();
    await this.#ended;
  }

  async #run(desk: FaceDesk, question: Asked, limits: AnswerLimits): Promise<number> {
    const asked = linkSignals(limits.signal, desk.stopped);
    const linked = linkSignals(asked.signal, this.#stop.signal);
    const { signal } = linked;
    const timeoutMs = Math.min(limits.statementTimeoutMs ?? Infinity, desk.timeoutMs);
    let timer: NodeJS.Timeout | undefined;
    const late = new AbortController();
    let held: Pick<HeldSnapshot, 'ended' | 'name'> | null = null;
    const turn: { outcome: 'answered' | 'failed' | null } = { outcome: null };
    try {
      // Also while it waits for its turn, as PostgreSQL counts the wait for a lock.
      timer = setTimeout(() => {
        late.abort();
        linked.abort();
      }, timeoutMs);
      const refusal = await desk.turns.enterAsSession(signal, limits.session);
      if (refusal !== null) throw refusal === 'full' ? wouldWaitForItself() : daemonStops();
      turn.outcome = 'failed';
      let bytes = 0;
      held = (await limits.snapshot?.()) ?? null;
      if (held?.ended.aborted === true) throw snapshotTooOld();
      const snapshot = held?.name ?? null;
      const { rows } = await desk.ask(
        { ...question, snapshot },
        {
          signal,
          write: (part) => {
            bytes += part.length;
            if (bytes > desk.maxResultBytes) throw tooLarge(desk.maxResultBytes);
            return this.#queue.put(part, signal);
          },
        },
      );
      turn.outcome = 'answered';
      return rows;
    } catch (error) {
      if (late.signal.aborted) throw tookTooLong(timeoutMs, timeoutMs < desk.timeoutMs);
      if (limits.signal.aborted) throw limits.signal.reason;
      // Meanwhile: it was not yet read, or was to be read for longer.
      throw held?.ended.aborted === true ? snapshotTooOld() : error;
    } finally {
      clearTimeout(timer);
      if (turn.outcome !== null) desk.turns.leave(turn.outcome, limits.session);
      linked.release();
      asked.release();
    }
  }
}

function snapshotTooOld(): FaceError {
  return new FaceError({
    sqlstate: '72000',
    message: 'snapshot too old',
    hint: 'A transaction holds one snapshot for query.max_hold at the most, for a rotation can drop no chunk meanwhile. Roll back and begin anew.',
  });
}

function daemonStops(): FaceError {
  return new FaceError({ sqlstate: '57P01', message: 'this daemon stops', isFatal: true });
}

function wouldWaitForItself(): FaceError {
  return new FaceError({
    sqlstate: '53300',
    message: 'all queries that may run at once are cursors of sessions that wait for another one',
    hint: 'Read these cursors to their end or close them, and ask again; or raise query.concurrency: a statement with several foreign scans needs as many.',
  });
}

function tookTooLong(timeoutMs: number, isOfSession: boolean): FaceError {
  return new FaceError({
    sqlstate: '57014',
    message: 'canceling statement due to statement timeout',
    hint: isOfSession
      ? 'statement_timeout of this session ended it.'
      : `It took longer than query.timeout, ${String(timeoutMs / 1000)} s, and was ended. Ask for less at once.`,
  });
}

function tooLarge(maxBytes: number): FaceError {
  return new FaceError({
    sqlstate: '54000',
    message: `the answer is larger than query.max_result, ${String(Math.round(maxBytes / 1024 ** 2))}MB`,
    hint: 'Ask for less at once, or raise query.max_result.',
  });
}
