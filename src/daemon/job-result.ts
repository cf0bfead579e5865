/** What a job's process left behind, understood: its exit code, its document, why it was stopped. */
import { EXIT } from '../domain/errors.ts';

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
  readonly errorMessage: string | null;
  readonly rowsMoved: number | null;
  readonly damage: Damage | null;
}

/** Segments that are not what was published, as a scrub found them. */
export interface Damage {
  readonly count: number;
  /** The first of them. */
  readonly keys: readonly string[];
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

export function judgeEnd(end: ProcessEnd): JobResult {
  const document = parseDocument(end.stdout);
  const errors = errorsIn(document);
  const verdict = verdictOf(end);
  const [first] = errors;
  const isRetryable =
    verdict.isRetryable === 'as its errors say'
      ? errors.some(({ retry }) => retry)
      : verdict.isRetryable;
  return {
    state: verdict.state,
    health: verdict.health,
    isRetryable,
    errorCode: first?.code ?? null,
    errorMessage:
      verdict.state === 'done'
        ? null
        : (first?.message ?? describeDamage(document) ?? describeEnd(end)),
    rowsMoved: rowsMovedIn(document),
    damage: damageIn(document),
  };
}

function verdictOf(end: ProcessEnd): Verdict {
  // It had finished before the request to stop reached it.
  if (end.exitCode === EXIT.done) return BY_EXIT_CODE[EXIT.done] ?? CRASHED;
  if (end.stoppedFor !== null) return BY_REASON[end.stoppedFor];
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

function parseDocument(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return null; // It died before it could print one; the exit code and the signal tell that.
  }
}

interface JobError {
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
}

/** Every `error` of the document, at whatever depth a job's report has them. */
function errorsIn(value: unknown): readonly JobError[] {
  if (Array.isArray(value)) return value.flatMap(errorsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const error = key === 'error' ? asJobError(item) : undefined;
    return error === undefined ? errorsIn(item) : [error];
  });
}

function asJobError(value: unknown): JobError | undefined {
  const { code, message, retry } = (value ?? {}) as Partial<Record<keyof JobError, unknown>>;
  if (typeof code !== 'string') return undefined;
  return { code, message: typeof message === 'string' ? message : code, retry: retry === true };
}

const DAMAGED_KEYS_KEPT = 5;

/** As `tierd scrub --json` says it; null for every other report. */
function damageIn(document: unknown): Damage | null {
  const { sound, missing, altered, unproven } = (document ?? {}) as Partial<
    Record<string, unknown>
  >;
  if (sound !== false) return null;
  const keys = [missing, altered, unproven].flatMap(keysIn);
  return { count: keys.length, keys: keys.slice(0, DAMAGED_KEYS_KEPT) };
}

/** Of what has one key, or some, or is one. */
function keysIn(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown): readonly string[] => {
    if (typeof item === 'string') return [item];
    const { key, keys } = (item ?? {}) as { readonly key?: unknown; readonly keys?: unknown };
    return typeof key === 'string' ? [key] : keysIn(keys);
  });
}

function describeDamage(document: unknown): string | null {
  const damage = damageIn(document);
  if (damage === null) return null;
  return `${String(damage.count)} segments are not what was published: ${damage.keys.join(', ')}`;
}

/** The sum over the datasets of a report; null where the job moves none. */
function rowsMovedIn(document: unknown): number | null {
  const datasets: unknown = (document as { datasets?: unknown } | null)?.datasets;
  if (!Array.isArray(datasets)) return null;
  const counts = datasets.flatMap((dataset: { rows_moved?: unknown } | null) =>
    typeof dataset?.rows_moved === 'number' ? [dataset.rows_moved] : [],
  );
  return counts.length === 0 ? null : counts.reduce((sum, rows) => sum + rows, 0);
}
