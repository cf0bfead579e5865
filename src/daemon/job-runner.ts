/**
 * Runs one job: never twice at once, again when that may help, and not at all for a while when it
 * keeps failing. Each run is in the ledger before its process starts.
 */

import { once } from 'node:events';
import { countOf } from '../domain/count.ts';
import { linkSignals } from '../domain/linked-signal.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import { afterRun, type Circuit, CLOSED, circuitAt } from './circuit.ts';
import { inLedger } from './in-ledger.ts';
import type { JobDefinition, JobLedger } from './job.ts';
import { type AttemptParts, JobAttempts } from './job-attempts.ts';
import type { JobResult, StopReason } from './job-result.ts';
import { decideOverlap } from './overlap.ts';
import { backOffMs } from './retry.ts';
import type { Cause, LastRun } from './state.ts';
import { tellEnd, tellStart } from './tell-run.ts';

export interface RunnerParts extends AttemptParts {
  readonly clock: Clock;
  readonly ledger: JobLedger;
}

interface Wanted {
  readonly cause: Cause;
  readonly slotMs: EpochMs | null;
}

export class JobRunner {
  readonly #parts: RunnerParts;
  readonly #stopped = new AbortController();
  #definition: JobDefinition;
  #circuit: Circuit = CLOSED;
  #current: Promise<void> | null = null;
  #queued: Wanted | null = null;
  /** Of the run that is going on, or was the last. */
  #attempts: JobAttempts | null = null;
  /** Aborted when the job is resumed; null while it is not paused. */
  #resumed: AbortController | null = null;
  /** Whether a time went by while it was paused. */
  #hasMissed = false;

  constructor(definition: JobDefinition, parts: RunnerParts) {
    this.#definition = definition;
    this.#parts = parts;
  }

  /** Takes effect with the next attempt. */
  redefine(definition: JobDefinition): void {
    this.#definition = definition;
  }

