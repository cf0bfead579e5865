/** Objects of Iceberg metadata: named before they are written, so that what a killed run left is found (I4). */
import type { Queryable } from './queryable.ts';

export async function announceIcebergObjects(
  db: Queryable,
  dataset: string,
  moveId: string | null,
  keys: readonly string[],
): Promise<void> {
  await db.query(
    `insert into tierd.iceberg_objects (object_key, dataset, move_id, state)
     select key, $1, $2, 'announced' from unnest($3::text[]) as key`,
    [dataset, moveId, keys],
  );
}

/** In every state, of one dataset or, with null, of all. */
export async function listIcebergKeys(
  db: Queryable,
  dataset: string | null,
): Promise<readonly string[]> {
  const found = await db.query<{ object_key: string }>(
    `select object_key from tierd.iceberg_objects where $1::text is null or dataset = $1`,
    [dataset],
  );
  return found.rows.map((row) => row.object_key);
}

/** Those of a move, or, with null, all that nobody has come to use. */
export async function abandonIcebergObjects(
  db: Queryable,
  dataset: string,
  moveId: string | null,
): Promise<void> {
  await db.query(
    `update tierd.iceberg_objects set state = 'abandoned', changed_at = clock_timestamp()
     where dataset = $1 and state = 'announced' and ($2::uuid is null or move_id = $2)`,
    [dataset, moveId],
  );
}

/** What is to be removed: abandoned, or needed by no snapshot for longer than `graceMs`; null is for ever. */
export async function needlessIcebergKeys(
  db: Queryable,
  dataset: string,
  graceMs: number | null,
): Promise<readonly string[]> {
  const found = await db.query<{ object_key: string }>(
    `select object_key from tierd.iceberg_objects
     where dataset = $1 and (state = 'abandoned' or needless_since is not null)
       and (state = 'abandoned'
            or needless_at < clock_timestamp() - $2::float8 * interval '1 millisecond')
     order by object_key`,
    [dataset, graceMs],
  );
  return found.rows.map((row) => row.object_key);
}

/**
 * Notes that they are gone. Abandoned ones stay listed for `graceMs`: a process that lost its lease
 * may still bring them into being.
 */
export async function forgetIcebergObjects(
  db: Queryable,
  keys: readonly string[],
  graceMs: number,
): Promise<void> {
  await db.query(
    `delete from tierd.iceberg_objects
     where object_key = any($1)
       and (state <> 'abandoned' or changed_at < clock_timestamp() - $2 * interval '1 millisecond')`,
    [keys, graceMs],
  );
}

/**
 * No engine finds the table from the commit on. Who has opened it reads on, for as long as of a table that changes; what
 * readers by path look for goes at once, for some take the last version whatever the hint says.
 */
export async function dropIcebergTable(db: Queryable, dataset: string): Promise<void> {
  await db.query(
    `delete from tierd.iceberg_files
     where manifest_key in (select object_key from tierd.iceberg_manifests where dataset = $1)`,
    [dataset],
  );
  await db.query(`delete from tierd.iceberg_manifests where dataset = $1`, [dataset]);
  await db.query(`delete from tierd.iceberg_metadata where dataset = $1`, [dataset]);
  await db.query(
    `update tierd.iceberg_objects set state = 'abandoned', changed_at = clock_timestamp()
     where dataset = $1 and (state = 'announced' or object_key like '%/v%.metadata.json')`,
    [dataset],
  );
  await db.query(
    `update tierd.iceberg_objects
     set needless_since = coalesce(needless_since, 0), needless_at = coalesce(needless_at, clock_timestamp())
     where dataset = $1 and state = 'in_use'`,
    [dataset],
  );
}
