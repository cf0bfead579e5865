/**
 * Everything tierd can fail with. One class, one catalogue of codes: a code is never reused and
 * each has a paragraph in docs/errors.md (a test keeps the two equal).
 */

/** What a process that ends with an error exits with. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  partly: 4,
  leaseHeld: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * The catalogue: code → the exit code it ends a command with, and whether the same call may
 * succeed later without anybody changing anything.
 */
export const ERROR_CODES = {
  CONFIG_INVALID: { exit: EXIT.usage, retry: false },
  USAGE: { exit: EXIT.usage, retry: false },
  CONFIRMATION_NEEDED: { exit: EXIT.usage, retry: false },
  INTERNAL: { exit: EXIT.failed, retry: false },
  INTERRUPTED: { exit: EXIT.interrupted, retry: true },
  LEASE_HELD: { exit: EXIT.leaseHeld, retry: true },
  LEASE_LOST: { exit: EXIT.leaseHeld, retry: true },
  MOVE_NOT_OURS: { exit: EXIT.leaseHeld, retry: true },
  LEDGER_OUTDATED: { exit: EXIT.usage, retry: false },
  REFUSED: { exit: EXIT.refused, retry: false },
  DATASET_PAUSED: { exit: EXIT.refused, retry: false },
  REPLICA_LAGS: { exit: EXIT.partly, retry: true },

  LAKE_UNWRITABLE: { exit: EXIT.failed, retry: false },
  LAKE_FULL: { exit: EXIT.failed, retry: false },
  LAKE_UNREACHABLE: { exit: EXIT.failed, retry: true },
  LAKE_UNREADABLE: { exit: EXIT.failed, retry: false },
  LAKE_INCOMPLETE: { exit: EXIT.failed, retry: false },
  LAKE_NOT_OWNED: { exit: EXIT.failed, retry: false },
  LAKE_NOT_THE_SAME: { exit: EXIT.failed, retry: false },
  ICEBERG_NOT_HELD: { exit: EXIT.refused, retry: false },
  OBJECT_KEY_INVALID: { exit: EXIT.failed, retry: false },
  OBJECT_CONFLICT: { exit: EXIT.failed, retry: false },
  OBJECT_MISSING: { exit: EXIT.failed, retry: false },
  STAGED_FILE_CHANGED: { exit: EXIT.failed, retry: true },

  POSTGRES_UNREACHABLE: { exit: EXIT.failed, retry: true },
  POSTGRES_READ_ONLY: { exit: EXIT.failed, retry: true },
  POSTGRES_FAILED: { exit: EXIT.failed, retry: false },
  CONNECTIONS_EXHAUSTED: { exit: EXIT.failed, retry: true },
  POSTGRES_OUT_OF_RESOURCES: { exit: EXIT.failed, retry: true },
  STANDBY_SILENT: { exit: EXIT.failed, retry: true },
  OUTCOME_UNKNOWN: { exit: EXIT.failed, retry: true },
  LOCK_TIMEOUT: { exit: EXIT.failed, retry: true },
  DEADLOCK: { exit: EXIT.failed, retry: true },
  SERIALIZATION_CONFLICT: { exit: EXIT.failed, retry: true },
  STATEMENT_TIMEOUT: { exit: EXIT.failed, retry: false },
  PERMISSION_DENIED: { exit: EXIT.failed, retry: false },
  TABLE_NOT_FOUND: { exit: EXIT.usage, retry: false },
  TABLE_UNSUPPORTED: { exit: EXIT.refused, retry: false },
  COLUMN_NOT_FOUND: { exit: EXIT.usage, retry: false },
  TIME_COLUMN_INVALID: { exit: EXIT.usage, retry: false },
  UNIQUE_KEY_MISSING: { exit: EXIT.refused, retry: false },
  KEY_NOT_DISTINCT: { exit: EXIT.refused, retry: false },
  TIMES_UNLIKELY: { exit: EXIT.refused, retry: false },
  KEYS_NOT_READABLE: { exit: EXIT.refused, retry: false },
  ATTACH_REFUSED: { exit: EXIT.refused, retry: false },
  SLICE_TOO_FINE: { exit: EXIT.usage, retry: false },
  DIGEST_MISMATCH: { exit: EXIT.failed, retry: true },
  PARTS_CHANGED: { exit: EXIT.failed, retry: true },
  COLUMNS_CHANGED: { exit: EXIT.failed, retry: true },
  MOVE_REFUSED: { exit: EXIT.refused, retry: false },
  RESTORE_REJECTED: { exit: EXIT.failed, retry: false },
  RESTORE_MISMATCH: { exit: EXIT.failed, retry: false },
  ROWS_KEPT: { exit: EXIT.failed, retry: false },
  ROWS_UNSETTLED: { exit: EXIT.failed, retry: true },
  AGGREGATE_BEHIND: { exit: EXIT.refused, retry: false },
  COLD_DUPLICATES: { exit: EXIT.refused, retry: false },
  INGEST_CONFLICT: { exit: EXIT.failed, retry: true },
  INGEST_REFUSED: { exit: EXIT.refused, retry: false },
  SOURCE_CHANGED: { exit: EXIT.failed, retry: true },
  PART_READS_EMPTY: { exit: EXIT.failed, retry: false },
  PART_READS_SHORT: { exit: EXIT.failed, retry: false },

  TLS_FAILED: { exit: EXIT.failed, retry: false },
  REDIS_UNREACHABLE: { exit: EXIT.failed, retry: true },
  REDIS_FAILED: { exit: EXIT.failed, retry: false },
  CLAIM_NOT_DURABLE: { exit: EXIT.failed, retry: true },

  COPY_STREAM_BROKEN: { exit: EXIT.failed, retry: true },
  VALUE_NOT_HELD: { exit: EXIT.refused, retry: false },
  SEGMENT_WRITE_FAILED: { exit: EXIT.failed, retry: true },
  VERIFY_MISMATCH: { exit: EXIT.failed, retry: false },
  VERIFY_IMPOSSIBLE: { exit: EXIT.failed, retry: true },

  DATASET_NOT_FOUND: { exit: EXIT.usage, retry: false },
  QUERY_INVALID: { exit: EXIT.usage, retry: false },
  QUERY_NOT_ALLOWED: { exit: EXIT.usage, retry: false },
  QUERY_FAILED: { exit: EXIT.failed, retry: false },
  QUERY_TOO_LARGE: { exit: EXIT.failed, retry: false },
  QUERY_ENGINE_DIED: { exit: EXIT.failed, retry: true },
  HOT_ROWS_EXCEEDED: { exit: EXIT.refused, retry: false },
  LIVE_ROWS_EXCEEDED: { exit: EXIT.refused, retry: false },
  LIVE_ROWS_REFUSED: { exit: EXIT.refused, retry: false },
  SEGMENT_UNREADABLE: { exit: EXIT.failed, retry: false },
  COLUMN_TYPE_CHANGED: { exit: EXIT.failed, retry: false },
  TIME_COLUMN_CHANGED: { exit: EXIT.failed, retry: false },
  OUTPUT_UNWRITABLE: { exit: EXIT.failed, retry: false },
  EXPORT_DIFFERS: { exit: EXIT.failed, retry: false },
  SNAPSHOT_ENDED: { exit: EXIT.failed, retry: false },

  BACKUP_TOOL_UNFIT: { exit: EXIT.failed, retry: false },
  DUMP_FAILED: { exit: EXIT.failed, retry: false },
  BACKUP_NOT_OURS: { exit: EXIT.failed, retry: false },
  BACKUP_AWAY: { exit: EXIT.failed, retry: false },
  BACKUP_FULL: { exit: EXIT.failed, retry: false },
  BACKUP_UNWRITABLE: { exit: EXIT.failed, retry: false },
  BACKUP_UNREADABLE: { exit: EXIT.failed, retry: false },
  BACKUP_NOT_FOUND: { exit: EXIT.usage, retry: false },
  BACKUP_DAMAGED: { exit: EXIT.failed, retry: false },
  BACKUP_DIFFERS: { exit: EXIT.failed, retry: false },

  SERVER_NOT_OPENED: { exit: EXIT.failed, retry: false },
  DAEMON_UNREACHABLE: { exit: EXIT.failed, retry: true },
  DAEMON_REFUSED: { exit: EXIT.refused, retry: false },
} as const satisfies Record<string, { exit: ExitCode; retry: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface TierdErrorInit {
  readonly code: ErrorCode;
  /** What failed, on what, and what was kept safe. One or two sentences. */
  readonly message: string;
  /** What to do next, ideally the command to type. */
  readonly hint?: string;
  /** Figures and names for the log and for `--json`. Never a secret. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Some of the work was done before, and stands: the exit code says partly, whatever ended it. */
  readonly partly?: boolean;
}

/** What says that a store can't be talked to at all, as against something that it answered. */
const AWAY: ReadonlySet<ErrorCode> = new Set([
  'POSTGRES_UNREACHABLE',
  'REDIS_UNREACHABLE',
  'TLS_FAILED',
]);

export class TierdError extends Error {
  override readonly name = 'TierdError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly context: Readonly<Record<string, unknown>>;
  readonly partly: boolean;

  constructor(init: TierdErrorInit) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.hint = init.hint;
    this.context = init.context ?? {};
    this.partly = init.partly ?? false;
  }

  get exitCode(): ExitCode {
    const { exit } = ERROR_CODES[this.code];
    return this.partly && exit !== EXIT.interrupted ? EXIT.partly : exit;
  }

  /** Whether a store could not be talked to at all. */
  get isAway(): boolean {
    return AWAY.has(this.code);
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get retry(): boolean {
    return ERROR_CODES[this.code].retry;
  }
}
