/** Moves in the ledger: each statement takes one step of the state table in domain/plan/move. */
import { TierdError } from '../domain/errors.ts';
import { type MoveEvent, type MoveState, stateAfter, statesBefore } from '../domain/plan/move.ts';
import type { TimeRange } from '../domain/time/time-range.ts';
import type { Lease } from './lease.ts';
import type { Queryable } from './queryable.ts';

/** How a move's rows leave the hot store; none do where slices of the lake are merged. */
export type Removal = 'drop' | 'delete' | 'none';

export interface NewMove {
  readonly id: string;
  readonly runId: bigint;
  readonly removal: Removal;
  readonly range: TimeRange;
}

/**
 * Enters a move before it has any effect: what it leaves behind when killed is found by its id.
 * Throws LEASE_LOST when the token is not the newest.
 */
export async function beginMove(db: Queryable, lease: Lease, move: NewMove): Promise<void> {
  const inserted = await db.query(
    `insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state)
     select $1, $2, dataset, token, $5, $6::timestamptz, $7::timestamptz, 'exporting'
     from tierd.leases where dataset = $3 and token = $4`,
    [
      move.id,
      move.runId.toString(),
      lease.dataset,
      lease.token.toString(),
      move.removal,
      new Date(move.range.fromInclusive).toISOString(),
      new Date(move.range.toExclusive).toISOString(),
    ],
  );
  if (inserted.rowCount !== 1) {
    throw new TierdError({
      code: 'LEASE_LOST',
      message: `the lease of ${lease.dataset} was taken over before a move began; nothing was changed`,
      hint: 'the other process carries on; look at `tierd status`',
      context: { dataset: lease.dataset, move: move.id },
    });
  }
}

/** Takes `event`'s step. Throws MOVE_NOT_OURS when another process has taken the move elsewhere. */
export async function stepMove(
  db: Queryable,
  moveId: string,
  event: MoveEvent,
  facts: { readonly rows?: bigint; readonly sourceDigest?: string } = {},
): Promise<void> {
  const stepped = await db.query(
    `update tierd.moves
     set state = $2, changed_at = clock_timestamp(),
         row_count = coalesce($4, row_count), source_digest = coalesce($5, source_digest)
     where id = $1 and state = any($3)`,
    [
      moveId,
      stateAfter(event),
      statesBefore(event),
      facts.rows?.toString() ?? null,
      facts.sourceDigest ?? null,
    ],
  );
  if (stepped.rowCount !== 1) {
    throw new TierdError({
      code: 'MOVE_NOT_OURS',
      message: `move ${moveId} is no longer where this process left it, so its step '${event}' was not taken; nothing was deleted`,
      hint: 'another tierd recovered it; look at `tierd status` and run the rotation again',
      context: { move: moveId, event },
    });
  }
}

/**
 * The state of a move, read under its row lock: a transaction that is just committing it is waited
 * for, so the answer is final (I9).
 */
export async function lookAtMove(db: Queryable, moveId: string): Promise<MoveState | null> {
  const found = await db.query<{ state: MoveState }>(
    `select state from tierd.moves where id = $1 for update`,
    [moveId],
  );
  return found.rows[0]?.state ?? null;
}

export interface UnfinishedMove {
  readonly id: string;
  readonly state: MoveState;
  readonly removal: Removal;
  readonly range: TimeRange;
}

/** The moves of a dataset that some run began and none finished, oldest first. */
export async function unfinishedMoves(
  db: Queryable,
  dataset: string,
): Promise<readonly UnfinishedMove[]> {
  const found = await db.query<{
    id: string;
    state: MoveState;
    removal: Removal;
    range_from: string;
    range_to: string;
  }>(
    `select id, state, removal, (extract(epoch from range_from) * 1000)::bigint::text as range_from,
            (extract(epoch from range_to) * 1000)::bigint::text as range_to
     from tierd.moves
     where dataset = $1 and state in ('exporting', 'publishing', 'committed')
     order by created_at`,
    [dataset],
  );
  return found.rows.map(({ id, state, removal, range_from, range_to }) => ({
    id,
    state,
    removal,
    range: { fromInclusive: Number(range_from), toExclusive: Number(range_to) },
  }));
}

/** Those of `moveIds` that are moves of the dataset and at their end: what they staged is of no use. */
export async function endedMoves(
  db: Queryable,
  dataset: string,
  moveIds: readonly string[],
): Promise<readonly string[]> {
  const found = await db.query<{ id: string }>(
    `select id from tierd.moves
     where dataset = $1 and id::text = any($2) and state in ('finished', 'abandoned')`,
    [dataset, moveIds],
  );
  return found.rows.map((row) => row.id);
}
