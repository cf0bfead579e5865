/** What a job's process left behind, understood: its exit code, its document, why it was stopped. */
import { EXIT } from '../domain/errors.ts';
import { type Finding, type JobReport, readReport } from './job-report.ts';

export type JobRunState =
  | 'done'
  | 'partly'
  | 'failed'
  | 'refused'
  | 'lease_held'
  | 'interrupted'
  | 'cancelled'
  | 'timeout'
  | 'out_of_memory'
  | 'crashed';

/** Why the daemon ended a job. */
export type StopReason = 'stop' | 'cancel' | 'timeout' | 'memory' | 'reload' | 'pause';

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stoppedFor: StopReason | null;
  /** What it printed on stdout: with `--json` one document. */
  readonly stdout: string;
  /** Set when it could not be started. */
  readonly startFailure: string | null;
}

export interface JobResult {
  readonly state: JobRunState;
  /** The same command may succeed later without anybody changing anything. */
  readonly isRetryable: boolean;
  /** What the run says of the job's health, for its circuit. */
  readonly health: 'well' | 'ill' | 'unknown';
  readonly errorCode: string | null;
  /** What was done, what was not and why. */
  readonly errorMessage: string | null;
  /** Of all that was not done, guards alone were in the way. */
  readonly isRefusal: boolean;
  /** What to do next. */
  readonly advice: string | null;
  readonly rowsMoved: number | null;
  /** Segments that are not what was published. */
  readonly damage: Finding | null;
  /** Files of the lake that are not this ledger's. */
  readonly unknownFiles: Finding | null;
}

type Verdict = Pick<JobResult, 'state' | 'health'> & {
  readonly isRetryable: boolean | 'as its errors say';
};

const BY_EXIT_CODE: Readonly<Record<number, Verdict>> = {
  [EXIT.done]: { state: 'done', health: 'well', isRetryable: false },
  [EXIT.failed]: { state: 'failed', health: 'ill', isRetryable: 'as its errors say' },
  [EXIT.usage]: { state: 'failed', health: 'ill', isRetryable: false },
  // A guard did its duty. It would again: nothing is gained by trying, and nothing is broken.
  [EXIT.refused]: { state: 'refused', health: 'unknown', isRetryable: false },
  [EXIT.partly]: { state: 'partly', health: 'ill', isRetryable: 'as its errors say' },
  [EXIT.leaseHeld]: { state: 'lease_held', health: 'unknown', isRetryable: true },
  [EXIT.interrupted]: { state: 'interrupted', health: 'unknown', isRetryable: false },
};

const BY_REASON: Readonly<Record<StopReason, Verdict>> = {
  stop: { state: 'interrupted', health: 'unknown', isRetryable: false },
  reload: { state: 'interrupted', health: 'unknown', isRetryable: false },
  pause: { state: 'interrupted', health: 'unknown', isRetryable: false },
  cancel: { state: 'cancelled', health: 'unknown', isRetryable: false },
  // The next slot goes on where this one stopped; at once it would run into the same limit.
  timeout: { state: 'timeout', health: 'ill', isRetryable: false },
  memory: { state: 'out_of_memory', health: 'ill', isRetryable: false },
};

/** Killed by the kernel, or a crash of native code: every step may be run again (I4). */
const CRASHED: Verdict = { state: 'crashed', health: 'ill', isRetryable: true };

const PARTLY_REFUSED: Verdict = { state: 'partly', health: 'unknown', isRetryable: false };

/** A scrub exits with a failure for them, so that a person looks; it did all of its work. */
const UNKNOWN_FILES: Verdict = { state: 'done', health: 'well', isRetryable: false };

export function judgeEnd(end: ProcessEnd): JobResult {
  const report = readReport(end.stdout);
  const { errors, account, advice, rowsMoved, damage, unknownFiles } = report;
  const isRefusal = errors.length > 0 && errors.every((error) => error.isRefusal);
  const verdict = verdictOf(end, report, isRefusal);
  const isRetryable =
    verdict.isRetryable === 'as its errors say'
      ? errors.some(({ retry }) => retry)
      : verdict.isRetryable;
  return {
    state: verdict.state,
    health: verdict.health,
    isRetryable,
    isRefusal,
    errorCode: errors[0]?.code ?? null,
    errorMessage:
      end.exitCode === EXIT.done && verdict.state === 'done' ? null : (account ?? describeEnd(end)),
    advice,
    rowsMoved,
    damage,
    unknownFiles,
  };
}

function verdictOf(end: ProcessEnd, report: JobReport, isRefusal: boolean): Verdict {
  // It had finished before the request to stop reached it.
  if (end.exitCode === EXIT.done) return BY_EXIT_CODE[EXIT.done] ?? CRASHED;
  if (end.stoppedFor !== null) return BY_REASON[end.stoppedFor];
  if (end.exitCode === EXIT.failed && report.unknownFiles !== null) return UNKNOWN_FILES;
  // What was done is done, and of the rest a guard did its duty.
  if (end.exitCode === EXIT.partly && isRefusal) return PARTLY_REFUSED;
  return (end.exitCode === null ? undefined : BY_EXIT_CODE[end.exitCode]) ?? CRASHED;
}

function describeEnd(end: ProcessEnd): string {
  if (end.startFailure !== null) return `could not be started: ${end.startFailure}`;
  const way =
    end.signal === null
      ? `ended with exit code ${String(end.exitCode)}`
      : `was ended by ${end.signal}`;
  switch (end.stoppedFor) {
    case 'timeout':
      return `took longer than its timeout and ${way}`;
    case 'memory':
      return `used more than its memory limit and ${way}`;
    case 'stop':
    case 'reload':
    case 'pause':
    case 'cancel':
      return `was asked to stop and ${way}`;
    case null:
      return way;
  }
}
