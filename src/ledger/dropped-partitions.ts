/** What moves dropped of partitioned tables: a restore makes it again. */
import type { DroppedPartition } from '../domain/plan/dropped-partition.ts';
import type { TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

/** Only in the transaction that drops them. `partitions`: parents first. */
export async function recordDropped(
  db: Queryable,
  moveId: string,
  partitions: readonly DroppedPartition[],
): Promise<void> {
  const rows = partitions.map((one) => ({
    parent_schema: one.parent.schema,
    parent_name: one.parent.name,
    schema_name: one.ref.schema,
    name: one.ref.name,
    bound: one.bound,
    partition_key: one.partitionKey,
    owner: one.owner,
    tablespace: one.tablespace,
    options: one.options,
    from_ms: finite(one.range.fromInclusive),
    to_ms: finite(one.range.toExclusive),
  }));
  await db.query(
    `insert into tierd.dropped_partitions (move_id, ordinal, parent_schema, parent_name, schema_name, name, bound,
       partition_key, owner, tablespace, options, range_from, range_to)
     select $1, given.at, one.parent_schema, one.parent_name, one.schema_name, one.name, one.bound, one.partition_key,
            one.owner, one.tablespace, one.options, to_timestamp(one.from_ms / 1000), to_timestamp(one.to_ms / 1000)
     from jsonb_array_elements($2) with ordinality given (part, at),
          jsonb_to_record(given.part) one (parent_schema text, parent_name text, schema_name text, name text, bound text,
            partition_key text, owner text, tablespace text, options text[], from_ms float8, to_ms float8)`,
    [moveId, JSON.stringify(rows)],
  );
}

interface Row {
  readonly parent_schema: string;
  readonly parent_name: string;
  readonly schema_name: string;
  readonly name: string;
  readonly bound: string;
  readonly partition_key: string | null;
  readonly owner: string;
  readonly tablespace: string | null;
  readonly options: readonly string[];
  readonly from_ms: number | null;
  readonly to_ms: number | null;
}

/** Those whose time overlaps `range`: of the newest move first, of one move parents first. */
export async function listDropped(
  db: Queryable,
  dataset: string,
  range: TimeRange,
): Promise<readonly DroppedPartition[]> {
  const { rows } = await db.query<Row>(
    `select d.parent_schema, d.parent_name, d.schema_name, d.name, d.bound, d.partition_key, d.owner, d.tablespace, d.options,
            (extract(epoch from d.range_from) * 1000)::float8 as from_ms,
            (extract(epoch from d.range_to) * 1000)::float8 as to_ms
     from tierd.dropped_partitions d join tierd.moves m on m.id = d.move_id
     where m.dataset = $1 and m.state in ('committed', 'finished')
       and coalesce(d.range_from < $3::timestamptz, true) and coalesce(d.range_to > $2::timestamptz, true)
     order by m.created_at desc, m.id, d.ordinal`,
    [
      dataset,
      new Date(range.fromInclusive).toISOString(),
      new Date(range.toExclusive).toISOString(),
    ],
  );
  return rows.map((row) => ({
    ref: { schema: row.schema_name, name: row.name },
    parent: { schema: row.parent_schema, name: row.parent_name },
    bound: row.bound,
    partitionKey: row.partition_key,
    owner: row.owner,
    tablespace: row.tablespace,
    options: row.options,
    range: {
      fromInclusive: row.from_ms ?? Number.NEGATIVE_INFINITY,
      toExclusive: row.to_ms ?? Number.POSITIVE_INFINITY,
    },
  }));
}

/** Of PostgreSQL's timestamps, and an instant of ours: what lies beyond has no bound. */
const [EARLIEST, LATEST] = [-210_866_803_200_000, 8_640_000_000_000_000];

const finite = (at: number): number | null => (at >= EARLIEST && at <= LATEST ? at : null);
