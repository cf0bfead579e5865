/** The statements that make a new snapshot the current one, in the transaction that makes it true. */
import { TierdError } from '../domain/errors.ts';
import type { FileListing, Manifest } from '../domain/lake/manifest.ts';
import type { Queryable } from './queryable.ts';

export interface NewIcebergSnapshot {
  readonly dataset: string;
  readonly version: number;
  readonly location: string;
  readonly document: unknown;
  readonly manifests: readonly Manifest[];
  /** Those of the snapshot before that this one does not list. */
  readonly droppedManifests: readonly string[];
  readonly files: readonly (FileListing & { readonly segmentKey: string })[];
  readonly removedSegments: readonly string[];
  /** Needed by this version alone: its list and its documents. */
  readonly ownObjects: readonly string[];
  /** The oldest version whose snapshot the table keeps. */
  readonly oldestKept: number;
}

/** @throws TierdError MOVE_NOT_OURS when the table is no longer at the version before */
export async function commitIcebergSnapshot(
  db: Queryable,
  snapshot: NewIcebergSnapshot,
): Promise<void> {
  await swapPointer(db, snapshot);
  await db.query(
    `delete from tierd.iceberg_files
     where segment_id in (select id from tierd.segments where object_key = any($1))`,
    [snapshot.removedSegments],
  );
  await insertManifests(db, snapshot);
  await insertFiles(db, snapshot);
  await db.query(`delete from tierd.iceberg_manifests where object_key = any($1)`, [
    snapshot.droppedManifests,
  ]);
  await noteUse(db, snapshot);
}

async function swapPointer(db: Queryable, snapshot: NewIcebergSnapshot): Promise<void> {
  const { dataset, version, location, document } = snapshot;
  const swapped = await db.query(
    `insert into tierd.iceberg_metadata (dataset, version, location, document, path_version)
     values ($1, $2, $3, $4, 0)
     on conflict (dataset) do update
       set version = excluded.version, location = excluded.location, document = excluded.document,
           previous_location = iceberg_metadata.location, changed_at = clock_timestamp()
       where iceberg_metadata.version = excluded.version - 1`,
    [dataset, version, location, JSON.stringify(document)],
  );
  if (swapped.rowCount === 1) return;
  throw new TierdError({
    code: 'MOVE_NOT_OURS',
    message: `the Iceberg table of ${dataset} is no longer at the version before ${String(version)}; nothing was deleted`,
    hint: 'another tierd changed it; look at `tierd status` and run the rotation again',
    context: { dataset, version },
  });
}

async function insertManifests(
  db: Queryable,
  { dataset, manifests }: NewIcebergSnapshot,
): Promise<void> {
  for (const manifest of manifests) {
    await db.query(
      `insert into tierd.iceberg_manifests
         (object_key, dataset, bytes, spec_id, snapshot_id, sequence_number, min_sequence_number,
          existing_files, added_files, deleted_files, existing_rows, added_rows, deleted_rows,
          partition_from, partition_to)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
      [
        manifest.key,
        dataset,
        manifest.bytes,
        manifest.specId,
        manifest.snapshotId,
        manifest.sequenceNumber,
        manifest.minSequenceNumber,
        manifest.counts.existing,
        manifest.counts.added,
        manifest.counts.deleted,
        manifest.rows.existing.toString(),
        manifest.rows.added.toString(),
        manifest.rows.deleted.toString(),
        manifest.partitions?.from ?? null,
        manifest.partitions?.to ?? null,
      ],
    );
  }
}

async function insertFiles(db: Queryable, { files }: NewIcebergSnapshot): Promise<void> {
  await db.query(
    `insert into tierd.iceberg_files (segment_id, manifest_key, snapshot_id, sequence_number)
     select g.id, n.manifest_key, n.snapshot_id, n.sequence_number
     from unnest($1::text[], $2::text[], $3::bigint[], $4::int[])
            as n (segment_key, manifest_key, snapshot_id, sequence_number)
     join tierd.segments g on g.object_key = n.segment_key
     on conflict (segment_id) do update
       set manifest_key = excluded.manifest_key, snapshot_id = excluded.snapshot_id,
           sequence_number = excluded.sequence_number`,
    [
      files.map(({ segmentKey }) => segmentKey),
      files.map(({ manifestKey }) => manifestKey),
      files.map(({ snapshotId }) => snapshotId),
      files.map(({ sequenceNumber }) => sequenceNumber),
    ],
  );
}

async function noteUse(db: Queryable, snapshot: NewIcebergSnapshot): Promise<void> {
  const { dataset, version, manifests, ownObjects, droppedManifests, oldestKept } = snapshot;
  await db.query(
    `insert into tierd.iceberg_objects (object_key, dataset, state, needless_since)
     select key, $1, 'in_use', since
     from unnest($2::text[], $3::int[]) as own (key, since)
     on conflict (object_key) do update
       set state = 'in_use', needless_since = excluded.needless_since, needless_at = null,
           changed_at = clock_timestamp()`,
    [
      dataset,
      [...ownObjects, ...manifests.map(({ key }) => key)],
      [...ownObjects.map(() => version + 1), ...manifests.map(() => null)],
    ],
  );
  await db.query(
    `update tierd.iceberg_objects set needless_since = $2 where object_key = any($1)`,
    [droppedManifests, version],
  );
  await db.query(
    `update tierd.iceberg_objects set needless_at = clock_timestamp()
     where dataset = $1 and needless_since <= $2 and needless_at is null`,
    [dataset, oldestKept],
  );
}

/** That readers by path see this version now. */
export async function notePathVersion(
  db: Queryable,
  dataset: string,
  version: number,
): Promise<void> {
  await db.query(
    `update tierd.iceberg_metadata set path_version = $2 where dataset = $1 and version = $2`,
    [dataset, version],
  );
}
