/** Slices and segments in the ledger. A segment's row is written before its object (I4). */

import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { SliceFingerprint } from '../domain/fingerprint.ts';
import type { SegmentFacts } from '../domain/lake/segment-facts.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { Lease } from './lease.ts';
import type { Queryable } from './queryable.ts';
import { FACTS_COLUMNS, type FactsRow, factsOf } from './segment-facts.ts';

export type SegmentState = 'publishing' | 'live' | 'retired' | 'removed' | 'abandoned';

export interface NewSegment extends SegmentFacts {
  readonly sha256: string;
}

export interface NewSlice {
  readonly range: TimeRange;
  readonly generation: number;
  readonly rows: bigint;
  /** Of the whole slice: all of its segments together. */
  readonly fingerprint: SliceFingerprint;
  readonly columns: readonly ColumnPlan[];
  readonly segments: readonly NewSegment[];
}

/** Names every object of a move before the first of them is published. */
export async function announceSlice(
  db: Queryable,
  lease: Lease,
  moveId: string,
  slice: NewSlice,
): Promise<void> {
  const inserted = await db.query<{ id: string }>(
    `insert into tierd.slices
       (move_id, dataset, range_from, range_to, generation, row_count, fingerprint, columns)
     values ($1, $2, $3::timestamptz, $4::timestamptz, $5, $6, $7, $8) returning id::text`,
    [
      moveId,
      lease.dataset,
      new Date(slice.range.fromInclusive).toISOString(),
      new Date(slice.range.toExclusive).toISOString(),
      slice.generation,
      slice.rows.toString(),
      JSON.stringify(slice.fingerprint),
      JSON.stringify(slice.columns),
    ],
  );
  const sliceId = inserted.rows[0]?.id;
  for (const segment of slice.segments) {
    await db.query(
      `insert into tierd.segments
         (slice_id, schema_id, dataset, object_key, state, bytes, sha256, row_count, min_time_us, max_time_us, statistics,
          value_counts, footer_bytes)
       select id, schema_id, $2, $3, 'publishing', $4, $5, $6, $7, $8, $9, $10, $11 from tierd.slices where id = $1`,
      [
        sliceId,
        lease.dataset,
        segment.key,
        segment.bytes.toString(),
        segment.sha256,
        segment.rows.toString(),
        segment.minTimeUs.toString(),
        segment.maxTimeUs.toString(),
        JSON.stringify(segment.statistics),
        segment.counts === null ? null : JSON.stringify(segment.counts),
        segment.footerBytes,
      ],
    );
  }
}

/** Makes a move's segments readable. Only inside the transaction that deletes their rows (I2). */
export async function publishSegments(db: Queryable, moveId: string): Promise<void> {
  await db.query(`update tierd.slices set published_at = clock_timestamp() where move_id = $1`, [
    moveId,
  ]);
  await db.query(
    `update tierd.segments
     set state = 'live', published_at = clock_timestamp(), changed_at = clock_timestamp()
     where state = 'publishing' and slice_id in (select id from tierd.slices where move_id = $1)`,
    [moveId],
  );
}

/** Marks the objects of an abandoned move as leftovers; they may or may not lie in the lake. */
export async function abandonSegments(db: Queryable, moveId: string): Promise<void> {
  await db.query(
    `update tierd.segments set state = 'abandoned', changed_at = clock_timestamp()
     where state = 'publishing' and slice_id in (select id from tierd.slices where move_id = $1)`,
    [moveId],
  );
}

/** Keys of leftovers. A key is in the ledger once, so none of these can be a live segment's. */
export async function abandonedKeys(db: Queryable, dataset: string): Promise<readonly string[]> {
  const found = await db.query<{ object_key: string }>(
    `select object_key from tierd.segments where dataset = $1 and state = 'abandoned' order by id`,
    [dataset],
  );
  return found.rows.map((row) => row.object_key);
}

/**
 * Notes that a leftover is gone. Younger ones stay listed for `graceMs`: a process that lost its
 * lease in the middle of a publish may still bring the object into being.
 */
