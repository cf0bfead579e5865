/**
 * Processes that have answered stay for a while for the next question: to start one takes longer than most
 * questions do. Only what is as at its start stays: one that failed at more than to understand its question, was
 * interrupted or has grown is ended.
 */
import { isDeepStrictEqual } from 'node:util';
import type { QuerySummary } from '../query-request.ts';
import { type QueryCommand, QueryProcess, type QueryWatch } from './query-process.ts';

export interface Keeping {
  /** How many may stay, of those that do nothing. 0: each ends with its question. */
  readonly maxIdle: number;
  /** One that held more after an answer is ended: the next question's limit counts it as well. */
  readonly maxIdleBytes: number;
}

interface Idle {
  readonly command: QueryCommand;
  readonly process: QueryProcess;
  readonly end: NodeJS.Timeout;
}

export class QueryProcesses {
  readonly #keeping: Keeping;
  #idle: readonly Idle[] = [];
  readonly #leaving = new Set<Promise<void>>();
  /** What began in an earlier one does not stay. */
  #age = 0;
  #isClosed = false;

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  /**
   * In a process that is there, or else in a new one. Nothing of the question runs any more when this ends.
   *
   * @param keepMs how long the process stays without a question
   * @throws what `QueryProcess.ask` throws
   */
  async ask(
    command: QueryCommand,
    task: unknown,
    watch: QueryWatch,
    keepMs: number,
  ): Promise<QuerySummary> {
    for (let kept = this.#take(command); kept !== null; kept = this.#take(command)) {
      try {
        return await this.#askOf(kept, command, task, watch, keepMs);
      } catch (error) {
        // It had gone unnoticed: nobody has begun with the question yet.
        if (kept.isTaken || watch.signal.aborted) throw error;
      }
    }
    return this.#askOf(new QueryProcess(command), command, task, watch, keepMs);
  }

  /** What is kept, or busy, was made for a configuration that is no more. */
  renew(): void {
    this.#age += 1;
    for (const idle of this.#idle) this.#dismiss(idle);
  }

  /** Ends those that do nothing; those that are asked end with their questions. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.renew();
    await Promise.all(this.#leaving);
  }

  async #askOf(
    process: QueryProcess,
    command: QueryCommand,
    task: unknown,
    watch: QueryWatch,
    keepMs: number,
  ): Promise<QuerySummary> {
    const age = this.#age;
    const letGo = async (): Promise<void> => {
      const mayStay = !this.#isClosed && age === this.#age && this.#isAsNew(process, watch.signal);
      if (mayStay && keepMs > 0) this.#keep({ command, process }, keepMs);
      else await process.leave();
    };
    let summary: QuerySummary;
    try {
      summary = await process.ask(task, watch);
    } catch (error) {
      if (process.hasRefused) await letGo();
      else await process.kill();
      throw error;
    }
    await letGo();
    return summary;
  }

  #isAsNew(process: QueryProcess, signal: AbortSignal): boolean {
    const { maxIdle, maxIdleBytes } = this.#keeping;
    // An interrupt that came late may still be on its way, and would meet the next question.
    if (signal.aborted || process.isGone || this.#idle.length >= maxIdle) return false;
    const bytes = process.residentBytes;
    return bytes === null || bytes <= maxIdleBytes;
  }

  #keep(kept: Pick<Idle, 'command' | 'process'>, keepMs: number): void {
    const idle = { ...kept, end: setTimeout(() => this.#dismiss(idle), keepMs) };
    this.#idle = [...this.#idle, idle];
    kept.process.onGone(() => this.#forget(idle));
  }

  /** The one that was used last: what is more than is needed ends by itself. */
  #take(command: QueryCommand): QueryProcess | null {
    const found = this.#idle.findLast(
      (idle) => !idle.process.isGone && isDeepStrictEqual(idle.command, command),
    );
    if (found === undefined) return null;
    this.#forget(found);
    return found.process;
  }

  #forget(idle: Idle): void {
    clearTimeout(idle.end);
    this.#idle = this.#idle.filter((one) => one !== idle);
  }

  #dismiss(idle: Idle): void {
    this.#forget(idle);
    const leaving = idle.process.leave().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}
