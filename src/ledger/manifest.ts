/** What a manifest of the ledger says of a dataset's slices. */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { SliceFingerprint } from '../domain/fingerprint.ts';
import type { KeptSegment, KeptSlice, PartSummary } from '../domain/lake/lake-manifest.ts';
import type { Queryable } from './queryable.ts';
import { FACTS_COLUMNS, type FactsRow, factsOf } from './segment-facts.ts';

const MONTH = `to_char(s.range_from at time zone 'UTC', 'YYYY-MM')`;

/** Of a slice none of whose segments is live. What was restored into another table is cold still. */
const IS_RESTORED = `exists (
  select from tierd.restores r
  where r.slice_id = s.id and r.state = 'done' and r.into_name is null
    and not exists (
      select from tierd.slices later join tierd.moves m on m.id = later.move_id
      where later.dataset = s.dataset and later.range_from < s.range_to and later.range_to > s.range_from
        and later.published_at > r.changed_at and m.removal <> 'none'))`;

/** Of each month with a segment that is live or whose file is to be kept for a while; oldest first. */
export async function summarizeMonths(
  db: Queryable,
  dataset: string,
): Promise<readonly PartSummary[]> {
  const { rows } = await db.query<PartSummary>(
    `select ${MONTH} as month, count(*)::int as segments,
            sum(hashtextextended(g.object_key || ' ' || case when g.state = 'retired' and ${IS_RESTORED}
                                                        then 'restored' else g.state end, 0)::numeric)::text as digest
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     where g.dataset = $1 and g.state in ('live', 'retired')
     group by 1 order by 1`,
    [dataset],
  );
  return rows.map(({ month, digest, segments }) => ({ month, digest, segments }));
}

/** The slices of a month with those of their segments that are live or replaced. @param month `2024-01` */
export async function listKeptSlices(
  db: Queryable,
  dataset: string,
  month: string,
): Promise<readonly KeptSlice[]> {
  const { rows } = await db.query<
    FactsRow & {
      slice_id: string;
      from_ms: number;
      to_ms: number;
      generation: number;
      move_id: string;
      slice_rows: string;
      fingerprint: SliceFingerprint;
      columns: ColumnPlan[];
      state: KeptSegment['state'];
      sha256: string;
      is_restored: boolean;
    }
  >(
    `select ${FACTS_COLUMNS}, g.slice_id::text, g.state, g.sha256, s.generation, s.move_id::text,
            s.row_count::text as slice_rows, s.fingerprint, s.columns,
            g.state = 'retired' and ${IS_RESTORED} as is_restored,
            (extract(epoch from s.range_from) * 1000)::float8 as from_ms,
            (extract(epoch from s.range_to) * 1000)::float8 as to_ms
     from tierd.slices s join tierd.segments g on g.slice_id = s.id
     where s.dataset = $1 and g.state in ('live', 'retired')
       and s.range_from >= ($2 || '-01T00:00:00Z')::timestamptz
       and s.range_from < ($2 || '-01T00:00:00')::timestamp at time zone 'UTC' + interval '32 days'
       and ${MONTH} = $2
     order by s.range_from, s.id, g.id`,
    [dataset, month],
  );
  const slices = new Map<string, KeptSlice & { readonly segments: KeptSegment[] }>();
  for (const row of rows) {
    const slice = slices.get(row.slice_id) ?? {
      range: { fromInclusive: row.from_ms, toExclusive: row.to_ms },
      generation: row.generation,
      moveId: row.move_id,
      rows: BigInt(row.slice_rows),
      fingerprint: row.fingerprint,
      columns: row.columns,
      isRestored: row.is_restored,
      segments: [],
    };
    slice.segments.push({ ...factsOf(row), state: row.state, sha256: row.sha256 });
    slices.set(row.slice_id, slice);
  }
  return [...slices.values()];
}
