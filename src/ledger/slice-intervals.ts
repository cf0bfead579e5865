/** How many rows of which interval the slices of the lake have, as far as they were read. */
import type { IntervalRows } from '../domain/plan/retention.ts';
import type { Queryable } from './queryable.ts';

export interface SliceIntervals {
  readonly sliceId: string;
  /** Of the slice's own files. */
  readonly column: string;
  readonly intervals: readonly IntervalRows[];
}

/** Of the live slices of a dataset those that were read. */
export async function listSliceIntervals(
  db: Queryable,
  dataset: string,
): Promise<readonly SliceIntervals[]> {
  const { rows } = await db.query<{
    slice_id: string;
    column_name: string;
    intervals: IntervalRows[];
  }>(
    `select i.slice_id::text, i.column_name, i.intervals from tierd.slice_intervals i
     where i.slice_id in (select g.slice_id from tierd.segments g
                          where g.state = 'live' and g.dataset = $1)`,
    [dataset],
  );
  return rows.map((row) => ({
    sliceId: row.slice_id,
    column: row.column_name,
    intervals: row.intervals,
  }));
}

/** Intervals of which a slice of the dataset that was read has or had a row. */
export async function seenIntervals(db: Queryable, dataset: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ interval: string }>(
    `select distinct one ->> 'interval' as interval
     from tierd.slice_intervals i join tierd.slices s on s.id = i.slice_id
       cross join jsonb_array_elements(i.intervals) as one
     where s.dataset = $1 and one ->> 'interval' is not null`,
    [dataset],
  );
  return rows.map(({ interval }) => interval);
}

export async function keepSliceIntervals(
  db: Queryable,
  { sliceId, column, intervals }: SliceIntervals,
): Promise<void> {
  await db.query(
    `insert into tierd.slice_intervals (slice_id, column_name, intervals) values ($1, $2, $3)
     on conflict (slice_id, column_name) do nothing`,
    [sliceId, column, JSON.stringify(intervals)],
  );
}
