/** Slices, columns, holds and pins that come into the ledger from what the lake says of itself. Inside a transaction. */
import type { KnownColumn } from '../domain/lake/field-ids.ts';
import type { KeptSlice } from '../domain/lake/lake-manifest.ts';
import type { Hold } from '../domain/plan/holds.ts';
import type { Pin } from '../domain/plan/pins.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { Lease } from './lease.ts';
import type { Queryable } from './queryable.ts';
import type { SegmentState } from './segments.ts';

/** Of these objects those that the ledger has a row for. */
export async function statesOfKeys(
  db: Queryable,
  keys: readonly string[],
): Promise<ReadonlyMap<string, SegmentState>> {
  const { rows } = await db.query<{ object_key: string; state: SegmentState }>(
    `select object_key, state from tierd.segments where object_key = any($1)`,
    [keys],
  );
  return new Map(rows.map(({ object_key, state }) => [object_key, state]));
}

/** Under one move, which is at its end: no row leaves the hot store by it. */
export async function enterMove(
  db: Queryable,
  lease: Lease,
  move: {
    readonly id: string;
    readonly runId: bigint;
    readonly range: TimeRange;
    readonly rows: bigint;
  },
): Promise<void> {
  await db.query(
    `insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state, row_count)
     values ($1, $2, $3, $4, 'none', $5::timestamptz, $6::timestamptz, 'finished', $7)`,
    [
      move.id,
      move.runId.toString(),
      lease.dataset,
      lease.token.toString(),
      iso(move.range.fromInclusive),
      iso(move.range.toExclusive),
      move.rows.toString(),
    ],
  );
}

/**
 * Slices with a live segment are published as of now, so that none is taken for one that was there long before;
 * the others wait to be removed, as of now.
 */
export async function enterSlices(
  db: Queryable,
  dataset: string,
  moveId: string,
  slices: readonly KeptSlice[],
): Promise<void> {
  if (slices.length === 0) return;
  const ids = await db.query<{ id: string }>(
    `select nextval(pg_get_serial_sequence('tierd.slices', 'id'))::text as id from generate_series(1, $1)`,
    [slices.length],
  );
  const placed = slices.map((slice, at) => ({ slice, id: ids.rows[at]?.id ?? '' }));
  await db.query(
    `insert into tierd.slices
       (id, move_id, dataset, range_from, range_to, generation, row_count, fingerprint, columns, published_at)
     overriding system value
     select s.id, $1, $2, s.range_from, s.range_to, s.generation, s.row_count, s.fingerprint, s.columns,
            case when s.is_live then clock_timestamp() end
     from jsonb_to_recordset($3::jsonb) as s (id bigint, range_from timestamptz, range_to timestamptz,
            generation int, row_count bigint, fingerprint jsonb, columns jsonb, is_live boolean)`,
    [
      moveId,
      dataset,
      JSON.stringify(
        placed.map(({ slice, id }) => ({
          id,
          range_from: iso(slice.range.fromInclusive),
          range_to: iso(slice.range.toExclusive),
          generation: slice.generation,
          row_count: slice.rows.toString(),
          fingerprint: slice.fingerprint,
          columns: slice.columns,
          is_live: slice.segments.some(({ state }) => state === 'live'),
        })),
      ),
    ],
  );
  await db.query(
    `insert into tierd.segments
       (slice_id, schema_id, dataset, object_key, state, bytes, sha256, row_count, min_time_us, max_time_us,
        statistics, value_counts, footer_bytes, published_at)
     select g.slice_id, s.schema_id, $1, g.object_key, g.state, g.bytes, g.sha256, g.row_count, g.min_time_us,
            g.max_time_us, g.statistics, g.value_counts, g.footer_bytes, clock_timestamp()
     from jsonb_to_recordset($2::jsonb) as g (slice_id bigint, object_key text, state text, bytes bigint, sha256 text,
            row_count bigint, min_time_us bigint, max_time_us bigint, statistics jsonb, value_counts jsonb,
            footer_bytes int)
     join tierd.slices s on s.id = g.slice_id`,
    [
      dataset,
      JSON.stringify(
        placed.flatMap(({ slice, id }) =>
          slice.segments.map((segment) => ({
            slice_id: id,
            object_key: segment.key,
            state: segment.state,
            bytes: segment.bytes.toString(),
            sha256: segment.sha256,
            row_count: segment.rows.toString(),
            min_time_us: segment.minTimeUs.toString(),
            max_time_us: segment.maxTimeUs.toString(),
            statistics: segment.statistics,
            value_counts: segment.counts,
            footer_bytes: segment.footerBytes,
          })),
        ),
      ),
    ],
  );
}

