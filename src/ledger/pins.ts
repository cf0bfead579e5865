/** Pins in the ledger: restored time that rotations leave hot. */
import type { Pin } from '../domain/plan/pins.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

/** Oldest time first; none where the ledger has no place for them yet. Those that have ended too. */
export async function listPins(db: Queryable, dataset: string): Promise<readonly Pin[]> {
  const known = await db.query<{ known: boolean }>(
    `select to_regclass('tierd.pins') is not null as known`,
  );
  if (known.rows[0]?.known !== true) return [];
  const found = await db.query<{ from_ms: number; to_ms: number; until_ms: number | null }>(
    `select (extract(epoch from range_from) * 1000)::float8 as from_ms,
            (extract(epoch from range_to) * 1000)::float8 as to_ms,
            (extract(epoch from pinned_until) * 1000)::float8 as until_ms
     from tierd.pins where dataset = $1 order by range_from, range_to`,
    [dataset],
  );
  return found.rows.map(({ from_ms, to_ms, until_ms }) => ({
    range: { fromInclusive: from_ms, toExclusive: to_ms },
    until: until_ms,
  }));
}

/** Only in the transaction that brings the rows back. A range that is pinned already gets the new end. */
export async function pinRange(
  db: Queryable,
  dataset: string,
  { range, until }: Pin,
): Promise<void> {
  await db.query(
    `insert into tierd.pins (dataset, range_from, range_to, pinned_until)
     values ($1, $2::timestamptz, $3::timestamptz, $4::timestamptz)
     on conflict (dataset, range_from, range_to) do update set pinned_until = excluded.pinned_until`,
    [dataset, ...boundsOf(range), until === null ? null : iso(until)],
  );
}

/** Ends the pins that overlap `range`, or all of the dataset's. Returns what was pinned. */
export async function unpin(
  db: Queryable,
  dataset: string,
  range: TimeRange | null,
): Promise<readonly TimeRange[]> {
  const [from, to] = range === null ? [null, null] : boundsOf(range);
  const gone = await db.query<{ from_ms: number; to_ms: number }>(
    `delete from tierd.pins
     where dataset = $1 and ($2::timestamptz is null or (range_to > $2 and range_from < $3::timestamptz))
     returning (extract(epoch from range_from) * 1000)::float8 as from_ms,
               (extract(epoch from range_to) * 1000)::float8 as to_ms`,
    [dataset, from, to],
  );
  return gone.rows
    .map(({ from_ms, to_ms }) => ({ fromInclusive: from_ms, toExclusive: to_ms }))
    .sort((a, b) => a.fromInclusive - b.fromInclusive);
}

function boundsOf({ fromInclusive, toExclusive }: TimeRange): readonly [string, string] {
  return [iso(fromInclusive), iso(toExclusive)];
}

const iso = (at: EpochMs): string => new Date(at).toISOString();
