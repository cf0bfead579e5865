/** The version of what a transaction sees of the ledger. */
import type { SnapshotVersion } from '../domain/lake/snapshot-version.ts';
import type { Queryable } from './queryable.ts';

/** @param db in the transaction whose snapshot the answer is of */
export async function readSnapshotVersion(db: Queryable): Promise<SnapshotVersion> {
  const found = await db.query<SnapshotVersionRow>(SNAPSHOT_VERSION_SQL);
  return snapshotVersionOf(found.rows);
}

export interface SnapshotVersionRow {
  readonly epoch: number;
  readonly moves: number;
  readonly newest_move: string | null;
}

export const SNAPSHOT_VERSION_SQL = `select coalesce((select epoch from tierd.lake), 0) as epoch,
            coalesce((select sum(moves) from tierd.committed_moves), 0)::int as moves,
            (select move_id::text from tierd.slices where published_at is not null
             order by published_at desc, id desc limit 1) as newest_move`;

/** @param rows of `SNAPSHOT_VERSION_SQL` */
export function snapshotVersionOf([row]: readonly SnapshotVersionRow[]): SnapshotVersion {
  if (row === undefined) throw new Error('a SELECT without FROM gave no row');
  return { epoch: row.epoch, moves: row.moves, newestMove: row.newest_move };
}
