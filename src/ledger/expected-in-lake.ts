/** Which segments must lie in the lake, wherever it is: what was published since `tierd.lake.whole_since`. */
import type { Queryable } from './queryable.ts';

export interface ExpectedSegment {
  readonly key: string;
  readonly bytes: number;
}

/**
 * The live segment that was published last, of those that lie near: whoever has an older copy of the lake lacks it.
 * Null: there is none.
 */
export async function newestExpected(db: Queryable): Promise<ExpectedSegment | null> {
  const found = await db.query<ExpectedRow>(
    `select g.object_key, g.bytes::float8 as bytes
     from tierd.slices s join tierd.segments g on g.slice_id = s.id
     where s.published_at is not null and g.state = 'live' and g.tier in ('near', 'moving') and ${IS_EXPECTED}
     order by s.published_at desc, s.id desc, g.id desc limit 1`,
  );
  return found.rows.map(segmentOf)[0] ?? null;
}

/** All of them, by key. */
export async function listExpected(db: Queryable): Promise<readonly ExpectedSegment[]> {
  const found = await db.query<ExpectedRow>(
    `select g.object_key, g.bytes::float8 as bytes
     from tierd.slices s join tierd.segments g on g.slice_id = s.id
     where g.state = 'live' and ${IS_EXPECTED}
     order by g.object_key`,
  );
  return found.rows.map(segmentOf);
}

const IS_EXPECTED = `s.published_at > coalesce((select whole_since from tierd.lake), '-infinity')`;

interface ExpectedRow {
  readonly object_key: string;
  readonly bytes: number;
}

function segmentOf({ object_key, bytes }: ExpectedRow): ExpectedSegment {
  return { key: object_key, bytes };
}
