/** When segments were last read and compared with what was published. */
import type { LastScrubs } from '../domain/survey/lake-care.ts';
import type { Queryable } from './queryable.ts';

/** More in one statement gain nothing. */
const BATCH = 5_000;

/** @param keys of segments that a scrub has just judged, sound or not */
export async function recordScrubs(db: Queryable, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += BATCH) {
    await db.query(
      `insert into tierd.scrubs (segment_id, scrubbed_at)
       select g.id, clock_timestamp() from tierd.segments g where g.object_key = any ($1::text[])
       on conflict (segment_id) do update set scrubbed_at = excluded.scrubbed_at`,
      [keys.slice(at, at + BATCH)],
    );
  }
}

/** Whether the ledger has a place for them: one that was not migrated since has not. */
export async function hasScrubs(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ known: boolean }>(
    `select to_regclass('tierd.scrubs') is not null as known`,
  );
  return rows[0]?.known === true;
}

/** Of the live segments of a dataset. */
export async function lastScrubs(db: Queryable, dataset: string): Promise<LastScrubs> {
  const { rows } = await db.query<{
    oldest_ms: number | null;
    newest_ms: number | null;
    never: number;
  }>(
    `select floor(extract(epoch from min(s.scrubbed_at)) * 1000)::float8 as oldest_ms,
            floor(extract(epoch from max(s.scrubbed_at)) * 1000)::float8 as newest_ms,
            (count(*) filter (where s.segment_id is null))::int as never
     from tierd.segments g left join tierd.scrubs s on s.segment_id = g.id
     where g.state = 'live' and g.dataset = $1`,
    [dataset],
  );
  const [row] = rows;
  return {
    oldest: row?.oldest_ms ?? null,
    newest: row?.newest_ms ?? null,
    never: row?.never ?? 0,
  };
}