export async function forgetAbandoned(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
  graceMs: number,
): Promise<void> {
  await db.query(
    `update tierd.segments set state = 'removed', changed_at = clock_timestamp()
     where dataset = $1 and state = 'abandoned' and object_key = any($2)
       and changed_at < clock_timestamp() - $3 * interval '1 millisecond'`,
    [dataset, keys, graceMs],
  );
}

/** The next generation of each range: one more than the newest published, 1 for a first. */
export async function nextGeneration(
  db: Queryable,
  dataset: string,
  range: TimeRange,
): Promise<number> {
  const found = await db.query<{ next: number }>(
    `select coalesce(max(generation), 0) + 1 as next from tierd.slices
     where dataset = $1 and range_from = $2::timestamptz and range_to = $3::timestamptz
       and published_at is not null`,
    [
      dataset,
      new Date(range.fromInclusive).toISOString(),
      new Date(range.toExclusive).toISOString(),
    ],
  );
  return found.rows[0]?.next ?? 1;
}

export interface SegmentRecord extends SegmentFacts {
  readonly state: SegmentState;
  readonly dataset: string;
  readonly sliceId: bigint;
  readonly sha256: string;
  readonly columns: readonly ColumnPlan[];
  /** Of the whole slice: all of its segments together. */
  readonly fingerprint: SliceFingerprint;
}

/**
 * Segments of the given states, oldest data first. With no dataset: of all of them. The whole list
 * comes from one statement, so it is one snapshot of the ledger.
 */
export async function listSegments(
  db: Queryable,
  filter: {
    readonly dataset?: string;
    readonly states: readonly SegmentState[];
    readonly fromUs?: bigint;
    readonly toUs?: bigint;
  },
): Promise<readonly SegmentRecord[]> {
  const found = await db.query<
    FactsRow & {
      state: SegmentState;
      dataset: string;
      slice_id: string;
      sha256: string;
      columns: ColumnPlan[];
      fingerprint: SliceFingerprint;
    }
  >(
    `select ${FACTS_COLUMNS}, g.state, g.dataset, g.slice_id::text, g.sha256,
            s.columns, s.fingerprint
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     where g.state = any($1) and ($2::text is null or g.dataset = $2)
       and ($3::bigint is null or g.max_time_us >= $3) and ($4::bigint is null or g.min_time_us < $4)
     order by g.dataset, g.min_time_us, g.id`,
    [
      filter.states,
      filter.dataset ?? null,
      filter.fromUs?.toString() ?? null,
      filter.toUs?.toString() ?? null,
    ],
  );
  return found.rows.map((row) => ({
    ...factsOf(row),
    state: row.state,
    dataset: row.dataset,
    sliceId: BigInt(row.slice_id),
    sha256: row.sha256,
    columns: row.columns,
    fingerprint: row.fingerprint,
  }));
}

/** When a slice of the dataset was last published, by PostgreSQL's clock; null where none ever was. */
export async function newestArrival(db: Queryable, dataset: string): Promise<EpochMs | null> {
  const found = await db.query<{ ms: number | null }>(
    `select (extract(epoch from max(published_at)) * 1000)::float8 as ms
     from tierd.slices where dataset = $1 and published_at is not null`,
    [dataset],
  );
  return found.rows[0]?.ms ?? null;
}

export interface ColdTotals {
  readonly dataset: string;
  readonly segments: number;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly oldestUs: bigint;
  readonly newestUs: bigint;
}

/** Sums over the live segments of each dataset. */
export async function coldTotals(db: Queryable): Promise<readonly ColdTotals[]> {
  const found = await db.query<{
    dataset: string;
    segments: number;
    row_count: string;
    bytes: string;
    oldest: string;
    newest: string;
  }>(
    `select dataset, count(*)::int as segments, sum(row_count)::text as row_count,
            sum(bytes)::text as bytes, min(min_time_us)::text as oldest, max(max_time_us)::text as newest
     from tierd.segments where state = 'live' group by dataset order by dataset`,
  );
  return found.rows.map((row) => ({
    dataset: row.dataset,
    segments: row.segments,
    rows: BigInt(row.row_count),
    bytes: BigInt(row.bytes),
    oldestUs: BigInt(row.oldest),
    newestUs: BigInt(row.newest),
  }));
}
