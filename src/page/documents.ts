/** What the server answers, as far as the page reads it. A test holds it against the server's own. */

/** ISO 8601, UTC. */
export type Time = string | null;

export interface StatusDocument {
  readonly version: string;
  readonly owner: string;
  readonly holder: string;
  readonly role: 'starting' | 'standby' | 'leader' | 'stopping';
  readonly leader: string | null;
  readonly lease_error: string | null;
  readonly started_at: Time;
  readonly config: { readonly file: string; readonly reload_error: string | null };
  readonly jobs: readonly JobDocument[];
  readonly alerts: readonly AlertDocument[];
  readonly paused_datasets: readonly ({ readonly dataset: string } & Pause)[];
  readonly survey: SurveyDocument | null;
}

interface Pause {
  readonly since: Time;
  readonly by: string;
}

export interface JobDocument {
  readonly job: string;
  readonly command: string;
  readonly schedule: string;
  readonly next_at: Time;
  readonly is_queued: boolean;
  readonly skipped: number;
  readonly paused: Pause | null;
  readonly circuit: {
    readonly state: 'closed' | 'open' | 'half-open';
    readonly failures: number;
    readonly open_until: Time;
  };
  readonly running: {
    readonly run: string;
    readonly cause: string;
    readonly started_at: Time;
    readonly attempt: number;
    readonly rss_bytes: number | null;
    readonly progress: {
      readonly label: string;
      readonly unit: 'rows' | 'bytes';
      readonly done: number;
      readonly total: number | null;
    } | null;
  } | null;
  readonly last: {
    readonly run: string;
    readonly state: string;
    readonly started_at: Time;
    readonly finished_at: Time;
    readonly error_code: string | null;
    readonly error_message: string | null;
  } | null;
}

export interface AlertDocument {
  readonly id: string;
  readonly kind: string;
  readonly severity: 'warning' | 'error';
  readonly subject: string;
  readonly message: string;
  readonly since: Time;
  readonly receivers: number;
  readonly not_told: readonly string[];
}

export interface SurveyDocument {
  readonly taken_at: Time;
  readonly error: string | null;
  readonly hot: {
    readonly reachable: boolean;
    readonly error: string | null;
    readonly version: string | null;
    readonly timescale: string | null;
    readonly database_bytes: number | null;
    readonly connections: number | null;
    readonly max_connections: number | null;
  };
  readonly live: {
    readonly reachable: boolean;
    readonly error: string | null;
    readonly servers: readonly {
      readonly server: string;
      readonly product: string;
      readonly version: string;
      readonly keys: number;
      readonly used_bytes: number;
      readonly max_bytes: number;
    }[];
    readonly warnings: readonly string[];
  } | null;
  readonly cold: {
    readonly error: string | null;
    readonly free_bytes: number | null;
    readonly segments: number | null;
    readonly rows: number | null;
    readonly bytes: number | null;
  };
  readonly backups: readonly { readonly kind: string; readonly finished_at: Time }[] | null;
  readonly totals: {
    readonly hot: Gaps & {
      readonly rows: number | null;
      readonly rows_are_estimated: boolean;
      readonly bytes: number | null;
    };
    readonly waiting: { readonly entries: number | null; readonly missing: readonly string[] };
  };
  readonly datasets: readonly DatasetDocument[];
  readonly sources: readonly SourceDocument[];
  readonly dead_letters_waiting: number | null;
}

/** A sum leaves out `missing`; of `stale` it has the figures of an earlier look. */
export interface Gaps {
  readonly missing: readonly string[];
  readonly stale?: readonly string[];
}

export interface DatasetDocument {
  readonly dataset: string;
  readonly kind: string | null;
  readonly error: string | null;
  readonly hot: {
    readonly rows: number | null;
    readonly rows_are_estimated: boolean;
    readonly bytes: number | null;
    readonly oldest: Time;
    readonly newest: Time;
  };
  readonly cold: {
    readonly segments: number;
    readonly rows: number;
    readonly bytes: number;
    readonly oldest: Time;
    readonly newest: Time;
  };
  readonly last_run: {
    readonly job: string;
    readonly state: string;
    readonly started_at: Time;
    readonly finished_at: Time;
    readonly rows_moved: number;
    readonly error_message: string | null;
  } | null;
  readonly due: { readonly rows: number; readonly moves: number } | null;
  readonly refusals: readonly string[];
  /** Null until it was looked at. */
  readonly care: CareDocument | null;
}

export interface CareDocument {
  readonly compaction: {
    readonly segments: number;
    readonly segments_after: number;
    readonly bytes: number;
  };
  /** Null where nothing ever expires. */
  readonly expiring: {
    readonly within_days: number;
    readonly rows: number;
    readonly rows_are_at_most: boolean;
  } | null;
  readonly holds: readonly HoldDocument[];
  readonly scrubs: { readonly oldest: Time; readonly newest: Time; readonly never: number };
  readonly audit_head: { readonly number: number; readonly hash: string } | null;
}

export interface HoldDocument {
  readonly id: string;
  /** Both null: all of time. */
  readonly from: Time;
  readonly to: Time;
  readonly until: Time;
  readonly reason: string;
}

export interface SourceDocument {
  readonly source: string;
  readonly dataset: string;
  readonly kind: string;
  readonly enabled: boolean;
  readonly backlog_entries: number | null;
  readonly error: string | null;
  readonly rows_written: number;
  readonly dead_letters_waiting: number;
  readonly lag_seconds: number | null;
  readonly last_batch_at: Time;
}

export type DayState = 'live' | 'hot' | 'moving' | 'cold' | 'gap' | 'bad' | 'empty';

export interface CalendarDocument extends Gaps {
  readonly dataset: string;
  readonly days: readonly CalendarDay[];
}

export interface CalendarDay {
  /** `2026-11-03` */
  readonly day: string;
  readonly state: DayState;
  /** Null where nobody has counted them. */
  readonly hot_rows: number | null;
  readonly cold_rows: number;
  readonly segments: number;
  /** Restored, and hot until its pin ends. */
  readonly is_pinned: boolean;
  readonly is_held: boolean;
}

export interface FlowDocument extends Gaps {
  readonly from: string;
  readonly to: string;
  readonly bucket_seconds: number;
  readonly moved: readonly { readonly at: string; readonly rows: number; readonly bytes: number }[];
  readonly drained: readonly { readonly at: string; readonly rows: number }[];
  readonly lag: readonly {
    readonly at: string;
    readonly source: string;
    readonly seconds: number | null;
    readonly backlog: number | null;
  }[];
}

export interface RunsDocument {
  readonly runs: readonly RunDocument[];
}

export interface RunDocument {
  readonly id: string;
  readonly job: string;
  readonly subject: string | null;
  readonly cause: string;
  readonly state: string;
  readonly started_at: string;
  readonly finished_at: Time;
  readonly rows_moved: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

export interface DryRunDocument {
  readonly id: string;
  readonly state: string;
  readonly started_at: string;
  readonly finished_at: Time;
  readonly error_message: string | null;
  /** What the command prints with `--json`. */
  readonly result: unknown;
}

export interface AccessDocument {
  readonly status: boolean;
  readonly control: boolean;
  readonly control_enabled: boolean;
  readonly query: boolean;
  readonly query_enabled: boolean;
}
