/** Copies of the lake that were begun and not switched to, as the ledger knows them. */
import type { Queryable } from './queryable.ts';

export interface CopyInMaking {
  /** The copy's own. */
  readonly lakeId: string;
  /** Live segments of the lake that were read back from there. */
  readonly segments: number;
  /** All live segments of the lake. */
  readonly ofSegments: number;
  /** When the last one was. ISO 8601, UTC. */
  readonly lastAt: string;
}

/** The one that went on last first. A copy of which no segment was read back yet is not known here. */
export async function listCopiesInMaking(db: Queryable): Promise<readonly CopyInMaking[]> {
  const { rows } = await db.query<{
    lake_id: string;
    segments: number;
    of_segments: number;
    last_at: string;
  }>(
    `select c.lake_id, (count(*) filter (where s.state = 'live'))::int as segments,
            (select count(*)::int from tierd.segments where state = 'live') as of_segments,
            to_char(max(c.verified_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_at
     from tierd.copied_segments c left join tierd.segments s using (object_key)
     group by c.lake_id order by max(c.verified_at) desc`,
  );
  return rows.map(({ lake_id, segments, of_segments, last_at }) => ({
    lakeId: lake_id,
    segments,
    ofSegments: of_segments,
    lastAt: last_at,
  }));
}
