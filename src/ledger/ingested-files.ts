/** Files that were ingested, and the slices of them that are done: what is there is not brought in again. */
import type { TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

/** A file as it was read. */
export interface FileReading {
  /** SHA-256 of the content's and of all that decides what its rows are; 64 hex digits. */
  readonly reading: string;
  readonly contentSha256: string;
  readonly path: string;
  readonly bytes: number;
}

export interface KnownFile {
  readonly id: string;
  readonly path: string;
  /** All of its rows are where they belong. */
  readonly isEnded: boolean;
  /** Time of which all of its rows are. */
  readonly done: readonly TimeRange[];
}

/** Those that the ledger knows, by their reading. */
export async function findIngested(
  db: Queryable,
  dataset: string,
  readings: readonly string[],
): Promise<ReadonlyMap<string, KnownFile>> {
  const found = await db.query<{
    id: string;
    reading: string;
    path: string;
    is_ended: boolean;
    done: { from: number; to: number }[] | null;
  }>(
    `select f.id::text, encode(f.reading, 'hex') as reading, f.path, f.ended_at is not null as is_ended,
            (select json_agg(json_build_object('from', (extract(epoch from s.range_from) * 1000)::bigint,
                                               'to', (extract(epoch from s.range_to) * 1000)::bigint))
             from tierd.ingested_slices s where s.file_id = f.id) as done
     from tierd.ingested_files f
     where f.dataset = $1 and f.reading = any (select decode(r, 'hex') from unnest($2::text[]) r)`,
    [dataset, readings],
  );
  return new Map(
    found.rows.map(({ id, reading, path, is_ended, done }) => [
      reading,
      {
        id,
        path,
        isEnded: is_ended,
        done: (done ?? []).map(({ from, to }) => ({ fromInclusive: from, toExclusive: to })),
      },
    ]),
  );
}

/** Enters a file before its first slice, or finds it. @returns its id */
export async function noteFile(
  db: Queryable,
  dataset: string,
  file: FileReading,
  run: { readonly id: bigint; readonly rows: number; readonly rejected: number },
): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `insert into tierd.ingested_files as known
       (dataset, reading, content_sha256, path, byte_count, row_count, rejected, run_id)
     values ($1, decode($2, 'hex'), decode($3, 'hex'), $4, $5, $6, $7, $8)
     on conflict (dataset, reading) do update
       set row_count = excluded.row_count, rejected = excluded.rejected, run_id = excluded.run_id
     returning known.id::text`,
    [
      dataset,
      file.reading,
      file.contentSha256,
      file.path,
      file.bytes,
      run.rows,
      run.rejected,
      run.id.toString(),
    ],
  );
  return rows[0]?.id ?? '';
}

export interface SliceOfFile {
  readonly fileId: string;
  readonly cold: number;
  readonly hot: number;
}

/** In the transaction that brings the rows to where they belong. @param moveId null where none of them went to the lake */
export async function noteSlice(
  db: Queryable,
  { fromInclusive, toExclusive }: TimeRange,
  files: readonly SliceOfFile[],
  { runId, moveId }: { readonly runId: bigint; readonly moveId: string | null },
): Promise<void> {
  await db.query(
    `insert into tierd.ingested_slices (file_id, range_from, range_to, rows_cold, rows_hot, run_id, move_id)
     select file_id, $1::timestamptz, $2::timestamptz, cold, hot, $6, $7
     from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as files (file_id, cold, hot)`,
    [
      new Date(fromInclusive).toISOString(),
      new Date(toExclusive).toISOString(),
      files.map(({ fileId }) => fileId),
      files.map(({ cold }) => cold),
      files.map(({ hot }) => hot),
      runId.toString(),
      moveId,
    ],
  );
}

/** All of their slices are done. */
export async function endFiles(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query(
    `update tierd.ingested_files set ended_at = clock_timestamp()
     where id = any ($1::bigint[]) and ended_at is null`,
    [ids],
  );
}
