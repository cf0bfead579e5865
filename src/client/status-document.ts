/** What `GET /status` answers. Made by `npm run client:types` from what /openapi.json shows. */
export interface StatusDocument {
  readonly version: string;
  readonly owner: string;
  readonly holder: string;
  readonly role: 'starting' | 'standby' | 'leader' | 'stopping';
  readonly leader: string | null;
  readonly lease_error: string | null;
  readonly started_at: string | null;
  readonly config: {
    readonly file: string;
    readonly loaded_at: string | null;
    readonly reload_error: string | null;
  };
  readonly jobs: readonly {
    readonly job: string;
    readonly command: string;
    readonly schedule: string;
    readonly next_at: string | null;
    readonly is_queued: boolean;
    readonly skipped: number;
    readonly paused: {
      readonly since: string;
      readonly by: string;
    } | null;
    readonly circuit: {
      readonly state: 'closed' | 'open' | 'half-open';
      readonly failures: number;
      readonly open_until: string | null;
    };
    readonly running: {
      readonly run: string;
      readonly cause: string;
      readonly started_at: string | null;
      readonly attempt: number;
      readonly pid: number | null;
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
      readonly cause: string;
      readonly state: string;
      readonly started_at: string | null;
      readonly finished_at: string | null;
      readonly attempts: number;
      readonly error_code: string | null;
      readonly error_message: string | null;
    } | null;
  }[];
  readonly paused_datasets: readonly {
    readonly since: string;
    readonly by: string;
    readonly dataset: string;
  }[];
  /** What the stores hold; null until they were looked at first. */
  readonly survey: {
    readonly taken_at: string | null;
    readonly took_ms: number;
    readonly error: string | null;
    readonly hot: {
      readonly reachable: boolean;
      readonly error: string | null;
      readonly version: string | null;
      readonly timescale: string | null;
      readonly database_bytes: number | null;
      readonly connections: number | null;
      readonly max_connections: number | null;
      readonly in_recovery: boolean | null;
      readonly oldest_transaction_seconds: number | null;
      readonly lock_waiters: number | null;
      readonly slot_wal_bytes: number | null;
      readonly frozen_age: number | null;
    };
    readonly live: {
      readonly reachable: boolean;
      readonly error: string | null;
      readonly place: string | null;
      readonly servers: readonly {
        readonly server: string;
        /** As the server calls itself: Redis, Valkey. */
        readonly product: string;
        readonly version: string;
        readonly role: string;
        readonly keys: number;
        readonly used_bytes: number;
        readonly max_bytes: number;
        readonly eviction_policy: string | null;
        readonly fragmentation: number;
        readonly hit_ratio: number | null;
        readonly ops_per_second: number;
        readonly latency_ms: number;
        readonly clients: number;
        readonly evicted_keys: number;
        readonly expired_keys: number;
        readonly aof_enabled: boolean;
        readonly aof_ok: boolean;
        readonly rdb_ok: boolean;
      }[];
      readonly warnings: readonly string[];
    } | null;
    readonly cold: {
      readonly place: string;
      readonly error: string | null;
      readonly free_bytes: number | null;
      readonly min_free_bytes: number;
      readonly segments: number | null;
      readonly rows: number | null;
      readonly bytes: number | null;
      readonly retired_bytes: number | null;
    };
    readonly totals: {
      readonly hot: {
        readonly rows: number | null;
        readonly rows_are_estimated: boolean;
        readonly bytes: number | null;
        readonly missing: readonly string[];
        readonly stale: readonly string[];
      };
      readonly waiting: {
        readonly entries: number | null;
        readonly missing: readonly string[];
      };
    };
    readonly datasets: readonly {
      readonly dataset: string;
      readonly table: string;
      readonly kind: 'plain' | 'partitioned' | 'hypertable' | null;
      readonly error: string | null;
      readonly as_of: string | null;
      readonly hot: {
        readonly rows: number | null;
        readonly rows_are_estimated: boolean;
        readonly bytes: number | null;
        readonly oldest: string | null;
        readonly newest: string | null;
      };
      readonly cold: {
        readonly segments: number;
        readonly rows: number;
        readonly bytes: number;
        readonly oldest: string | null;
        readonly newest: string | null;
        readonly bad_segments: number;
      };
      readonly ratio: number | null;
      readonly due: {
        readonly rows: number;
        readonly moves: number;
      } | null;
      readonly due_as_of: string | null;
      readonly refusals: readonly string[];
      /** How far partitions reach that are made ahead, and what is wrong with that; null where they are not. */
      readonly partitions: {
        readonly reach: string | null;
        readonly short: string | null;
        readonly default_rows: number | null;
      } | null;
      readonly last_run: {
        readonly job: string;
        readonly state: string;
        readonly started_at: string | null;
        readonly finished_at: string | null;
        readonly rows_moved: number;
        readonly bytes_written: number;
        readonly rows_again: number;
        readonly rows_changed: number;
        readonly error_code: string | null;
        readonly error_message: string | null;
      } | null;
      /** What its part of the lake needs, or loses, soon; null until it was looked at. */
      readonly care: {
        /** Small segments that `tierd compact` would merge. */
        readonly compaction: {
          readonly segments: number;
          readonly segments_after: number;
          readonly bytes: number;
        };
        /** What `tierd expire` would take then; null where nothing ever expires. */
        readonly expiring: {
          readonly within_days: number;
          readonly rows: number;
          /** Some may be of an interval that stays: nobody has counted them yet. */
          readonly rows_are_at_most: boolean;
          readonly slices: number;
        } | null;
        readonly holds: readonly {
          readonly id: string;
          readonly from: string | null;
          readonly to: string | null;
          readonly until: string | null;
          readonly reason: string;
        }[];
        readonly scrubs: {
          readonly oldest: string | null;
          readonly newest: string | null;
          /** Segments that no scrub has read yet. */
          readonly never: number;
        };
        readonly audit_head: {
          readonly number: number;
          readonly hash: string;
        } | null;
      } | null;
    }[];
    readonly sources: readonly {
      readonly source: string;
      readonly dataset: string;
      readonly kind: string;
      readonly enabled: boolean;
      readonly backlog_entries: number | null;
      readonly backlog_keys: number | null;
      readonly as_of: string | null;
      readonly error: string | null;
      readonly last_problem: string | null;
      readonly last_problem_at: string | null;
      readonly entries: number;
      readonly rows_written: number;
      readonly dead_letters_waiting: number;
      readonly lost: number;
      readonly repeated: number;
      readonly same_key: number;
      readonly lag_seconds: number | null;
      readonly last_batch_at: string | null;
    }[];
    readonly dead_letters_waiting: number | null;
    /** The last good run of each kind of `tierd backup` that had one; null where no `backup` is configured. */
    readonly backups:
      | readonly {
          readonly kind: string;
          readonly finished_at: string | null;
          readonly backup: string | null;
          readonly bytes: number | null;
        }[]
      | null;
  } | null;
  readonly alerts: readonly {
    readonly id: string;
    readonly kind:
      | 'job_failed'
      | 'job_refused'
      | 'job_resting'
      | 'bad_segment'
      | 'unknown_files'
      | 'drain_lag'
      | 'dead_letters'
      | 'store_unreachable'
      | 'lease_lost'
      | 'live_hazard'
      | 'cold_duplicates'
      | 'partitions_short'
      | 'backup_overdue';
    readonly severity: 'warning' | 'error';
    readonly subject: string;
    readonly message: string;
    readonly since: string;
    /** Everybody who wants it has heard the newest word of it; false when nobody does. */
    readonly delivered: boolean;
    /** How many webhooks and commands want it. */
    readonly receivers: number;
    /** Of these, by name, who has not heard. */
    readonly not_told: readonly string[];
  }[];
}
