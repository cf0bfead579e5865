/** Slices of the lake as a move finds them, and what becomes of those that it replaces (I3). */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { TierdError } from '../domain/errors.ts';
import type { SliceFingerprint } from '../domain/fingerprint.ts';
import type { TimeRange } from '../domain/time/time-range.ts';
import { NOBODY_BACKS_UP } from './backup-logs.ts';
import type { Queryable } from './queryable.ts';

/** A slice whose segments are live. */
export interface LiveSlice {
  readonly id: string;
  readonly range: TimeRange;
  readonly columns: readonly ColumnPlan[];
  /** Of all of its segments together. */
  readonly fingerprint: SliceFingerprint;
  /** All of them, in the order they were written in. */
  readonly segments: readonly LiveSliceSegment[];
}

export interface LiveSliceSegment {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly minTimeUs: bigint;
  readonly maxTimeUs: bigint;
}

/** Whole slices with a segment that has a row between two instants, microseconds since 1970, both included. */
export async function listLiveSlices(
  db: Queryable,
  dataset: string,
  fromInclusiveUs: bigint,
  toInclusiveUs: bigint,
): Promise<readonly LiveSlice[]> {
  const { rows } = await db.query<LiveSliceRow>(
    `select ${LIVE_SLICE} from tierd.slices s
     where s.id in (select g.slice_id from tierd.segments g
                    where g.state = 'live' and g.dataset = $1
                      and g.max_time_us >= $2 and g.min_time_us <= $3)
     order by s.id`,
    [dataset, fromInclusiveUs.toString(), toInclusiveUs.toString()],
  );
  return rows.map(liveSliceOf);
}

/** Of these slices those that are live, oldest first. */
export async function findLiveSlices(
  db: Queryable,
  dataset: string,
  ids: readonly string[],
): Promise<readonly LiveSlice[]> {
  const { rows } = await db.query<LiveSliceRow>(
    `select ${LIVE_SLICE} from tierd.slices s
     where s.dataset = $1 and s.id = any($2::bigint[])
       and exists (select from tierd.segments g where g.slice_id = s.id and g.state = 'live')
     order by s.range_from, s.id`,
    [dataset, ids],
  );
  return rows.map(liveSliceOf);
}

/** Whole slices of which these are live segments, oldest first. */
export async function findSlicesOf(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<readonly LiveSlice[]> {
  const { rows } = await db.query<LiveSliceRow>(
    `select ${LIVE_SLICE} from tierd.slices s
     where s.id in (select g.slice_id from tierd.segments g
                    where g.state = 'live' and g.dataset = $1 and g.object_key = any($2))
     order by s.range_from, s.id`,
    [dataset, keys],
  );
  return rows.map(liveSliceOf);
}

/** What a move has published as that generation of its range, where it is live. */
export async function findPublishedSlice(
  db: Queryable,
  dataset: string,
  moveId: string,
  generation: number,
): Promise<LiveSlice | null> {
  const { rows } = await db.query<{ id: string }>(
    `select id::text from tierd.slices where move_id = $1 and generation = $2`,
    [moveId, generation],
  );
  const ids = rows.map(({ id }) => id);
  return (await findLiveSlices(db, dataset, ids))[0] ?? null;
}

interface LiveSliceRow {
  readonly id: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly columns: ColumnPlan[];
  readonly fingerprint: SliceFingerprint;
  readonly segments: {
    readonly key: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly min: string;
    readonly max: string;
  }[];
}

const LIVE_SLICE = `
  s.id::text, (extract(epoch from s.range_from) * 1000)::float8 as from_ms,
  (extract(epoch from s.range_to) * 1000)::float8 as to_ms, s.columns, s.fingerprint,
  (select jsonb_agg(jsonb_build_object('key', g.object_key, 'bytes', g.bytes,
            'sha256', g.sha256, 'min', g.min_time_us::text, 'max', g.max_time_us::text)
          order by g.id)
   from tierd.segments g where g.slice_id = s.id and g.state = 'live') as segments`;

function liveSliceOf(row: LiveSliceRow): LiveSlice {
  return {
    id: row.id,
    range: { fromInclusive: row.from_ms, toExclusive: row.to_ms },
    columns: row.columns,
    fingerprint: row.fingerprint,
    segments: row.segments.map(({ key, bytes, sha256, min, max }) => ({
      key,
      bytes,
      sha256,
      minTimeUs: BigInt(min),
      maxTimeUs: BigInt(max),
    })),
  };
}

/**
 * Takes replaced segments from the readers. Only in the transaction that publishes what replaces
 * them (I2). Throws MOVE_NOT_OURS unless all of them are live.
 */
export async function retireSegments(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const retired = await db.query(
    `update tierd.segments set state = 'retired', changed_at = clock_timestamp()
     where dataset = $1 and state = 'live' and object_key = any($2)`,
    [dataset, keys],
  );
  assertAll(dataset, keys, retired.rowCount);
}

/** Throws MOVE_NOT_OURS unless all of them are live, and stay so until the transaction has ended. */
export async function holdSegments(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const held = await db.query(
    `select 1 from tierd.segments
     where dataset = $1 and state = 'live' and object_key = any($2) for share`,
    [dataset, keys],
  );
  assertAll(dataset, keys, held.rowCount);
}

function assertAll(dataset: string, keys: readonly string[], found: number | null): void {
  if (found === keys.length) return;
  throw new TierdError({
    code: 'MOVE_NOT_OURS',
    message: `of ${String(keys.length)} segments of ${dataset} that a move reckoned with ${String(found ?? 0)} are live still, so nothing was replaced and nothing was deleted`,
    hint: 'another tierd changed them; look at `tierd status` and run the same command again',
    context: { dataset },
  });
}

/**
 * Keys of segments that were replaced at least `graceMs` ago and whose files have not been removed. None while backups
 * are made: a snapshot may name them still.
 */
export async function outdatedKeys(
  db: Queryable,
  dataset: string,
  graceMs: number,
): Promise<readonly string[]> {
  const found = await db.query<{ object_key: string }>(
    `select object_key from tierd.segments
     where dataset = $1 and state = 'retired'
       and changed_at <= clock_timestamp() - $2 * interval '1 millisecond' and ${NOBODY_BACKS_UP} order by id`,
    [dataset, graceMs],
  );
  return found.rows.map((row) => row.object_key);
}

/**
 * Keys of segments that were replaced and whose files have not been removed.
 *
 * @param span only those with a row in it; null is all of time
 */
export async function retiredKeys(
  db: Queryable,
  dataset: string,
  span: { readonly fromInclusiveUs: bigint; readonly toInclusiveUs: bigint } | null,
): Promise<readonly string[]> {
  const found = await db.query<{ object_key: string }>(
    `select object_key from tierd.segments
     where dataset = $1 and state = 'retired'
       and ($2::bigint is null or (max_time_us >= $2 and min_time_us <= $3)) order by id`,
    [
      dataset,
      span === null ? null : span.fromInclusiveUs.toString(),
      span === null ? null : span.toInclusiveUs.toString(),
    ],
  );
  return found.rows.map((row) => row.object_key);
}

/** Notes that the files of replaced segments are gone, and forgets the values that are known of them. */
export async function forgetRetired(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<void> {
  await db.query(
    `update tierd.segments set state = 'removed', changed_at = clock_timestamp(), statistics = '{}', value_counts = null
     where dataset = $1 and state = 'retired' and object_key = any($2)`,
    [dataset, keys],
  );
}
