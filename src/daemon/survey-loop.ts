/** Has a survey taken again and again. Whatever becomes of one, nothing else of the daemon waits for it. */
import { setTimeout as pause } from 'node:timers/promises';
import { linkSignals } from '../domain/linked-signal.ts';
import type { Survey } from '../domain/survey/survey.ts';
import type { DaemonLogger, Dispatch } from './job.ts';
import type { Outages } from './outages.ts';
import { limitTime } from './time-limit.ts';

export interface SurveyLoopParts {
  /** Hands back figures when it can; `signal` aborts what hangs. */
  readonly take: (signal: AbortSignal) => Promise<Survey>;
  readonly everyMs: number;
  /** A survey that takes longer is told to end, and soon after left behind. */
  readonly limitMs: number;
  readonly dispatch: Dispatch;
  readonly logger: DaemonLogger;
  readonly outages: Outages;
}

/** Told to end, it needs a moment to hand back what it has; a file system that is gone never does. */
const GRACE_SHARE = 0.2;

export class SurveyLoop {
  readonly #parts: SurveyLoopParts;
  #pending: Promise<void> | null = null;
  #lastError: string | null = null;
  #rest = new AbortController();

  constructor(parts: SurveyLoopParts) {
    this.#parts = parts;
  }

  /** Comes back when `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Of before it begins: who asks meanwhile knows of something that it may not have seen.
      this.#rest = new AbortController();
      const rest = linkSignals(signal, this.#rest.signal);
      await this.#once(signal);
      await pause(this.#parts.everyMs, undefined, rest).catch(() => undefined);
      rest.release();
    }
  }

  /** There is something new to see: the next survey need not wait. */
  soon(): void {
    this.#rest.abort();
  }

  async #once(signal: AbortSignal): Promise<void> {
    // One that hangs holds its connections: another would hold as many again.
    if (this.#pending !== null) {
      this.#fail('the survey before has not ended');
      return;
    }
    const { limitMs } = this.#parts;
    const limit = limitTime(signal, limitMs);
    const patience = linkSignals(signal);
    this.#pending = this.#take(limit.signal, signal).finally(() => {
      this.#pending = null;
      limit.release();
      patience.abort();
    });
    const patienceMs = limitMs * (1 + GRACE_SHARE);
    const isLate = await pause(patienceMs, true, patience).catch(() => false);
    patience.release();
    if (isLate) this.#fail(`the survey did not end in ${String(limitMs / 1000)} s`);
  }

  async #take(signal: AbortSignal, stopping: AbortSignal): Promise<void> {
    try {
      const survey = await this.#parts.take(signal);
      // What was cut short by the end of the daemon says nothing of the stores.
      if (stopping.aborted && survey.error !== null) return;
      this.#parts.dispatch({ kind: 'surveyed', survey });
      this.#tell(survey);
    } catch (error) {
      if (!stopping.aborted) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** Stores that are away are told each by itself; what else is wrong is not known until they are back. */
  #tell(survey: Survey): void {
    const { outages } = this.#parts;
    const away = [survey.hot.error, survey.live?.error ?? null, survey.cold.error];
    for (const [at, store] of ['PostgreSQL', 'Redis', 'the lake'].entries()) {
      outages.note('survey', store, away[at] ?? null);
    }
    if (survey.error === null || !away.includes(survey.error)) this.#say(survey.error);
  }

  #fail(error: string): void {
    this.#parts.dispatch({ kind: 'survey_failed', error });
    this.#say(error);
  }

  /** What lasts for hours is said when it begins, and when it is over. */
  #say(error: string | null): void {
    if (error === this.#lastError) return;
    this.#lastError = error;
    const { logger } = this.#parts;
    if (error === null) logger.info({}, 'the survey of the stores is whole again');
    else logger.warn({}, `the survey of the stores lacks something: ${error}`);
  }
}
