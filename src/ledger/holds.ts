/** Holds in the ledger: time of a dataset that must not leave the lake. */
import type { Hold } from '../domain/plan/holds.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

export interface NewHold {
  readonly dataset: string;
  /** Null is all of time. */
  readonly range: TimeRange | null;
  readonly reason: string;
  readonly by: string;
  readonly until: EpochMs | null;
}

interface HoldRow {
  readonly id: string;
  readonly dataset: string;
  readonly from_ms: number | null;
  readonly to_ms: number | null;
  readonly reason: string;
  readonly set_by: string;
  readonly since_ms: number;
  readonly until_ms: number | null;
}

const HOLD = `
  h.id::text, h.dataset, (extract(epoch from h.range_from) * 1000)::float8 as from_ms,
  (extract(epoch from h.range_to) * 1000)::float8 as to_ms, h.reason, h.set_by,
  (extract(epoch from h.set_at) * 1000)::float8 as since_ms,
  (extract(epoch from h.held_until) * 1000)::float8 as until_ms`;

function holdOf(row: HoldRow): Hold {
  const { id, dataset, from_ms, to_ms, reason, set_by, since_ms, until_ms } = row;
  const range =
    from_ms === null || to_ms === null ? null : { fromInclusive: from_ms, toExclusive: to_ms };
  return { id, dataset, range, reason, by: set_by, since: since_ms, until: until_ms };
}

/** Those that nobody has lifted, of one dataset or of all, also where they have ended; the oldest first. */
export async function listHolds(db: Queryable, dataset: string | null): Promise<readonly Hold[]> {
  const { rows } = await db.query<HoldRow>(
    `select ${HOLD} from tierd.holds h
     where h.lifted_at is null and ($1::text is null or h.dataset = $1) order by h.id`,
    [dataset],
  );
  return rows.map(holdOf);
}

export async function addHold(db: Queryable, hold: NewHold): Promise<Hold> {
  const { dataset, range, reason, by, until } = hold;
  const { rows } = await db.query<HoldRow>(
    `insert into tierd.holds as h (dataset, range_from, range_to, reason, set_by, held_until)
     values ($1, $2::timestamptz, $3::timestamptz, $4, $5, $6::timestamptz) returning ${HOLD}`,
    [
      dataset,
      range === null ? null : iso(range.fromInclusive),
      range === null ? null : iso(range.toExclusive),
      reason,
      by,
      until === null ? null : iso(until),
    ],
  );
  const [row] = rows;
  if (row === undefined) throw new RangeError('an insert returned no row');
  return holdOf(row);
}

/** Null where there is no such hold, or it was lifted before. */
export async function liftHold(db: Queryable, id: string, reason: string): Promise<Hold | null> {
  const { rows } = await db.query<HoldRow>(
    `update tierd.holds h set lifted_at = clock_timestamp(), lift_reason = $2
     where h.id = $1::bigint and h.lifted_at is null returning ${HOLD}`,
    [id, reason],
  );
  const [row] = rows;
  return row === undefined ? null : holdOf(row);
}

/**
 * Nobody sets or lifts a hold until the transaction ends, and what was set by then is seen by its next
 * statement (`read committed`).
 */
export async function freezeHolds(db: Queryable): Promise<void> {
  await db.query('lock table tierd.holds in share mode');
}

const iso = (at: EpochMs): string => new Date(at).toISOString();
