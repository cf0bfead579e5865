/** What VACUUM did not get done after a rotation: due again at the next one. */
import type { TableRef } from '../domain/table.ts';
import type { Queryable } from './queryable.ts';

export interface VacuumTried {
  readonly part: TableRef;
  /** What was in the way; null where nothing is left to do. */
  readonly reason: string | null;
}

export async function listVacuumsDue(db: Queryable, root: TableRef): Promise<readonly TableRef[]> {
  const found = await db.query<TableRef>(
    `select part_schema as schema, part_name as name from tierd.vacuums_due
     where root_schema = $1 and root_name = $2 and reason is not null order by first_at, part_schema, part_name`,
    [root.schema, root.name],
  );
  return found.rows;
}

/** Notes each attempt; what was done, or is gone, is due no more. Nothing is deleted: a role that rotates need not be allowed to. */
export async function noteVacuums(
  db: Queryable,
  root: TableRef,
  tried: readonly VacuumTried[],
): Promise<void> {
  for (const { part, reason } of tried) {
    const key = [root.schema, root.name, part.schema, part.name];
    if (reason === null) {
      await db.query(
        `update tierd.vacuums_due set reason = null, last_at = clock_timestamp()
         where root_schema = $1 and root_name = $2 and part_schema = $3 and part_name = $4`,
        key,
      );
    } else {
      await db.query(
        `insert into tierd.vacuums_due as known (root_schema, root_name, part_schema, part_name, reason)
         values ($1, $2, $3, $4, $5)
         on conflict (root_schema, root_name, part_schema, part_name) do update
           set reason = excluded.reason, last_at = clock_timestamp(),
               first_at = case when known.reason is null then clock_timestamp() else known.first_at end,
               attempts = case when known.reason is null then 1 else known.attempts + 1 end`,
        [...key, reason],
      );
    }
  }
}
