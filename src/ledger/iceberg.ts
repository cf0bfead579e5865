/** What the ledger keeps of a dataset's Iceberg table. Written under the dataset's lease. */

import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { FileListing, Manifest } from '../domain/lake/manifest.ts';
import type { SegmentFacts } from '../domain/lake/segment-facts.ts';
import type { Queryable } from './queryable.ts';
import { FACTS_COLUMNS, type FactsRow, factsOf } from './segment-facts.ts';

export interface IcebergTable {
  readonly version: number;
  readonly location: string;
  readonly document: unknown;
  readonly pathVersion: number;
}

/** Null where the dataset is no Iceberg table yet. */
export async function readIcebergTable(
  db: Queryable,
  dataset: string,
): Promise<IcebergTable | null> {
  const found = await db.query<{
    version: number;
    location: string;
    document: unknown;
    path_version: number;
  }>(
    `select version, location, document, path_version from tierd.iceberg_metadata where dataset = $1`,
    [dataset],
  );
  const row = found.rows[0];
  if (row === undefined) return null;
  const { version, location, document, path_version: pathVersion } = row;
  return { version, location, document, pathVersion };
}

/** The datasets that are Iceberg tables, by name. */
export async function listIcebergTables(db: Queryable): Promise<readonly string[]> {
  const found = await db.query<{ dataset: string }>(
    'select dataset from tierd.iceberg_metadata order by dataset collate "C"',
  );
  return found.rows.map(({ dataset }) => dataset);
}

/** The manifests of the current snapshot, oldest first. */
export async function listManifests(db: Queryable, dataset: string): Promise<readonly Manifest[]> {
  const found = await db.query<ManifestRow>(
    `select object_key, bytes::int, spec_id, snapshot_id::text, sequence_number, min_sequence_number,
            existing_files, added_files, deleted_files, existing_rows::text, added_rows::text,
            deleted_rows::text, partition_from, partition_to
     from tierd.iceberg_manifests where dataset = $1 order by sequence_number, object_key`,
    [dataset],
  );
  return found.rows.map(manifestOf);
}

interface ManifestRow {
  readonly object_key: string;
  readonly bytes: number;
  readonly spec_id: number;
  readonly snapshot_id: string;
  readonly sequence_number: number;
  readonly min_sequence_number: number;
  readonly existing_files: number;
  readonly added_files: number;
  readonly deleted_files: number;
  readonly existing_rows: string;
  readonly added_rows: string;
  readonly deleted_rows: string;
  readonly partition_from: number | null;
  readonly partition_to: number | null;
}

function manifestOf(row: ManifestRow): Manifest {
  return {
    key: row.object_key,
    bytes: row.bytes,
    specId: row.spec_id,
    snapshotId: Number(row.snapshot_id),
    sequenceNumber: row.sequence_number,
    minSequenceNumber: row.min_sequence_number,
    counts: {
      existing: row.existing_files,
      added: row.added_files,
      deleted: row.deleted_files,
    },
    rows: {
      existing: BigInt(row.existing_rows),
      added: BigInt(row.added_rows),
      deleted: BigInt(row.deleted_rows),
    },
    partitions:
      row.partition_from === null || row.partition_to === null
        ? null
        : { from: row.partition_from, to: row.partition_to },
  };
}

export interface CataloguedSegment extends SegmentFacts {
  readonly columns: readonly ColumnPlan[];
  /** Of the move that is about to be committed. */
  readonly isNew: boolean;
  /** Where the current snapshot lists it; null where it does not. */
  readonly listed: FileListing | null;
}

const SEGMENT_COLUMNS = `${FACTS_COLUMNS}, s.columns, coalesce(s.move_id = $2, false) as is_new,
  f.manifest_key, f.snapshot_id::text, f.sequence_number`;

interface SegmentRow extends FactsRow {
  readonly columns: ColumnPlan[];
  readonly is_new: boolean;
  readonly manifest_key: string | null;
  readonly snapshot_id: string | null;
  readonly sequence_number: number | null;
}

/** Segments that are live, or will be when `moveId` is committed. */
export async function listSegmentsToBe(
  db: Queryable,
  dataset: string,
  moveId: string | null,
  only: 'all' | 'not-listed',
): Promise<readonly CataloguedSegment[]> {
  const found = await db.query<SegmentRow>(
    `select ${SEGMENT_COLUMNS}
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     left join tierd.iceberg_files f on f.segment_id = g.id
     where g.dataset = $1 and (g.state = 'live' or (g.state = 'publishing' and s.move_id = $2))
       and ($3 = 'all' or f.segment_id is null)
     order by g.min_time_us, g.id`,
    [dataset, moveId, only],
  );
  return found.rows.map(segmentOf);
}

/**
 * The segments of every manifest that is to be written anew, by time: of those that list one which is no longer
 * live, or will not be (`goneKeys` and what others have retired since), and of `manifestKeys`.
 */
export async function listSegmentsRewritten(
  db: Queryable,
  dataset: string,
  goneKeys: readonly string[],
  manifestKeys: readonly string[],
): Promise<readonly (CataloguedSegment & { readonly isGone: boolean })[]> {
  const found = await db.query<SegmentRow & { is_gone: boolean }>(
    `with gone as (
       select f.segment_id, f.manifest_key
       from tierd.iceberg_files f join tierd.segments g on g.id = f.segment_id
       where g.dataset = $1 and (g.state <> 'live' or g.object_key = any($3))
     )
     select ${SEGMENT_COLUMNS}, gone.segment_id is not null as is_gone
     from tierd.iceberg_files f
     join tierd.segments g on g.id = f.segment_id
     join tierd.slices s on s.id = g.slice_id
     left join gone on gone.segment_id = f.segment_id
     where f.manifest_key in (select manifest_key from gone) or f.manifest_key = any($4)
     order by g.min_time_us, g.id`,
    [dataset, null, goneKeys, manifestKeys],
  );
  return found.rows.map((row) => ({ ...segmentOf(row), isGone: row.is_gone }));
}

function segmentOf(row: SegmentRow): CataloguedSegment {
  return {
    ...factsOf(row),
    columns: row.columns,
    isNew: row.is_new,
    listed:
      row.manifest_key === null || row.sequence_number === null
        ? null
        : {
            manifestKey: row.manifest_key,
            snapshotId: Number(row.snapshot_id),
            sequenceNumber: row.sequence_number,
          },
  };
}
