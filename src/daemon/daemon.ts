/**
 * The daemon's life: stand by, lead, and stop in good order. What it does while it leads is a Term;
 * who leads is decided elsewhere, by a lease.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { TierdError } from '../domain/errors.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { DaemonLogger, Dispatch, FireOutcome, JobDefinition } from './job.ts';
import type { Leadership } from './leadership.ts';
import type { ServiceNotifier } from './service-notify.ts';
import { Term, type TermParts } from './term.ts';

export interface DaemonParts extends TermParts {
  readonly clock: Clock;
  readonly logger: DaemonLogger;
  readonly dispatch: Dispatch;
  /** Tries once. Throws LEASE_HELD, naming the holder, while another daemon leads. */
  readonly takeLead: (signal: AbortSignal) => Promise<Leadership>;
  /** Run by a leader that stops, when its jobs have ended. Never rejects. */
  readonly runHooks: (signal: AbortSignal) => Promise<void>;
  readonly notifier: ServiceNotifier;
  /** How often a standby looks whether the lease is free. */
  readonly pollMs: number;
  readonly shutdownTimeoutMs: number;
}

export class Daemon {
  readonly #parts: DaemonParts;
  #definitions: readonly JobDefinition[];
  #term: Term | null = null;
  #paused: ReadonlySet<string> = new Set();
  #lastRefusal = '';
  #isReady = false;

  constructor(definitions: readonly JobDefinition[], parts: DaemonParts) {
    this.#definitions = definitions;
    this.#parts = parts;
  }

  /** Takes effect at once; what runs ends as it was begun. */
  redefine(definitions: readonly JobDefinition[]): void {
    this.#definitions = definitions;
    this.#term?.redefine(definitions);
  }

  /** The names of the jobs that no schedule may start. */
  setPaused(paused: ReadonlySet<string>): void {
    this.#paused = paused;
    this.#term?.setPaused(paused);
  }

  /** Runs the job now; null when this daemon does not lead, or has no such job. */
  fire(job: string): FireOutcome | null {
    return this.#term?.fire(job) ?? null;
  }

  /** Whether there was a run to cancel. */
  cancel(job: string): boolean {
    return this.#term?.cancel(job) ?? false;
  }

  /**
   * Comes back when `signal` has aborted and everything has ended, or when the time for that is over.
   * Throws only what makes it useless from the start, such as a ledger that lacks a migration.
   */
  async run(signal: AbortSignal): Promise<void> {
    const outOfTime = timeAfter(signal, this.#parts.shutdownTimeoutMs).then(() => {
      this.#parts.logger.warn({}, 'the time to stop is over; the lease ends by itself');
    });
    await Promise.race([this.#live(signal), outOfTime]);
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { dispatch, logger, notifier } = this.#parts;
    const stopping = (): void => {
      dispatch({ kind: 'stopping' });
      notifier.stopping();
      logger.info({}, 'stopping: no job is started any more');
    };
    signal.addEventListener('abort', stopping, { once: true });
    while (!signal.aborted) {
      const leadership = await this.#tryToLead(signal);
      this.#ready();
      if (leadership === null) await this.#rest(this.#parts.pollMs, signal);
      else await this.#lead(leadership, signal);
    }
    logger.info({}, 'stopped');
  }

  async #tryToLead(signal: AbortSignal): Promise<Leadership | null> {
    const { dispatch } = this.#parts;
    try {
      const leadership = await this.#parts.takeLead(signal);
      this.#lastRefusal = '';
      return leadership;
    } catch (error) {
      if (!(error instanceof TierdError)) throw error;
      const holder = error.context['holder'];
      if (error.code === 'LEASE_HELD') {
        const leader = typeof holder === 'string' ? holder : null;
        dispatch({ kind: 'standing_by', leader });
        const text = `standing by: ${leader ?? 'another daemon'} leads`;
        this.#sayOnce(text, text, 'info');
        return null;
      }
      // Waiting mends no missing migration; once it has worked, an administrator may be at it.
      if (!error.retry && !this.#isReady) throw error;
      dispatch({ kind: 'lease_unknown', error: error.message, atMs: this.#parts.clock.now() });
      // A server that comes and goes says it in several ways.
      this.#sayOnce(error.code, `standing by: ${error.message}`, 'warn');
      return null;
    }
  }

  async #lead(leadership: Leadership, signal: AbortSignal): Promise<void> {
    const { dispatch, logger, notifier } = this.#parts;
    logger.info({ token: leadership.token }, 'leading: jobs are started by this daemon');
    notifier.status('leading');
    try {
      leadership.signal.throwIfAborted();
      const definitions = this.#definitions;
      this.#term = await Term.begin(definitions, leadership, this.#parts, this.#paused);
      // Not before: who reads that it leads may ask it to run a job.
      dispatch({ kind: 'leading', token: leadership.token });
      // A reload or a pause may have come while the ledger was read.
      this.#term.setPaused(this.#paused);
      if (definitions !== this.#definitions) this.#term.redefine(this.#definitions);
      while (!leadership.signal.aborted) await this.#rest(this.#term.tick(), leadership.signal);
    } catch (error) {
      // The ledger was gone again before the term began: nothing was started.
      logger.warn({}, `not leading after all: ${messageOf(error)}`);
    }
    await this.#endTerm(leadership, signal);
  }

  async #endTerm(leadership: Leadership, signal: AbortSignal): Promise<void> {
    const { dispatch, logger, shutdownTimeoutMs } = this.#parts;
    const term = this.#term;
    this.#term = null;
    if (!signal.aborted) {
      const reason: unknown = leadership.signal.reason;
      logger.warn({}, `no longer leading: ${messageOf(reason)}`);
      const error = messageOf(reason);
      dispatch({ kind: 'lease_unknown', error, atMs: this.#parts.clock.now() });
    }
    const jobsUntilMs = Math.floor(shutdownTimeoutMs * JOBS_SHARE);
    const hooksUntil = AbortSignal.timeout(Math.floor(shutdownTimeoutMs * HOOKS_SHARE));
    // The jobs' processes are gone by then; what may hang is the word to the ledger of how they ended.
    await Promise.race([term?.end(), timeAfter(signal, jobsUntilMs)]);
    if (signal.aborted) await this.#parts.runHooks(hooksUntil);
    await leadership.release();
  }

  #ready(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#parts.notifier.ready();
  }

  /** What holds for hours is said when it begins, not at every look. */
  #sayOnce(what: string, text: string, level: 'info' | 'warn'): void {
    if (what === this.#lastRefusal) return;
    this.#lastRefusal = what;
    this.#parts.logger[level]({}, text);
    this.#parts.notifier.status(text);
  }

  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    this.#parts.notifier.alive();
    await pause(ms, undefined, { signal }).catch(() => undefined);
  }
}

/** Of the shutdown timeout: what follows needs time as well, also when a server does not answer. */
const JOBS_SHARE = 5 / 6;
const HOOKS_SHARE = 11 / 12;

/** Comes back so long after `signal` has aborted; it keeps no process from ending. */
async function timeAfter(signal: AbortSignal, ms: number): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  await pause(ms, undefined, { ref: false });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
