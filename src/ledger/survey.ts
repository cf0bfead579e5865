/** What a survey asks of the ledger beside its totals. */
import type { EpochMs } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

/** Bytes of segments that were replaced and are not yet removed. */
export async function retiredBytes(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ bytes: string }>(
    `select coalesce(sum(bytes), 0)::text as bytes from tierd.segments where state = 'retired'`,
  );
  return Number(rows[0]?.bytes ?? 0);
}

export async function countWaitingLetters(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    `select count(*)::text as count from tierd.dead_letters where state = 'waiting'`,
  );
  return Number(rows[0]?.count ?? 0);
}

/** Those of `names` whose lease somebody holds now. */
export async function heldLeases(
  db: Queryable,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ dataset: string }>(
    `select dataset from tierd.leases
     where dataset = any ($1::text[]) and expires_at > clock_timestamp()`,
    [names],
  );
  return new Set(rows.map((row) => row.dataset));
}

/** Rotations that ended at or after `since` and moved something, oldest first. */
export async function listMovedSince(
  db: Queryable,
  since: EpochMs,
): Promise<
  readonly { readonly endedAtMs: EpochMs; readonly rows: number; readonly bytes: number }[]
> {
  const found = await db.query<{ ended: string; rows_moved: string; bytes_written: string }>(
    `select (extract(epoch from finished_at) * 1000)::bigint::text as ended,
            rows_moved::text, bytes_written::text
     from tierd.runs
     where job = 'rotate' and rows_moved > 0 and finished_at >= $1::timestamptz
     order by finished_at`,
    [new Date(since).toISOString()],
  );
  return found.rows.map((row) => ({
    endedAtMs: Number(row.ended),
    rows: Number(row.rows_moved),
    bytes: Number(row.bytes_written),
  }));
}