/** Published generations of slices that begin in a month, as `from/to/generation` in ms since 1970. */
export async function takenGenerations(
  db: Queryable,
  dataset: string,
  ranges: readonly TimeRange[],
): Promise<readonly string[]> {
  const { rows } = await db.query<{ taken: string }>(
    `select concat_ws('/', (extract(epoch from s.range_from) * 1000)::bigint,
                      (extract(epoch from s.range_to) * 1000)::bigint, s.generation) as taken
     from tierd.slices s
     where s.dataset = $1 and s.published_at is not null and s.range_from = any($2::timestamptz[])`,
    [dataset, ranges.map(({ fromInclusive }) => iso(fromInclusive))],
  );
  return rows.map(({ taken }) => taken);
}

/** @param isNewer they say more than what the ledger has of the same columns */
export async function enterColumns(
  db: Queryable,
  dataset: string,
  columns: readonly KnownColumn[],
  isNewer: boolean,
): Promise<void> {
  await db.query(
    `insert into tierd.columns
       (dataset, field_id, name, first_name, postgres_type, table_identity, attnum, dropped_at)
     select $1, c.field_id, c.name, c.first_name, c.postgres_type, c.table_identity, c.attnum,
            case when c.is_dropped then clock_timestamp() end
     from jsonb_to_recordset($2::jsonb) as c (field_id int, name text, first_name text, postgres_type text,
            table_identity text, attnum int, is_dropped boolean)
     on conflict (dataset, field_id) ${
       isNewer
         ? `do update set name = excluded.name, postgres_type = excluded.postgres_type,
              table_identity = excluded.table_identity, attnum = excluded.attnum, dropped_at = excluded.dropped_at`
         : 'do nothing'
     }`,
    [
      dataset,
      JSON.stringify(
        columns.map((column) => ({
          field_id: column.fieldId,
          name: column.name,
          first_name: column.firstName,
          postgres_type: column.postgresType,
          table_identity: column.tableIdentity,
          attnum: column.attnum,
          is_dropped: column.isDropped,
        })),
      ),
    ],
  );
}

/** Those that the ledger does not have: somebody may have lifted one of them here, which is not undone. */
export async function enterHolds(db: Queryable, holds: readonly Hold[]): Promise<void> {
  for (const { dataset, range, reason, by, since, until } of holds) {
    await db.query(
      `insert into tierd.holds (dataset, range_from, range_to, reason, set_by, set_at, held_until)
       select $1, $2::timestamptz, $3::timestamptz, $4, $5, $6::timestamptz, $7::timestamptz
       where not exists (
         select from tierd.holds h
         where h.dataset = $1 and h.reason = $4 and h.range_from is not distinct from $2::timestamptz
           and h.range_to is not distinct from $3::timestamptz)`,
      [dataset, ...boundsOf(range), reason, by, iso(since), until === null ? null : iso(until)],
    );
  }
}

export async function enterPins(
  db: Queryable,
  dataset: string,
  pins: readonly Pin[],
): Promise<void> {
  for (const { range, until } of pins) {
    await db.query(
      `insert into tierd.pins (dataset, range_from, range_to, pinned_until)
       values ($1, $2::timestamptz, $3::timestamptz, $4::timestamptz) on conflict do nothing`,
      [dataset, ...boundsOf(range), until === null ? null : iso(until)],
    );
  }
}

function boundsOf(range: TimeRange | null): readonly (string | null)[] {
  return range === null ? [null, null] : [iso(range.fromInclusive), iso(range.toExclusive)];
}

const iso = (at: EpochMs): string => new Date(at).toISOString();

/** Of the slices that they belong to. */
export async function rangesOfSegments(
  db: Queryable,
  dataset: string,
  keys: readonly string[],
): Promise<readonly TimeRange[]> {
  const { rows } = await db.query<TimeRange>(
    `select distinct (extract(epoch from s.range_from) * 1000)::float8 as "fromInclusive",
            (extract(epoch from s.range_to) * 1000)::float8 as "toExclusive"
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     where g.dataset = $1 and g.object_key = any ($2::text[])`,
    [dataset, keys],
  );
  return rows;
}
