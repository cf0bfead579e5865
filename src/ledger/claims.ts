/** Lists that were claimed by renaming them, and how far each has been committed. */
import type { ClaimProgress } from '../domain/live-entry.ts';
import type { Queryable } from './queryable.ts';
import { keyText } from './text.ts';

/** Where the ledger stands with a claim; null for one that no batch has committed from. */
export async function readClaim(db: Queryable, claim: string): Promise<ClaimProgress> {
  const found = await db.query<{ position: string; done: boolean }>(
    'select position::text, done from tierd.claims where claim = $1',
    [keyText(claim)],
  );
  const row = found.rows[0];
  return row === undefined ? null : { position: Number(row.position), done: row.done };
}

/**
 * In a batch's transaction: the entries before `position` are committed with it. A position never
 * goes back, and a claim that is done stays so.
 */
export async function advanceClaim(
  db: Queryable,
  claim: {
    readonly claim: string;
    readonly source: string;
    readonly key: string;
    readonly position: number;
    readonly done: boolean;
  },
): Promise<void> {
  await db.query(
    `insert into tierd.claims as held (claim, source, list_key, position, done)
     values ($1, $2, $3, $4, $5)
     on conflict (claim) do update
       set position = greatest(held.position, excluded.position), done = held.done or excluded.done,
           changed_at = clock_timestamp()`,
    [keyText(claim.claim), claim.source, keyText(claim.key), claim.position, claim.done],
  );
}

/** Redis was seen to have removed them. */
export async function markClaimsRemoved(db: Queryable, claims: readonly string[]): Promise<void> {
  await db.query(
    `update tierd.claims set removed_at = clock_timestamp() where claim = any ($1::text[]) and done`,
    [claims.map(keyText)],
  );
}

/** Forgets claims that Redis removed that long ago: a failover no longer brings them back. */
export async function pruneClaims(
  db: Queryable,
  source: string,
  olderThanMs: number,
): Promise<number> {
  const pruned = await db.query(
    `delete from tierd.claims
     where source = $1 and removed_at < clock_timestamp() - $2 * interval '1 millisecond'`,
    [source, olderThanMs],
  );
  return pruned.rowCount ?? 0;
}
