import { type Queryable, run, sql } from '../sql.ts';

/**
 * Heap, indexes and TOAST, in bytes, by oid. Measuring locks each for a moment: the caller has locked
 * the table that they belong to before.
 */
export async function sizesOf(
  db: Queryable,
  oids: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const found = await run<{ readonly oid: number; readonly bytes: string | null }>(
    db,
    sql`select oid, pg_total_relation_size(oid)::text as bytes from unnest(${oids}::oid[]) as oid`,
  );
  return new Map(found.map(({ oid, bytes }) => [oid, Number(bytes ?? 0)]));
}
