/**
 * Looks that change nothing, one at a time for each job. What they found is kept here and nowhere else:
 * a dry run leaves no trace in the ledger (I7), so that it is in no history and is gone with the daemon.
 */
import type { Clock } from '../domain/time/clock.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import type { DaemonLogger, JobDefinition } from './job.ts';
import type { JobHooks, JobProcess } from './job-process.ts';
import { type JobRunState, judgeEnd } from './job-result.ts';
import { passOn } from './tell-run.ts';

export interface DryRun {
  readonly id: string;
  readonly job: string;
  /** As a person would type it. */
  readonly command: string;
  readonly state: 'running' | JobRunState;
  readonly startedAtMs: EpochMs;
  readonly finishedAtMs: EpochMs | null;
  /** What the command printed with `--json`; null until it has ended, and when it is too large. */
  readonly result: unknown;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

export interface DryRunParts {
  readonly clock: Clock;
  readonly logger: DaemonLogger;
  readonly newId: () => string;
  /** A larger result is not kept; together they may take ten times this of the daemon's memory. */
  readonly maxResultBytes?: number;
  readonly start: (
    command: { readonly argv: readonly string[]; readonly timeoutMs: number },
    hooks: JobHooks,
  ) => JobProcess;
}

/** The newest of them. */
const KEPT = 10;
const MAX_RESULT_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10 * 60_000;

export class DryRuns {
  readonly #parts: DryRunParts;
  readonly #runs = new Map<string, DryRun>();
  readonly #processes = new Map<string, JobProcess>();

  constructor(parts: DryRunParts) {
    this.#parts = parts;
  }

  /** Null for a job that has none. One that is going on is given instead of a second. */
  begin({ name: job, dryRunArgv }: JobDefinition): (DryRun & { readonly isNew: boolean }) | null {
    if (dryRunArgv === null) return null;
    const going = this.list().find((run) => run.job === job && run.state === 'running');
    if (going !== undefined) return { ...going, isNew: false };
    const { clock, logger, maxResultBytes = MAX_RESULT_BYTES } = this.#parts;
    const run: DryRun = {
      id: this.#parts.newId(),
      job,
      command: ['tierd', ...dryRunArgv].join(' '),
      state: 'running',
      startedAtMs: clock.now(),
      finishedAtMs: null,
      result: null,
      errorCode: null,
      errorMessage: null,
    };
    const started = this.#parts.start(
      { argv: dryRunArgv, timeoutMs: TIMEOUT_MS },
      {
        onProgress: () => undefined,
        onMemory: () => undefined,
        onLine: (line) => passOn(logger, job, line),
      },
    );
    logger.info({ job, dryRun: run.id }, `${job}: a dry run was begun`);
    this.#keep(run);
    this.#processes.set(run.id, started);
    void started.ended.then((end) => {
      this.#processes.delete(run.id);
      const { state, errorCode, errorMessage } = judgeEnd(end);
      const { result, problem } = resultOf(end.stdout, maxResultBytes);
      // A plan that a guard refuses says so itself.
      const message = problem ?? (result !== null && errorCode === null ? null : errorMessage);
      const finishedAtMs = clock.now();
      this.#keep({ ...run, state, finishedAtMs, result, errorCode, errorMessage: message });
      logger.info({ job, dryRun: run.id }, `${job}: the dry run is over: ${state}`);
    });
    return { ...run, isNew: true };
  }

  /** The newest first. */
  list(): readonly DryRun[] {
    return [...this.#runs.values()].reverse();
  }

  /** Comes back when none runs any more. */
  async stop(): Promise<void> {
    const processes = [...this.#processes.values()];
    for (const running of processes) running.stop('stop');
    await Promise.all(processes.map(({ ended }) => ended));
  }

  #keep(run: DryRun): void {
    this.#runs.set(run.id, run);
    const over = [...this.#runs.values()].filter(({ state }) => state !== 'running');
    for (const { id } of over.slice(0, Math.max(0, over.length - KEPT))) this.#runs.delete(id);
  }
}

function resultOf(
  stdout: string,
  maxBytes: number,
): { readonly result: unknown; readonly problem: string | null } {
  const bytes = Buffer.byteLength(stdout);
  if (bytes > maxBytes) {
    const problem = `what it found takes ${String(bytes)} bytes and is not kept; run the command on the machine`;
    return { result: null, problem };
  }
  try {
    return { result: JSON.parse(stdout), problem: null };
  } catch {
    return { result: null, problem: null }; // It died before it could print; its end says why.
  }
}
