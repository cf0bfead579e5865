/** Moves that dropped chunks or partitions: for them there are no old snapshots, in which the rows would still be hot. */
import type { Queryable } from './queryable.ts';

/** How many moves of each dataset a transaction sees as committed. */
export async function countMoves(
  db: Queryable,
  datasets: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ dataset: string; moves: string }>(
    `select dataset, moves::text as moves from tierd.committed_moves where dataset = any($1)`,
    [datasets],
  );
  return new Map(rows.map(({ dataset, moves }) => [dataset, moves]));
}

/** The ids of those that dropped something. */
export async function listDrops(
  db: Queryable,
  datasets: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ id: string }>(
    `select id::text as id from tierd.moves
     where removal = 'drop' and state in ('committed', 'finished') and dataset = any($1)`,
    [datasets],
  );
  return new Set(rows.map(({ id }) => id));
}
