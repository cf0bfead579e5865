/** The processes of one run: another one as long as that may help, and nobody has ended the run. */
import { linkSignals } from '../domain/linked-signal.ts';
import { waitFor } from './in-ledger.ts';
import type { DaemonLogger, Dispatch, JobDefinition } from './job.ts';
import type { JobHooks, JobProcess } from './job-process.ts';
import { type JobResult, judgeEnd, type StopReason } from './job-result.ts';
import type { Outages } from './outages.ts';
import { retryDelayMs } from './retry.ts';
import { inSeconds, passOn } from './tell-run.ts';

export interface AttemptParts {
  /** In [0, 1). */
  readonly random: () => number;
  readonly start: (definition: JobDefinition, hooks: JobHooks) => JobProcess;
  readonly dispatch: Dispatch;
  readonly logger: DaemonLogger;
  readonly outages: Outages;
}

export class JobAttempts {
  readonly #parts: AttemptParts;
  readonly #stopped: AbortSignal;
  readonly #ended = new AbortController();
  #process: JobProcess | null = null;

  /** @param stopped after it no more begin; what runs is left to `end`. */
  constructor(parts: AttemptParts, stopped: AbortSignal) {
    this.#parts = parts;
    this.#stopped = stopped;
  }

  /** Stops what runs, and begins no more. */
  end(reason: StopReason): void {
    this.#ended.abort();
    this.#process?.stop(reason);
  }

  /** Each as the job is defined when it begins. */
  async make(
    definitionNow: () => JobDefinition,
  ): Promise<{ readonly result: JobResult; readonly attempts: number }> {
    const { retry, name, isLoop } = definitionNow();
    for (let attempts = 1; ; attempts += 1) {
      const result = await this.#attempt(definitionNow(), attempts);
      const delayMs = isLoop ? null : retryDelayMs(retry, attempts, this.#parts.random());
      const isLast = !result.isRetryable || delayMs === null || this.#isOver();
      if (isLast) return { result, attempts };
      this.#parts.logger.debug(
        { job: name, attempt: attempts },
        `${name}: ${result.errorMessage ?? result.state}; trying again in ${inSeconds(delayMs)}`,
      );
      await this.wait(delayMs);
      if (this.#isOver()) return { result: { ...result, ...INTERRUPTED }, attempts };
    }
  }

  /** Comes back early when the run is ended. */
  async wait(ms: number): Promise<void> {
    const over = linkSignals(this.#stopped, this.#ended.signal);
    await waitFor(ms, over.signal);
    over.release();
  }

  async #attempt(definition: JobDefinition, attempt: number): Promise<JobResult> {
    const { dispatch } = this.#parts;
    const { name: job } = definition;
    if (this.#isOver()) return NOT_BEGUN;
    const running = this.#parts.start(definition, {
      onProgress: (progress) => dispatch({ job, kind: 'progress', progress }),
      onMemory: (rssBytes) => dispatch({ job, kind: 'memory', rssBytes }),
      onLine: (line) => passOn(this.#parts.logger, job, line, this.#parts.outages),
    });
    this.#process = running;
    dispatch({ job, kind: 'attempt', attempt, pid: running.pid });
    const end = await running.ended;
    this.#process = null;
    this.#parts.outages.forget(job);
    const result = judgeEnd(end);
    dispatch({ job, kind: 'attempt_over', errorCode: result.errorCode });
    return result;
  }

  #isOver(): boolean {
    return this.#stopped.aborted || this.#ended.signal.aborted;
  }
}

const INTERRUPTED = { state: 'interrupted', health: 'unknown', isRetryable: false } as const;
const NOT_BEGUN: JobResult = {
  ...INTERRUPTED,
  errorCode: null,
  errorMessage: 'was asked to stop before it began',
  isRefusal: false,
  advice: null,
  rowsMoved: null,
  damage: null,
  unknownFiles: null,
};
