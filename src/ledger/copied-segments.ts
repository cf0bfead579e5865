/** What the ledger knows of a copy of the lake, and how the lake becomes the copy. */
import type { Queryable } from './queryable.ts';

/** The lease of whoever copies the lake: two would stage in each other's folder. */
export const COPY_LEASE = 'lake:copy';

export interface HeldSegment {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Else it was replaced, and lies there for those who read it still. */
  readonly isLive: boolean;
}

/** All whose files the lake holds: what is live, and what was replaced and not removed yet. Oldest first. */
export async function listHeld(db: Queryable): Promise<readonly HeldSegment[]> {
  const { rows } = await db.query<{
    object_key: string;
    bytes: number;
    sha256: string;
    is_live: boolean;
  }>(
    `select object_key, bytes::float8 as bytes, sha256, state = 'live' as is_live
     from tierd.segments where state in ('live', 'retired') order by id`,
  );
  return rows.map(({ object_key, bytes, sha256, is_live }) => ({
    key: object_key,
    bytes,
    sha256,
    isLive: is_live,
  }));
}

/** Keys of what was read back from the copy, as the lake has it. */
export async function listCopied(db: Queryable, lakeId: string): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ object_key: string }>(
    `select object_key from tierd.copied_segments where lake_id = $1`,
    [lakeId],
  );
  return new Set(rows.map(({ object_key }) => object_key));
}

export async function noteCopied(db: Queryable, lakeId: string, key: string): Promise<void> {
  await db.query(
    `insert into tierd.copied_segments (lake_id, object_key) values ($1, $2)
     on conflict (lake_id, object_key) do update set verified_at = excluded.verified_at`,
    [lakeId, key],
  );
}

/** Of these keys those whose segments the ledger has no more use for, anywhere. */
export async function listRemoved(
  db: Queryable,
  keys: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await db.query<{ object_key: string }>(
    `select object_key from tierd.segments
     where object_key = any($1) and state in ('removed', 'abandoned') order by id`,
    [keys],
  );
  return rows.map(({ object_key }) => object_key);
}

/** Who copies the lake now; null: nobody. */
export async function whoCopies(db: Queryable): Promise<string | null> {
  const { rows } = await db.query<{ holder: string }>(
    `select holder from tierd.leases where dataset = $1 and expires_at > clock_timestamp()`,
    [COPY_LEASE],
  );
  return rows[0]?.holder ?? null;
}

/**
 * The lake is the copy from now on. Inside a transaction in which nobody has a lease: whoever had one, and does not
 * know yet that it is over, can't commit with it any more.
 */
export async function becomeCopy(
  db: Queryable,
  copy: { readonly lakeId: string; readonly place: string },
): Promise<void> {
  const { lakeId, place } = copy;
  await db.query(`update tierd.lake set lake_id = $1, place = $2, far_place = null`, [
    lakeId,
    place,
  ]);
  // A copy is of one place, whatever it is a copy of.
  await db.query(`update tierd.segments set tier = 'near', tier_since = null where tier <> 'near'`);
  // Not of a drain, which has nothing to do with the lake.
  await db.query(
    `update tierd.leases set token = token + 1 where position(':' in dataset) = 0 or dataset = $1`,
    [COPY_LEASE],
  );
  await db.query(`delete from tierd.copied_segments`);
}
