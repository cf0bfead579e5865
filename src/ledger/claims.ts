/** Lists that were claimed by renaming them, and how far each has been committed. */

import type { ClaimProgress } from '../domain/live/live-entry.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';
import { keyOfText, keyText } from './text.ts';

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

/** Now, by PostgreSQL's clock, in microseconds since 1970: for `claimsSince`. */
export async function instantOf(db: Queryable): Promise<string> {
  const found = await db.query<{ now: string }>(
    'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now',
  );
  return found.rows[0]?.now ?? '';
}

/** The claims of these lists from which something was committed since then. */
export async function claimsSince(
  db: Queryable,
  source: string,
  keys: readonly string[],
  since: string,
): Promise<readonly string[]> {
  const found = await db.query<{ claim: string }>(
    `select claim from tierd.claims
     where source = $1 and list_key = any ($2::text[]) and changed_at >= timestamptz 'epoch' + $3::bigint * interval '1 microsecond'`,
    [source, keys.map(keyText), since],
  );
  return found.rows.map(({ claim }) => keyOfText(claim));
}

/** Redis was seen to have removed them. */
export async function markClaimsRemoved(db: Queryable, claims: readonly string[]): Promise<void> {
  await db.query(
    `update tierd.claims set removed_at = clock_timestamp() where claim = any ($1::text[]) and done`,
    [claims.map(keyText)],
  );
}

/** A claim that nobody has seen removed. */
export interface OpenClaim {
  readonly claim: string;
  /** The list that it was. */
  readonly key: string;
  readonly position: number;
  readonly done: boolean;
}

/** The open claims of a source, at most `limit` behind `afterClaim`, in the order of their names. */
export async function openClaims(
  db: Queryable,
  source: string,
  { afterClaim, limit }: { readonly afterClaim: string; readonly limit: number },
): Promise<readonly OpenClaim[]> {
  const found = await db.query<{
    claim: string;
    list_key: string;
    position: string;
    done: boolean;
  }>(
    `select claim, list_key, position::text, done from tierd.claims
     where source = $1 and removed_at is null and claim > $2 order by claims.claim limit $3`,
    [source, keyText(afterClaim), limit],
  );
  return found.rows.map(({ claim, list_key, position, done }) => ({
    claim: keyOfText(claim),
    key: keyOfText(list_key),
    position: Number(position),
    done,
  }));
}

/** Forgets claims, of any source, that Redis removed before that: a failover no longer brings them back. */
export async function pruneClaims(db: Queryable, before: EpochMs): Promise<number> {
  const pruned = await db.query(
    `delete from tierd.claims
     where removed_at < to_timestamp($1::float8 / 1000)`,
    [before],
  );
  return pruned.rowCount ?? 0;
}
