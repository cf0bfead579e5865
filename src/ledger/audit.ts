/** The audit log in the ledger. */
import {
  type AuditAction,
  type AuditEntry,
  type AuditedSegment,
  type AuditRecord,
  LAKE_CHAIN,
  NO_HASH,
  writeEntry,
} from '../domain/audit.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

/**
 * Adds an entry to the end of its chain. Only in the transaction that does what it says; `read committed`,
 * so that who waited for another's entry follows that one. Later entries of the chain wait until it ends.
 */
export async function addAuditEntry(db: Queryable, entry: AuditEntry): Promise<void> {
  const hashed = (previous: string, number: string): string =>
    `sha256(${previous} || int8send(${number}) || convert_to($2, 'UTF8'))`;
  await db.query(
    `with head as (
       insert into tierd.audit_heads as h (chain, number, hash)
       values ($1, 1, ${hashed(`decode('${NO_HASH}', 'hex')`, '1::bigint')})
       on conflict (chain) do update
       set number = h.number + 1, hash = ${hashed('h.hash', 'h.number + 1')}
       returning chain, number, hash)
     insert into tierd.audit (chain, number, entry, hash) select chain, number, $2, hash from head`,
    [entry.chain, writeEntry(entry)],
  );
}

/** The segments that a move has made live, for its entry. */
export async function publishedSegments(
  db: Queryable,
  moveId: string,
): Promise<readonly AuditedSegment[]> {
  const found = await db.query<AuditedSegment & { key: string }>(
    `select g.object_key as key, g.sha256, g.row_count::text as rows
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     where s.move_id = $1 order by g.id`,
    [moveId],
  );
  return found.rows;
}

export interface AuditHead {
  readonly chain: string;
  readonly number: bigint;
  /** 64 hex digits. */
  readonly hash: string;
}

/** By name. */
export async function listAuditHeads(db: Queryable): Promise<readonly AuditHead[]> {
  const found = await db.query<{ chain: string; number: string; hash: string }>(
    `select chain, number::text, encode(hash, 'hex') as hash from tierd.audit_heads order by chain`,
  );
  return found.rows.map(({ chain, number, hash }) => ({ chain, number: BigInt(number), hash }));
}

/** Of one chain; null before its first entry. */
export async function readAuditHead(
  db: Queryable,
  chain: string,
): Promise<{ readonly number: number; readonly hash: string } | null> {
  const found = await db.query<{ number: number; hash: string }>(
    `select number::float8 as number, encode(hash, 'hex') as hash from tierd.audit_heads where chain = $1`,
    [chain],
  );
  return found.rows[0] ?? null;
}

/** Entries of a chain after that number, oldest first. */
export async function readAudit(
  db: Queryable,
  {
    chain,
    after,
    limit,
  }: { readonly chain: string; readonly after: bigint; readonly limit: number },
): Promise<readonly AuditRecord[]> {
  const found = await db.query<{ number: string; entry: string; hash: string }>(
    `select a.number::text, a.entry, encode(a.hash, 'hex') as hash from tierd.audit a
     where a.chain = $1 and a.number > $2 order by a.number limit $3`,
    [chain, after.toString(), limit],
  );
  return found.rows.map(({ number, ...record }) => ({ number: BigInt(number), ...record }));
}

/** The newest entries of all chains, or of some, newest first. */
export async function listAudit(
  db: Queryable,
  { chains, limit }: { readonly chains: readonly string[] | null; readonly limit: number },
): Promise<readonly (AuditRecord & { readonly chain: string })[]> {
  const found = await db.query<{ chain: string; number: string; entry: string; hash: string }>(
    `select a.chain, a.number::text, a.entry, encode(a.hash, 'hex') as hash from tierd.audit a
     where $1::text[] is null or a.chain = any ($1)
     order by substring(a.entry from '^\\{"at":"([^"]+)"') desc nulls last, a.number desc, a.chain limit $2`,
    [chains, limit],
  );
  return found.rows.map(({ number, ...record }) => ({ number: BigInt(number), ...record }));
}

/** Of what a person did to the lake as a whole, the newest of its kind; null for never. */
export async function lastOfLake(
  db: Queryable,
  action: Extract<AuditAction, 'taken_over' | 'separated'>,
): Promise<EpochMs | null> {
  const { rows } = await db.query<{ entry: string }>(
    `select entry from tierd.audit where chain = $1 and strpos(entry, $2) > 0 order by number desc`,
    [LAKE_CHAIN, `"action":"${action}"`],
  );
  return rows.map(({ entry }) => timeOf(entry)).find((at) => at !== null) ?? null;
}

/** Null where somebody has made something else of the entry. */
function timeOf(entry: string): EpochMs | null {
  const [, at = ''] = /^\{"at":"([^"]+)"/.exec(entry) ?? [];
  const time = Date.parse(at);
  return Number.isNaN(time) ? null : time;
}

export interface AuditDay {
  /** `2026-11-28` */
  readonly day: string;
  /** Of the object in the lake. */
  readonly key: string;
}

/** Days whose heads the ledger has written into the lake that it has now, oldest first. */
export async function listAuditDays(db: Queryable): Promise<readonly AuditDay[]> {
  const separated = await lastOfLake(db, 'separated');
  const { rows } = await db.query<AuditDay>(
    `select to_char(day, 'YYYY-MM-DD') as day, object_key as key from tierd.audit_days
     where $1::float8 is null or written_at > to_timestamp($1 / 1000.0) order by 1`,
    [separated],
  );
  return rows;
}

/** @param day `2026-11-28` */
export async function isAuditDayKept(db: Queryable, day: string): Promise<boolean> {
  return (await listAuditDays(db)).some((kept) => kept.day === day);
}

export async function noteAuditDay(db: Queryable, { day, key }: AuditDay): Promise<void> {
  await db.query(
    `insert into tierd.audit_days (day, object_key) values ($1::date, $2)
     on conflict (day) do update set object_key = excluded.object_key, written_at = excluded.written_at`,
    [day, key],
  );
}
