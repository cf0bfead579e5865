/**
 * Up to where each stream has been drained into a dataset: by it an entry that comes again is known when
 * its consumer group is another one, or the record of its delivery has been forgotten.
 */
import { plainId, sortableId } from '../domain/drain/stream-ids.ts';
import type { StreamMark } from '../domain/live/live-entry.ts';
import type { Queryable } from './queryable.ts';
import { keyText } from './text.ts';

export interface DrainedStream {
  readonly dataset: string;
  readonly key: string;
}

/** Null for a stream of which nothing was committed. */
export async function readMark(
  db: Queryable,
  { dataset, key }: DrainedStream,
): Promise<StreamMark | null> {
  const found = await db.query<{ consumer_group: string; last_id: string; last_digest: Buffer }>(
    `select consumer_group, last_id, last_digest from tierd.streams
     where dataset = $1 and stream_key = $2`,
    [dataset, keyText(key)],
  );
  const row = found.rows[0];
  if (row === undefined) return null;
  return { group: row.consumer_group, id: plainId(row.last_id), digest: row.last_digest };
}

/** In a batch's transaction: all that this group was given up to `id` is committed. Never goes back. */
export async function advanceMark(
  db: Queryable,
  { dataset, key }: DrainedStream,
  mark: StreamMark & { readonly source: string },
): Promise<void> {
  await db.query(
    `insert into tierd.streams as held
       (dataset, stream_key, source, consumer_group, last_id, last_digest)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (dataset, stream_key) do update
       set source = excluded.source, consumer_group = excluded.consumer_group,
           last_digest = case when excluded.last_id > held.last_id then excluded.last_digest
                              else held.last_digest end,
           last_id = greatest(held.last_id, excluded.last_id), changed_at = clock_timestamp()`,
    [dataset, keyText(key), mark.source, mark.group, sortableId(mark.id), mark.digest],
  );
}
