/** The log of `tierd backup`, and what it asks of the ledger. */
import type { EpochMs } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

/**
 * The lease of whoever writes backups or removes them. While it is held no file of a replaced segment is removed for its
 * age: a snapshot that was taken meanwhile may name it.
 */
export const BACKUP_LEASE = 'backup:run';

/** True while nobody makes backups. For a statement's `where`. */
export const NOBODY_BACKS_UP = `not exists (
         select from tierd.leases where dataset = '${BACKUP_LEASE}' and expires_at > clock_timestamp())`;

export const LOGGED_KINDS = ['snapshot', 'dump', 'verify', 'drill', 'prune'] as const;

export type LoggedKind = (typeof LOGGED_KINDS)[number];

export type BackupEndState = 'done' | 'unchanged' | 'failed' | 'interrupted';

export interface BackupBegin {
  readonly id: string;
  readonly kind: LoggedKind;
  readonly holder: string;
  readonly place: string;
}

export interface BackupEnd {
  readonly state: BackupEndState;
  readonly backup: string | null;
  readonly bytes: number | null;
  readonly addedBytes: number | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** With the lease of backups: whoever had it before is gone. */
export async function beginBackupRun(
  db: Queryable,
  { id, kind, holder, place }: BackupBegin,
): Promise<void> {
  await db.query(
    `update tierd.backup_logs
     set state = 'abandoned', finished_at = greatest(clock_timestamp(), started_at),
         error_message = 'the process that ran it was gone before it ended'
     where state = 'running'`,
  );
  await db.query(
    `insert into tierd.backup_logs (id, kind, state, holder, place) values ($1, $2, 'running', $3, $4)`,
    [id, kind, holder, place],
  );
}

/** Which place it is that lies there. */
export async function noteBackupPlace(db: Queryable, id: string, placeId: string): Promise<void> {
  await db.query(`update tierd.backup_logs set place_id = $2 where id = $1`, [id, placeId]);
}

export async function endBackupRun(db: Queryable, id: string, end: BackupEnd): Promise<void> {
  await db.query(
    `update tierd.backup_logs
     set state = $2, finished_at = greatest(clock_timestamp(), started_at), backup = $3, bytes = $4,
         added_bytes = $5, error_code = $6, error_message = $7
     where id = $1 and state = 'running'`,
    [
      id,
      end.state,
      end.backup,
      end.bytes,
      end.addedBytes,
      end.errorCode,
      // PostgreSQL holds no NUL.
      end.errorMessage?.replaceAll('\0', '') ?? null,
    ],
  );
}

/** Of a run that has ended and had no need of the lease. */
export async function logBackupRun(
  db: Queryable,
  begin: BackupBegin & { readonly startedAt: EpochMs },
  end: BackupEnd,
): Promise<void> {
  const { id, kind, holder, place, startedAt } = begin;
  await db.query(
    `insert into tierd.backup_logs
       (id, kind, state, holder, place, backup, started_at, finished_at, bytes, added_bytes, error_code, error_message)
     values ($1, $2, $3, $4, $5, $6, $7::timestamptz, greatest(clock_timestamp(), $7::timestamptz), $8, $9, $10, $11)`,
    [
      ...[id, kind, end.state, holder, place, end.backup, new Date(startedAt).toISOString()],
      ...[end.bytes, end.addedBytes, end.errorCode, end.errorMessage],
    ],
  );
}

/** Where the last good run of these kept backups, and which place that was; null: none ever did. */
export async function lastBackupPlace(
  db: Queryable,
): Promise<{ readonly place: string; readonly placeId: string } | null> {
  const { rows } = await db.query<{ place: string; place_id: string }>(
    `select place, place_id from tierd.backup_logs
     where kind in ('dump', 'snapshot') and state in ('done', 'unchanged') and place_id is not null
     order by started_at desc limit 1`,
  );
  return rows.map(({ place, place_id }) => ({ place, placeId: place_id }))[0] ?? null;
}

export interface LastBackupRun {
  readonly kind: LoggedKind;
  /** When the last good run of its kind ended. */
  readonly finishedAt: EpochMs;
  /** Null of runs that make and read none. */
  readonly backup: string | null;
  /** Of all that the backup consists of, or that was read. */
  readonly bytes: number | null;
}

/** The last good run of each kind; none of a kind that never had one. */
export async function lastGoodRuns(db: Queryable): Promise<readonly LastBackupRun[]> {
  const { rows } = await db.query<{
    kind: LoggedKind;
    finished_ms: number;
    backup: string | null;
    bytes: number | null;
  }>(
    `select kind, (extract(epoch from finished_at) * 1000)::float8 as finished_ms, backup, bytes::float8 as bytes
     from unnest($1::text[]) asked cross join lateral (
       select * from tierd.backup_logs where kind = asked and state in ('done', 'unchanged')
       order by started_at desc limit 1) last`,
    [LOGGED_KINDS],
  );
  return rows.map(({ finished_ms: finishedAt, ...rest }) => ({ ...rest, finishedAt }));
}

export interface BackupLogEntry {
  readonly kind: LoggedKind;
  readonly state: string;
  readonly backup: string | null;
  readonly startedAt: EpochMs;
  readonly seconds: number | null;
  readonly bytes: number | null;
  readonly addedBytes: number | null;
  readonly errorCode: string | null;
}

/** The newest so many, newest first. */
export async function listBackupRuns(
  db: Queryable,
  limit: number,
): Promise<readonly BackupLogEntry[]> {
  const { rows } = await db.query<{
    kind: LoggedKind;
    state: string;
    backup: string | null;
    started_ms: number;
    seconds: number | null;
    bytes: number | null;
    added_bytes: number | null;
    error_code: string | null;
  }>(
    `select kind, state, backup, (extract(epoch from started_at) * 1000)::float8 as started_ms,
            extract(epoch from finished_at - started_at)::float8 as seconds, bytes::float8 as bytes,
            added_bytes::float8 as added_bytes, error_code
     from tierd.backup_logs order by started_at desc, id limit $1`,
    [limit],
  );
  return rows.map((row) => ({
    kind: row.kind,
    state: row.state,
    backup: row.backup,
    startedAt: row.started_ms,
    seconds: row.seconds,
    bytes: row.bytes,
    addedBytes: row.added_bytes,
    errorCode: row.error_code,
  }));
}

/** Whether readers still read it: what is gone from the lake and live is damage, what was replaced is none. */
export async function isSegmentLive(db: Queryable, key: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from tierd.segments where object_key = $1 and state = 'live'`,
    [key],
  );
  return rowCount === 1;
}
