/** What `/status` says of the stores, and in which shape. */
import { z } from 'zod';
import { time } from './time.ts';

const figure = z.number().nullable();
const error = z.string().nullable();

const liveServer = z.object({
  server: z.string(),
  product: z.string().meta({ description: 'As the server calls itself: Redis, Valkey.' }),
  version: z.string(),
  role: z.string(),
  keys: z.number(),
  used_bytes: z.number(),
  max_bytes: z.number(),
  eviction_policy: z.string().nullable(),
  fragmentation: z.number(),
  hit_ratio: figure,
  ops_per_second: z.number(),
  latency_ms: z.number(),
  clients: z.number(),
  evicted_keys: z.number(),
  expired_keys: z.number(),
  aof_enabled: z.boolean(),
  aof_ok: z.boolean(),
  rdb_ok: z.boolean(),
});

const care = z.object({
  compaction: z
    .object({ segments: z.number(), segments_after: z.number(), bytes: z.number() })
    .meta({ description: 'Small segments that `tierd compact` would merge.' }),
  expiring: z
    .object({
      within_days: z.number(),
      rows: z.number(),
      rows_are_at_most: z.boolean().meta({
        description: 'Some may be of an interval that stays: nobody has counted them yet.',
      }),
      slices: z.number(),
    })
    .nullable()
    .meta({ description: 'What `tierd expire` would take then; null where nothing ever expires.' }),
  holds: z.array(
    z.object({ id: z.string(), from: time, to: time, until: time, reason: z.string() }),
  ),
  scrubs: z.object({
    oldest: time,
    newest: time,
    never: z.number().meta({ description: 'Segments that no scrub has read yet.' }),
  }),
  audit_head: z.object({ number: z.number(), hash: z.string() }).nullable(),
});

const dataset = z.object({
  dataset: z.string(),
  table: z.string(),
  kind: z.enum(['plain', 'partitioned', 'hypertable']).nullable(),
  error,
  as_of: time,
  hot: z.object({
    rows: figure,
    rows_are_estimated: z.boolean(),
    bytes: figure,
    oldest: time,
    newest: time,
  }),
  cold: z.object({
    segments: z.number(),
    rows: z.number(),
    bytes: z.number(),
    oldest: time,
    newest: time,
    bad_segments: z.number(),
  }),
  ratio: figure,
  due: z.object({ rows: z.number(), moves: z.number() }).nullable(),
  due_as_of: time,
  refusals: z.array(z.string()),
  partitions: z.object({ reach: time, short: error, default_rows: figure }).nullable().meta({
    description:
      'How far partitions reach that are made ahead, and what is wrong with that; null where they are not.',
  }),
  last_run: z
    .object({
      job: z.string(),
      state: z.string(),
      started_at: time,
      finished_at: time,
      rows_moved: z.number(),
      bytes_written: z.number(),
      rows_again: z.number(),
      rows_changed: z.number(),
      error_code: error,
      error_message: error,
    })
    .nullable(),
  care: care.nullable().meta({
    description: 'What its part of the lake needs, or loses, soon; null until it was looked at.',
  }),
});

const source = z.object({
  source: z.string(),
  dataset: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  backlog_entries: figure,
  backlog_keys: figure,
  as_of: time,
  error,
  last_problem: error,
  last_problem_at: time,
  entries: z.number(),
  rows_written: z.number(),
  dead_letters_waiting: z.number(),
  lost: z.number(),
  repeated: z.number(),
  same_key: z.number(),
  lag_seconds: figure,
  last_batch_at: time,
});

const names = z.array(z.string());

/** A sum leaves out `missing`; of `stale` it has the figures of an earlier look. */
const totals = z.object({
  hot: z.object({
    rows: figure,
    rows_are_estimated: z.boolean(),
    bytes: figure,
    missing: names,
    stale: names,
  }),
  waiting: z.object({ entries: figure, missing: names }),
});

export const surveySchema = z.object({
  taken_at: time,
  took_ms: z.number(),
  error,
  hot: z.object({
    reachable: z.boolean(),
    error,
    version: z.string().nullable(),
    timescale: z.string().nullable(),
    database_bytes: figure,
    connections: figure,
    max_connections: figure,
    in_recovery: z.boolean().nullable(),
    oldest_transaction_seconds: figure,
    lock_waiters: figure,
    slot_wal_bytes: figure,
    frozen_age: figure,
  }),
  live: z
    .object({
      reachable: z.boolean(),
      error,
      place: z.string().nullable(),
      servers: z.array(liveServer),
      warnings: z.array(z.string()),
    })
    .nullable(),
  cold: z.object({
    place: z.string(),
    error,
    free_bytes: figure,
    min_free_bytes: z.number(),
    segments: figure,
    rows: figure,
    bytes: figure,
    retired_bytes: figure,
  }),
  totals,
  datasets: z.array(dataset),
  sources: z.array(source),
  dead_letters_waiting: figure,
  backups: z
    .array(
      z.object({
        kind: z.string(),
        finished_at: time,
        backup: z.string().nullable(),
        bytes: figure,
      }),
    )
    .nullable()
    .meta({
      description:
        'The last good run of each kind of `tierd backup` that had one; null where no `backup` is configured.',
    }),
});

export type SurveyDocument = z.output<typeof surveySchema>;
