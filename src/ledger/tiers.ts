/** In which of the lake's two places its segments lie. Written under the dataset's lease. */

import { TierdError } from '../domain/errors.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

export interface PlacedSegment {
  readonly key: string;
  /** Of its slice. */
  readonly range: TimeRange;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
}

const PLACED = `g.object_key as key, g.bytes::float8 as bytes, g.sha256, g.row_count::float8 as rows,
  (extract(epoch from s.range_from) * 1000)::float8 as from_ms, (extract(epoch from s.range_to) * 1000)::float8 as to_ms
  from tierd.segments g join tierd.slices s on s.id = g.slice_id`;

type PlacedRow = Omit<PlacedSegment, 'range'> & {
  readonly from_ms: number;
  readonly to_ms: number;
};

function placedOf({ from_ms, to_ms, ...segment }: PlacedRow): PlacedSegment {
  return { ...segment, range: { fromInclusive: from_ms, toExclusive: to_ms } };
}

/** Live segments of slices that end by then, and are not known to lie far. Oldest first. */
export async function listDueForFar(
  db: Queryable,
  dataset: string,
  endingBy: EpochMs,
): Promise<readonly PlacedSegment[]> {
  const { rows } = await db.query<PlacedRow>(
    `select ${PLACED}
     where g.dataset = $1 and g.state = 'live' and g.tier in ('near', 'moving') and s.range_to <= $2::timestamptz
     order by g.min_time_us, g.id`,
    [dataset, new Date(endingBy).toISOString()],
  );
  return rows.map(placedOf);
}

/**
 * Before the first of them is put into the far place, or where they are found there: whoever removes them looks there as
 * well from now on (I4).
 */
export async function announceFar(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<void> {
  await change(db, dataset, keys, ['near', 'moving']);
}

/** They lie far, proven. Inside a transaction. Throws MOVE_NOT_OURS unless all of them are live and were on their way. */
export async function becomeFar(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<void> {
  const { rowCount } = await db.query(
    `update tierd.segments set tier = 'both', tier_since = clock_timestamp()
     where dataset = $1 and object_key = any($2) and tier = 'moving' and state = 'live'`,
    [dataset, keys],
  );
  if (rowCount === keys.length) return;
  throw new TierdError({
    code: 'MOVE_NOT_OURS',
    message: `of ${String(keys.length)} segments of ${dataset} that were on their way to the far place ${String(rowCount ?? 0)} are live and on their way still; all of them stay where they were`,
    hint: 'another tierd changed them; look at `tierd status` and run the same command again',
    context: { dataset },
  });
}

/** Those that have lain far for so long that nobody reads the near copy any more. */
export async function listNearNeedless(
  db: Queryable,
  dataset: string,
  graceMs: number,
): Promise<readonly PlacedSegment[]> {
  const { rows } = await db.query<PlacedRow>(
    `select ${PLACED}
     where g.dataset = $1 and g.tier = 'both' and g.state in ('live', 'retired')
       and g.tier_since <= clock_timestamp() - $2 * interval '1 millisecond' order by g.id`,
    [dataset, graceMs],
  );
  return rows.map(placedOf);
}

/** Their near copies are gone. */
export async function forgetNear(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<void> {
  await change(db, dataset, keys, ['both', 'far']);
}

/** The far place has lost it while the near copy was there still: that is the one to read again. */
export async function fallBackNear(db: Queryable, dataset: string, key: string): Promise<void> {
  await change(db, dataset, [key], ['both', 'moving']);
}

type Tier = 'near' | 'moving' | 'both' | 'far';

async function change(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
  [from, to]: readonly [from: Tier, to: Tier],
): Promise<void> {
  await db.query(
    `update tierd.segments set tier = $4, tier_since = clock_timestamp()
     where dataset = $1 and object_key = any($2) and tier = $3`,
    [dataset, keys, from, to],
  );
}

/**
 * Of these segments those that are to be read in the far place. What it doesn't name lies near for a grace period
 * at least, whenever it was asked.
 */
export async function listFar(
  db: Queryable,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ object_key: string }>(
    `select object_key from tierd.segments where object_key = any($1) and tier in ('both', 'far')`,
    [keys],
  );
  return new Set(rows.map(({ object_key }) => object_key));
}

/** Of these segments those that may have something in the far place. */
export async function listNotOnlyNear(
  db: Queryable,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ object_key: string }>(
    `select object_key from tierd.segments where object_key = any($1) and tier <> 'near'`,
    [keys],
  );
  return new Set(rows.map(({ object_key }) => object_key));
}

/** What the far place must have: all that is read there. */
export async function listAllFar(
  db: Queryable,
): Promise<readonly Pick<PlacedSegment, 'key' | 'bytes'>[]> {
  const { rows } = await db.query<Pick<PlacedSegment, 'key' | 'bytes'>>(
    `select object_key as key, bytes::float8 as bytes from tierd.segments
     where tier in ('both', 'far') and state = 'live' order by object_key`,
  );
  return rows;
}

/** Of segments that were found in the lake, those that lie in the far place alone. */
export async function noteFoundFar(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<void> {
  await db.query(
    `update tierd.segments set tier = 'far', tier_since = clock_timestamp()
     where dataset = $1 and object_key = any($2) and tier <> 'far'`,
    [dataset, keys],
  );
}

/** The far place of the lake, from now on. */
export async function noteFarPlace(db: Queryable, place: string): Promise<void> {
  await db.query(`update tierd.lake set far_place = $1 where far_place is distinct from $1`, [
    place,
  ]);
}

/** Segments of which something may lie in the far place, live or waiting to be removed. */
export async function sumNotNear(
  db: Queryable,
): Promise<{ readonly segments: number; readonly bytes: number }> {
  const { rows } = await db.query<{ segments: number; bytes: number }>(
    `select count(*)::int as segments, coalesce(sum(bytes), 0)::float8 as bytes from tierd.segments
     where tier <> 'near' and state in ('live', 'retired')`,
  );
  return rows[0] ?? { segments: 0, bytes: 0 };
}

export interface FarTotals {
  readonly dataset: string;
  readonly segments: number;
  readonly bytes: number;
}

/** Of each dataset what is read in the far place; none where the ledger was not migrated since. */
export async function farTotals(db: Queryable): Promise<readonly FarTotals[]> {
  const { rows: known } = await db.query<{ is_there: boolean }>(
    `select to_regclass('tierd.segments_not_near') is not null as is_there`,
  );
  if (known[0]?.is_there !== true) return [];
  const { rows } = await db.query<FarTotals>(
    `select dataset, count(*)::int as segments, sum(bytes)::float8 as bytes from tierd.segments
     where state = 'live' and tier in ('both', 'far') group by dataset order by dataset`,
  );
  return rows;
}
