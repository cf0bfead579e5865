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

/** Of each dataset that is an Iceberg table. */
export async function listIcebergVersions(db: Queryable): Promise<ReadonlyMap<string, number>> {
  const found = await db.query<{ dataset: string; version: number }>(
    'select dataset, version from tierd.iceberg_metadata',
  );
  return new Map(found.rows.map(({ dataset, version }) => [dataset, version]));
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
  /** Whether it is to be read in the lake's far place. */
  readonly isFar: boolean;
  /** Where the current snapshot lists it; null where it does not. */
  readonly listed: FileListing | null;
}

const SEGMENT_COLUMNS = `${FACTS_COLUMNS}, s.columns, coalesce(s.move_id = $2, false) as is_new,
  g.tier in ('both', 'far') as is_far,
  f.manifest_key, f.snapshot_id::text, f.sequence_number`;

interface SegmentRow extends FactsRow {
  readonly columns: ColumnPlan[];
  readonly is_new: boolean;
  readonly is_far: boolean;
  readonly manifest_key: string | null;
  readonly snapshot_id: string | null;
  readonly sequence_number: number | null;
}

/**
 * Which segments are asked for: `all` that are live or will be when the move is committed, of these the
 * `not-listed`, or those `of-move` alone.
 */
export type SegmentsWanted = 'all' | 'not-listed' | 'of-move';

/** By time. */
export async function listSegmentsToBe(
  db: Queryable,
  dataset: string,
  moveId: string | null,
  wanted: SegmentsWanted,
): Promise<readonly CataloguedSegment[]> {
  const ofMove = "(g.state = 'publishing' and s.move_id = $2)";
  const condition = {
    all: `(g.state = 'live' or ${ofMove})`,
    'not-listed': `(g.state = 'live' or ${ofMove}) and f.segment_id is null`,
    'of-move': ofMove,
  }[wanted];
  const found = await db.query<SegmentRow>(
    `select ${SEGMENT_COLUMNS}
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     left join tierd.iceberg_files f on f.segment_id = g.id
     where g.dataset = $1 and ${condition}
     order by g.min_time_us, g.id`,
    [dataset, moveId],
  );
  return found.rows.map(segmentOf);
}

/**
 * Whether the manifests list as many files as there are live segments. By the figures that are kept of both: to look
 * at each segment would make a move the dearer the more there are.
 */
export async function listsAsManyAsLive(db: Queryable, dataset: string): Promise<boolean> {
  const found = await db.query<{ same: boolean }>(
    `select (select coalesce(sum(segments), 0) from tierd.live_schemas where dataset = $1)
          = (select coalesce(sum(existing_files + added_files), 0) from tierd.iceberg_manifests where dataset = $1) as same`,
    [dataset],
  );
  return found.rows[0]?.same === true;
}

/** The manifests that list a segment which is no longer live. */
export async function listManifestsOfGone(
  db: Queryable,
  dataset: string,
): Promise<readonly string[]> {
  const found = await db.query<{ manifest_key: string }>(
    `select distinct f.manifest_key
     from tierd.iceberg_files f join tierd.segments g on g.id = f.segment_id
     where g.dataset = $1 and g.state <> 'live'`,
    [dataset],
  );
  return found.rows.map((row) => row.manifest_key);
}

/** The manifests that list one of these segments. */
export async function listManifestsOf(
  db: Queryable,
  keys: readonly string[],
): Promise<readonly string[]> {
  const found = await db.query<{ manifest_key: string }>(
    `select distinct f.manifest_key
     from tierd.iceberg_files f join tierd.segments g on g.id = f.segment_id where g.object_key = any($1)`,
    [keys],
  );
  return found.rows.map((row) => row.manifest_key);
}

/**
 * The segments of every manifest that is to be written anew, by time: of those that list one of `goneKeys`, and of
 * `manifestKeys`. Gone is what is no longer live, or will not be.
 */
export async function listSegmentsRewritten(
  db: Queryable,
  goneKeys: readonly string[],
  manifestKeys: readonly string[],
): Promise<readonly (CataloguedSegment & { readonly isGone: boolean })[]> {
  if (goneKeys.length === 0 && manifestKeys.length === 0) return [];
  // By themselves first: manifests differ so much in size that PostgreSQL would expect all segments, and read them.
  const listed = await db.query<{ id: string }>(
    `select f.segment_id::text as id
     from tierd.iceberg_files f
     where f.manifest_key in (
       select of_gone.manifest_key
       from tierd.segments gone join tierd.iceberg_files of_gone on of_gone.segment_id = gone.id
       where gone.object_key = any($1)
       union select unnest($2::text[])
     )`,
    [goneKeys, manifestKeys],
  );
  const found = await db.query<SegmentRow & { is_gone: boolean }>(
    `select ${SEGMENT_COLUMNS}, g.state <> 'live' or g.object_key = any($1) as is_gone
     from tierd.iceberg_files f
     join tierd.segments g on g.id = f.segment_id
     join tierd.slices s on s.id = g.slice_id
     where f.segment_id = any($3::bigint[])
     order by g.min_time_us, g.id`,
    [goneKeys, null, listed.rows.map(({ id }) => id)],
  );
  return found.rows.map((row) => ({ ...segmentOf(row), isGone: row.is_gone }));
}

function segmentOf(row: SegmentRow): CataloguedSegment {
  return {
    ...factsOf(row),
    columns: row.columns,
    isNew: row.is_new,
    isFar: row.is_far,
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
