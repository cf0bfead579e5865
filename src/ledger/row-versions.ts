/** Whether what the ledger says of segments was touched at all. */
import type { Queryable } from './queryable.ts';

/**
 * Equal texts: the live segments of these datasets, and the slices that say what columns they have, are
 * the very row versions that they were. Each change makes a version, with the number of its transaction; a database
 * that is set back gives numbers again, and so the segments' bytes count too.
 */
export async function readRowVersions(db: Queryable, datasets: readonly string[]): Promise<string> {
  const found = await db.query<{ versions: string | null; epoch: number | null }>(
    `select md5(string_agg(concat_ws(' ', g.id, g.xmin, g.sha256, s.id, s.xmin), ',' order by g.id)) as versions,
            (select epoch from tierd.lake) as epoch
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     where g.state = 'live' and g.dataset = any ($1::text[])`,
    [datasets],
  );
  const { versions = null, epoch = null } = found.rows[0] ?? {};
  return `${String(epoch)} ${String(versions)}`;
}