  /**
   * What runs is not cut by a pause, but for a command that loops: it would never hear of it. Times
   * that went by meanwhile have one run together when the job is resumed, as after a time without a
   * daemon.
   */
  setPaused(isPaused: boolean): void {
    if (isPaused === (this.#resumed !== null)) return;
    const { isLoop, catchUp, name } = this.#definition;
    if (isPaused) {
      this.#resumed = new AbortController();
      if (isLoop) this.cancel('pause');
      this.#parts.logger.info({ job: name }, `${name}: paused; no schedule starts it`);
      return;
    }
    this.#resumed?.abort();
    this.#resumed = null;
    this.#parts.logger.info({ job: name }, `${name}: resumed`);
    const isDue = this.#hasMissed && catchUp && !isLoop;
    this.#hasMissed = false;
    if (isDue) this.fire('catch_up', this.#parts.clock.now());
  }

  get isPaused(): boolean {
    return this.#resumed !== null;
  }

  /** A run that a person wants is let through an open circuit: it may be the proof that all is well. */
  fire(cause: Cause, slotMs: EpochMs | null): 'start' | 'queue' | 'skip' {
    if (this.#stopped.signal.aborted) return 'skip';
    const { name, overlap } = this.#definition;
    if (this.isPaused && cause !== 'manual') {
      this.#leaveOut();
      return 'skip';
    }
    this.#circuit = circuitAt(this.#circuit, this.#parts.clock.now());
    const isRunning = this.#current !== null;
    const decision =
      this.#circuit.kind === 'open' && cause !== 'manual'
        ? 'skip'
        : decideOverlap(overlap, { isRunning, isQueued: this.#queued !== null });
    switch (decision) {
      case 'start':
        this.#begin({ cause, slotMs });
        break;
      case 'queue':
        this.#queued = { cause, slotMs };
        this.#parts.dispatch({ job: name, kind: 'queued' });
        break;
      case 'skip':
        this.#parts.dispatch({ job: name, kind: 'skipped' });
        this.#parts.logger.debug(
          { job: name },
          `${name}: not started, for ${isRunning ? 'it still runs' : 'it failed too often'}`,
        );
        break;
    }
    return decision;
  }

  /** Keeps a command that loops going until stopped. */
  keepLooping(): void {
    if (this.#current === null && !this.#stopped.signal.aborted) {
      this.#current = this.#loop();
    }
  }

  /** Ends the run that is going on, if there is one; what is queued still comes. */
  cancel(reason: StopReason): boolean {
    if (this.#current === null) return false;
    this.#attempts?.end(reason);
    return true;
  }

  /** Comes back when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#queued = null;
    this.cancel('stop');
    await this.#current;
  }

  #leaveOut(): void {
    const { name } = this.#definition;
    this.#hasMissed = true;
    this.#parts.dispatch({ job: name, kind: 'skipped' });
    this.#parts.logger.debug({ job: name }, `${name}: not started, for it is paused`);
  }

  #begin(wanted: Wanted): void {
    this.#current = this.#run(wanted).then(() => {
      this.#current = null;
      const next = this.#queued;
      this.#queued = null;
      if (next !== null && !this.#stopped.signal.aborted) this.#begin(next);
    });
  }

  /** Never rejects: what goes wrong is the run's result. */
  async #run(wanted: Wanted): Promise<JobResult | null> {
    const { clock, dispatch, logger } = this.#parts;
    const { name } = this.#definition;
    const made = new JobAttempts(this.#parts, this.#stopped.signal);
    this.#attempts = made;
    const startedAtMs = clock.now();
    const begun = await this.#inLedger(async (ledger) => ({
      runId: await ledger.begin({ job: name, ...wanted, startedAtMs }),
    }));
    // Without its row it must not run: the next leader would not know of it.
    if (begun === null) return null;
    const { runId } = begun;
    if (runId === null) {
      this.#leaveOut();
      return null;
    }
    dispatch({ job: name, kind: 'started', runId, cause: wanted.cause, atMs: startedAtMs });
    tellStart(logger, name, runId, wanted.cause);

    const { result, attempts } = await made.make(() => this.#definition);
    this.#judge(result);
    await this.#inLedger((ledger) => ledger.end(runId, { result, attempts }));
    const last: LastRun = {
      runId,
      cause: wanted.cause,
      state: result.state,
      startedAtMs,
      finishedAtMs: clock.now(),
      attempts,
      errorCode: result.errorCode,
      errorMessage: result.errorMessage,
      isRefusal: result.isRefusal,
      advice: result.advice,
      damage: result.damage,
      unknownFiles: result.unknownFiles,
    };
    dispatch({ job: name, kind: 'finished', last, circuit: this.#circuit });
    tellEnd(logger, name, last, result);
    return result;
  }

  async #loop(): Promise<void> {
    let failures = 0;
    for (;;) {
      await this.#untilResumed();
      if (this.#stopped.signal.aborted) break;
      const result = await this.#run({ cause: 'loop', slotMs: null });
      failures = result === null || result.health === 'ill' ? failures + 1 : 0;
      const circuit = this.#circuit;
      const coolDownMs = circuit.kind === 'open' ? circuit.untilMs - this.#parts.clock.now() : 0;
      const { retry } = this.#definition;
      const backOff = backOffMs(retry, Math.max(1, failures), this.#parts.random());
      const delayMs = Math.max(coolDownMs, backOff);
      if (result?.state !== 'interrupted') await this.#attempts?.wait(delayMs);
      this.#circuit = circuitAt(this.#circuit, this.#parts.clock.now());
    }
    this.#current = null;
  }

  async #untilResumed(): Promise<void> {
    if (this.#resumed === null) return;
    const over = linkSignals(this.#resumed.signal, this.#stopped.signal);
    if (!over.signal.aborted) await once(over.signal, 'abort');
    over.release();
  }

  #judge(result: JobResult): void {
    const before = this.#circuit;
    const { circuit: policy, name: job } = this.#definition;
    const after = afterRun(before, result.health, policy, this.#parts.clock.now());
    this.#circuit = after;
    if (after.kind === 'open' && after !== before) {
      const until = new Date(after.untilMs).toISOString();
      this.#parts.logger.error(
        { job, failures: after.failures },
        `${job}: failed ${countOf(after.failures, 'time')} in a row; its schedule rests until ${until}`,
      );
    } else if (before.kind === 'half-open' && after.kind === 'closed') {
      this.#parts.logger.info({ job }, `${job}: is well again; its schedule goes on`);
    }
  }

  #inLedger<Result>(call: (ledger: JobLedger) => Promise<Result>): Promise<Result | null> {
    const { logger, random, ledger } = this.#parts;
    const { name: job } = this.#definition;
    return inLedger({ logger, random, ledger, job, stopped: this.#stopped.signal }, call);
  }
}
