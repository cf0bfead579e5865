/** What becomes of the ledger's claims when its lake gets another owner. Inside a transaction. */
import { HOME_NOW, TIMELINE_NOW } from './lake-identity.ts';
import type { Queryable } from './queryable.ts';

/**
 * Keeps every rotation from beginning until the transaction ends.
 * @returns who holds the lease of a dataset now, as `dataset (holder)`
 */
export async function stopLeases(db: Queryable): Promise<readonly string[]> {
  await db.query(`lock table tierd.leases in share row exclusive mode`);
  const held = await db.query<{ held: string }>(
    `select dataset || ' (' || holder || ')' as held from tierd.leases
     where expires_at > clock_timestamp() and position(':' in dataset) = 0 order by dataset`,
  );
  return held.rows.map((row) => row.held);
}

/**
 * Gives up every object that is not live: what an unfinished move of a copied ledger names may be
 * live in the original, so this ledger must never remove it.
 * @returns the keys that it no longer knows
 */
export async function relinquishUnfinished(db: Queryable): Promise<readonly string[]> {
  await db.query(
    `update tierd.moves set state = 'abandoned', changed_at = clock_timestamp()
     where state in ('exporting', 'publishing')`,
  );
  // What was announced and is not in use may be in use in the original.
  await db.query(`delete from tierd.iceberg_objects where state <> 'in_use'`);
  const given = await db.query<{ object_key: string }>(
    `delete from tierd.segments where state in ('publishing', 'abandoned') returning object_key`,
  );
  return given.rows.map((row) => row.object_key).sort();
}

export async function becomeOwner(
  db: Queryable,
  claim: {
    readonly lakeId: string;
    readonly epoch: number;
    readonly place: string;
    /** What it lacks now is not looked for any more. */
    readonly isLacking: boolean;
  },
): Promise<void> {
  await db.query(
    `insert into tierd.lake as known (lake_id, epoch, is_marked, timeline, home, place)
     values ($1, $2, true, ${TIMELINE_NOW}, ${HOME_NOW}, $3)
     on conflict (only_row) do update
     set lake_id = $1, epoch = $2, is_marked = true, timeline = excluded.timeline, home = excluded.home, place = $3,
         whole_since = case when $4 then clock_timestamp() else known.whole_since end`,
    [claim.lakeId, claim.epoch, claim.place, claim.isLacking],
  );
}

/**
 * A ledger of its own, with a new id and without a lake: all moves and segments are forgotten.
 * Runs, columns and what the drain knows stay.
 * @returns how many live segments it no longer knows
 */
export async function becomeSeparate(db: Queryable): Promise<number> {
  await db.query(`delete from tierd.copied_segments`);
  await db.query(`delete from tierd.scrub_findings`);
  await db.query(`delete from tierd.iceberg_files`);
  await db.query(`delete from tierd.iceberg_manifests`);
  await db.query(`delete from tierd.iceberg_metadata`);
  await db.query(`delete from tierd.iceberg_objects`);
  const gone = await db.query<{ live: number }>(
    `with gone as (delete from tierd.segments returning state)
     select count(*) filter (where state = 'live')::int as live from gone`,
  );
  await db.query(`delete from tierd.restores`);
  await db.query(`delete from tierd.slices`);
  await db.query(`delete from tierd.moves`);
  await db.query(`delete from tierd.former_names`);
  await db.query(`delete from tierd.lake`);
  return gone.rows[0]?.live ?? 0;
}
