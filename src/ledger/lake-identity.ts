/** Which lake the ledger speaks of. */
import type { Queryable } from './queryable.ts';

/** The lake's id, or null before the first publication. */
export async function rememberedLake(db: Queryable): Promise<string | null> {
  const found = await db.query<{ lake_id: string }>(`select lake_id from tierd.lake`);
  return found.rows[0]?.lake_id ?? null;
}

/** Remembers the lake once; a second call with another id changes nothing and returns the first. */
export async function rememberLake(db: Queryable, lakeId: string): Promise<string> {
  await db.query(`insert into tierd.lake (lake_id) values ($1) on conflict do nothing`, [lakeId]);
  return (await rememberedLake(db)) ?? lakeId;
}
