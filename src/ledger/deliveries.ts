/**
 * Which entries of a stream were committed, so that one that comes again is known: after a crash
 * before its acknowledgement, or after a failover that forgot it.
 */
import { compareIds, packIds, plainId, sortableId, unpackIds } from '../domain/drain/stream-ids.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';
import { keyOfText, keyText } from './text.ts';

export interface StreamOfGroup {
  readonly key: string;
  readonly group: string;
}

/** Those of `ids` that are committed, and the records of which `ids` has all. */
export async function findDelivered(
  db: Queryable,
  stream: StreamOfGroup,
  ids: readonly string[],
): Promise<{ readonly ids: ReadonlySet<string>; readonly deliveries: readonly string[] }> {
  const { first, last } = boundsOf(ids);
  const found = await db.query<{ id: string; ids: Buffer }>(
    `select id::text, ids from tierd.deliveries
     where stream_key = $1 and consumer_group = $2 and last_id >= $3 and first_id <= $4`,
    [keyText(stream.key), stream.group, first, last],
  );
  // Most often nothing was: then there is no need to know what to look for.
  const wanted = new Set(found.rows.length === 0 ? [] : ids);
  const delivered = new Set<string>();
  const whole: string[] = [];
  for (const row of found.rows) {
    const held = unpackIds(row.ids);
    const again = held.filter((id) => wanted.has(id));
    for (const id of again) delivered.add(id);
    if (again.length === held.length) whole.push(row.id);
  }
  return { ids: delivered, deliveries: whole };
}

/** In a batch's transaction: `ids` are committed with it. Gives the record's own id. */
export async function recordDelivery(
  db: Queryable,
  source: string,
  stream: StreamOfGroup,
  ids: readonly string[],
): Promise<string> {
  const { first, last } = boundsOf(ids);
  const inserted = await db.query<{ id: string }>(
    `insert into tierd.deliveries (source, stream_key, consumer_group, first_id, last_id, ids, id_count)
     values ($1, $2, $3, $4, $5, $6, $7) returning id::text`,
    [source, keyText(stream.key), stream.group, first, last, packIds(ids), ids.length],
  );
  return inserted.rows[0]?.id ?? '';
}

/** Redis has been told of these. */
export async function markAcknowledged(
  db: Queryable,
  deliveries: readonly string[],
): Promise<void> {
  await db.query(
    `update tierd.deliveries set acknowledged_at = clock_timestamp()
     where id = any ($1::bigint[]) and acknowledged_at is null`,
    [deliveries],
  );
}

/** A record of which nobody has noted that Redis was told. */
export interface OpenDelivery extends StreamOfGroup {
  readonly id: string;
  /** Of its entries, inclusive. */
  readonly firstId: string;
  readonly lastId: string;
}

/** The streams of which a group has open deliveries, whichever source made them. */
export async function streamsWithOpen(db: Queryable, group: string): Promise<readonly string[]> {
  const found = await db.query<{ stream_key: string }>(
    `select distinct stream_key from tierd.deliveries
     where consumer_group = $1 and acknowledged_at is null order by 1`,
    [group],
  );
  return found.rows.map((row) => keyOfText(row.stream_key));
}

/** At most `limit` of one stream, behind the delivery `afterId`, in their order. */
export async function openDeliveries(
  db: Queryable,
  { key, group }: StreamOfGroup,
  { afterId, limit }: { readonly afterId: string; readonly limit: number },
): Promise<readonly OpenDelivery[]> {
  const found = await db.query<{ id: string; first_id: string; last_id: string }>(
    `select id::text, first_id, last_id from tierd.deliveries
     where stream_key = $1 and consumer_group = $2 and acknowledged_at is null and id > $3::bigint
     order by deliveries.id limit $4`,
    [keyText(key), group, afterId, limit],
  );
  return found.rows.map(({ id, first_id, last_id }) => ({
    id,
    key,
    group,
    firstId: plainId(first_id),
    lastId: plainId(last_id),
  }));
}

/** Forgets deliveries, of any source, that Redis was told of before that. */
export async function pruneDeliveries(db: Queryable, before: EpochMs): Promise<number> {
  const pruned = await db.query(
    `delete from tierd.deliveries
     where acknowledged_at < to_timestamp($1::float8 / 1000)`,
    [before],
  );
  return pruned.rowCount ?? 0;
}

function boundsOf(ids: readonly string[]): { readonly first: string; readonly last: string } {
  let first = ids[0] ?? '';
  let last = first;
  for (const id of ids) {
    if (compareIds(id, first) < 0) first = id;
    if (compareIds(id, last) > 0) last = id;
  }
  return { first: sortableId(first), last: sortableId(last) };
}
