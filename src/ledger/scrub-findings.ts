/** Which segments were found missing or altered when they were last read. */
import type { Queryable } from './queryable.ts';

export interface ScrubFinding {
  readonly key: string;
  readonly reason: string;
}

/** Writes only what has changed, so that a scrub of a sound lake writes nothing. */
export async function recordFindings(
  db: Queryable,
  seen: { readonly sound: readonly string[]; readonly bad: readonly ScrubFinding[] },
): Promise<void> {
  const { rows } = await db.query<{ object_key: string }>(
    `select object_key from tierd.scrub_findings`,
  );
  const known = new Set(rows.map((row) => row.object_key));
  const mended = seen.sound.filter((key) => known.has(key));
  if (mended.length > 0) {
    await db.query(`delete from tierd.scrub_findings where object_key = any ($1::text[])`, [
      mended,
    ]);
  }
  const found = seen.bad.filter(({ key }) => !known.has(key));
  if (found.length === 0) return;
  await db.query(
    `insert into tierd.scrub_findings (object_key, reason)
     select found.object_key, found.reason
     from unnest($1::text[], $2::text[]) as found (object_key, reason)
     on conflict (object_key) do nothing`,
    [found.map(({ key }) => key), found.map(({ reason }) => reason)],
  );
}

/** Dataset → how many of its live segments are bad; those without any are left out. */
export async function countFindings(db: Queryable): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ dataset: string; count: number }>(
    `select g.dataset, count(*)::int as count
     from tierd.scrub_findings f join tierd.segments g using (object_key)
     where g.state = 'live' group by g.dataset`,
  );
  return new Map(rows.map(({ dataset, count }) => [dataset, count]));
}
