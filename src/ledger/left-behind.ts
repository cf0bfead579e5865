/** What the ledger has of datasets and sources that are in no configuration any more. */
import type { Queryable } from './queryable.ts';

export interface LeftBehind {
  /**
   * `segment`: live. `move`: begun and not ended. `delivery`, `claim`: committed, and nobody noted that Redis was told.
   */
  readonly kind: 'segment' | 'move' | 'delivery' | 'claim';
  /** Of the dataset or the source. */
  readonly name: string;
  readonly count: number;
}

export async function listLeftBehind(
  db: Queryable,
  configured: { readonly datasets: readonly string[]; readonly sources: readonly string[] },
): Promise<readonly LeftBehind[]> {
  const found = await db.query<LeftBehind>(
    `select 'move' as kind, dataset as name, count(*)::int as count from tierd.moves
     where state in ('exporting', 'publishing', 'committed') and dataset <> all ($1)
     group by dataset
     union all
     select 'segment', dataset, count(*)::int from tierd.segments
     where state = 'live' and dataset <> all ($1) group by dataset
     union all
     select 'delivery', source, count(*)::int from tierd.deliveries
     where acknowledged_at is null and source <> all ($2) group by source
     union all
     select 'claim', source, count(*)::int from tierd.claims
     where removed_at is null and source <> all ($2) group by source
     order by 1, 2`,
    [configured.datasets, configured.sources],
  );
  return found.rows;
}
