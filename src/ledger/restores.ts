/** Slices on their way back, in the ledger. */
import { TierdError } from '../domain/errors.ts';
import type { GivenTable, MarkedTable } from '../domain/plan/given-tables.ts';
import type { TimeRange } from '../domain/time/time-range.ts';
import type { Lease } from './lease.ts';
import type { Queryable } from './queryable.ts';

export interface NewRestore {
  readonly id: string;
  readonly runId: bigint;
  readonly sliceId: string;
  readonly rows: number;
  /** SHA-256 of the condition that chose them; null where all of the slice come. */
  readonly whereSha256: string | null;
}

/** Entered before the transaction that brings the rows back. Throws LEASE_LOST. */
export async function beginRestore(
  db: Queryable,
  lease: Lease,
  { id, runId, sliceId, rows, whereSha256 }: NewRestore,
): Promise<void> {
  const begun = await db.query(
    `insert into tierd.restores (id, run_id, dataset, slice_id, state, row_count, where_sha256)
     select $1, $2, dataset, $3, 'begun', $4, $7 from tierd.leases where dataset = $5 and token = $6`,
    [id, runId.toString(), sliceId, rows, lease.dataset, lease.token.toString(), whereSha256],
  );
  if (begun.rowCount !== 1) throw notOurs(id);
}

/**
 * Only in the transaction that brings the rows back. `into` is null for the dataset's own table. Throws
 * MOVE_NOT_OURS when somebody gave it up.
 */
export async function endRestore(
  db: Queryable,
  id: string,
  into: MarkedTable | null,
): Promise<void> {
  const ended = await db.query(
    `update tierd.restores set state = 'done', into_schema = $2, into_name = $3, into_identity = $4,
            changed_at = clock_timestamp()
     where id = $1 and state = 'begun'`,
    [id, into?.ref.schema ?? null, into?.ref.name ?? null, into?.identity ?? null],
  );
  if (ended.rowCount !== 1) throw notOurs(id);
}

/**
 * Gives a restore up, unless its transaction has committed. One that is committing is waited for, so
 * that the answer is final (I9).
 */
export async function settleRestore(db: Queryable, id: string): Promise<'done' | 'abandoned'> {
  const settled = await db.query<{ state: string }>(
    `update tierd.restores
     set state = case when state = 'begun' then 'abandoned' else state end, changed_at = clock_timestamp()
     where id = $1 returning state`,
    [id],
  );
  return settled.rows[0]?.state === 'done' ? 'done' : 'abandoned';
}

/** What dead processes had begun: under the lease, which none of them can have any more. */
export async function abandonRestores(db: Queryable, dataset: string): Promise<number> {
  const given = await db.query(
    `update tierd.restores set state = 'abandoned', changed_at = clock_timestamp()
     where dataset = $1 and state = 'begun'`,
    [dataset],
  );
  return given.rowCount ?? 0;
}

/** A slice that another table has been given, or rows of it. */
export interface GivenSlice {
  readonly id: string;
  readonly range: TimeRange;
  readonly rows: number;
  /** Null where it was given all of them. */
  readonly whereSha256: string | null;
  /** False once its rows came back, or late rows replaced it: what is cold of them is in other slices. */
  readonly isLive: boolean;
  readonly to: GivenTable;
}

interface GivenRow {
  readonly id: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly rows: number;
  readonly where_sha256: string | null;
  readonly live: boolean;
  readonly into_schema: string | null;
  readonly into_name: string | null;
  readonly into_identity: string;
  readonly is_there: boolean;
}

/** Of the dataset's slices those that were copied into any other table. */
export async function listGivenSlices(
  db: Queryable,
  dataset: string,
): Promise<readonly GivenSlice[]> {
  const found = await db.query<GivenRow>(
    `select distinct s.id::text, (extract(epoch from s.range_from) * 1000)::float8 as from_ms,
            (extract(epoch from s.range_to) * 1000)::float8 as to_ms,
            r.row_count::float8 as rows, r.where_sha256,
            exists (select from tierd.segments g where g.slice_id = s.id and g.state = 'live') as live,
            r.into_schema, r.into_name, r.into_identity,
            exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = r.into_schema and c.relname = r.into_name) as is_there
     from tierd.restores r join tierd.slices s on s.id = r.slice_id
     where r.dataset = $1 and r.state = 'done' and r.into_identity is not null`,
    [dataset],
  );
  return found.rows.map((row) => ({
    id: row.id,
    range: { fromInclusive: row.from_ms, toExclusive: row.to_ms },
    rows: row.rows,
    whereSha256: row.where_sha256,
    isLive: row.live,
    to: { ref: refOf(row), identity: row.into_identity, isThere: row.is_there },
  }));
}

function refOf({ into_schema, into_name }: GivenRow): GivenTable['ref'] {
  return into_schema === null || into_name === null
    ? null
    : { schema: into_schema, name: into_name };
}

function notOurs(id: string): TierdError {
  return new TierdError({
    code: 'MOVE_NOT_OURS',
    message: `restore ${id} is no longer this process's: another tierd took the dataset over; nothing was changed`,
    hint: 'look at `tierd status` and run the same command again',
    context: { restore: id },
  });
}
