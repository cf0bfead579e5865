/** Manifests, which list data files, and the lists of manifests that are snapshots. */

import { type ColumnPlan, isFloat } from '../domain/columns/column-plan.ts';
import type { FileStatus, Manifest } from '../domain/lake/manifest.ts';
import type { SegmentFacts } from '../domain/lake/segment-facts.ts';
import { ownValue } from '../domain/own-value.ts';
import type { TimeColumn } from '../domain/table.ts';
import type { EpochMs, SliceUnit } from '../domain/time/time-range.ts';
import { type AvroValue, writeAvroFile } from './avro.ts';
import { boundsOf, timeBounds, whole } from './bounds.ts';
import { MANIFEST_FILE, manifestEntrySchema, partitionSchema } from './manifest-schemas.ts';
import { type PartitionSpec, partitionValue } from './partition.ts';
import type { TableSchema } from './table-schema.ts';

/** A segment, as the ledger has it. */
export interface DataFile extends Omit<SegmentFacts, 'footerBytes'> {
  readonly uri: string;
  readonly columns: readonly ColumnPlan[];
  /** Where it lies. */
  readonly start: EpochMs;
  readonly unit: SliceUnit;
}

export interface ManifestEntry {
  readonly file: DataFile;
  readonly status: FileStatus;
  /** Of the snapshot that added the file, or deletes it now. */
  readonly snapshotId: number;
  /** Of the snapshot that added it. */
  readonly sequenceNumber: number;
  /** Null: in no order that the table declares. */
  readonly sortOrderId: number | null;
}

export interface ManifestFrame {
  readonly schemaId: number;
  readonly schema: TableSchema;
  readonly time: TimeColumn;
  readonly spec: PartitionSpec;
  /** 16 random bytes. */
  readonly sync: Uint8Array;
}

const STATUS = { existing: 0, added: 1, deleted: 2 } as const;
const DATA_FILES = 0;

export function encodeManifest(
  frame: ManifestFrame,
  entries: readonly ManifestEntry[],
): Uint8Array {
  const { schema, schemaId, spec, sync } = frame;
  const [field] = spec.fields;
  const partition = partitionSchema(
    field === undefined
      ? null
      : { id: field['field-id'], name: field.name, isDate: field.transform === 'day' },
  );
  return writeAvroFile(
    manifestEntrySchema(partition),
    {
      schema: JSON.stringify({ type: 'struct', 'schema-id': schemaId, fields: schema.fields }),
      'schema-id': String(schemaId),
      'partition-spec': JSON.stringify(spec.fields),
      'partition-spec-id': String(spec['spec-id']),
      'format-version': '2',
      content: 'data',
    },
    entries.map((entry) => entryOf(frame, entry)),
    sync,
  );
}

function entryOf(frame: ManifestFrame, entry: ManifestEntry): AvroValue {
  // An added file takes the number of the snapshot that its manifest list gives.
  const sequence = entry.status === 'added' ? null : entry.sequenceNumber;
  return {
    status: STATUS[entry.status],
    snapshot_id: entry.snapshotId,
    sequence_number: sequence,
    file_sequence_number: sequence,
    data_file: dataFileOf(frame, entry),
  };
}

function dataFileOf(frame: ManifestFrame, { file, sortOrderId }: ManifestEntry): AvroValue {
  const { spec } = frame;
  const counts: Pair[] = [];
  const nulls: Pair[] = [];
  const nans: Pair[] = [];
  const lower: Pair[] = [];
  const upper: Pair[] = [];
  for (const [index, id] of frame.schema.idsOf(file.columns).entries()) {
    const plan = file.columns[index];
    if (id === null || plan === undefined) continue;
    counts.push({ key: id, value: file.rows });
    // A row without a time belongs to no slice, whether it was counted or not.
    if (file.counts !== null || plan.name === frame.time.name) {
      nulls.push({ key: id, value: ownValue(file.counts?.nulls ?? {}, plan.name) ?? 0 });
    }
    if (file.counts !== null && isFloat(plan)) {
      nans.push({ key: id, value: ownValue(file.counts.nans, plan.name) ?? 0 });
    }
    const bounds = fileBounds(frame, file, plan, id);
    if (bounds.lower !== null) lower.push({ key: id, value: bounds.lower });
    if (bounds.upper !== null) upper.push({ key: id, value: bounds.upper });
  }
  const [field] = spec.fields;
  return {
    content: DATA_FILES,
    file_path: file.uri,
    file_format: 'PARQUET',
    partition:
      field === undefined ? {} : { [field.name]: partitionValue(file.start, field.transform) },
    record_count: file.rows,
    file_size_in_bytes: file.bytes,
    // Not known. There all the same: pyiceberg shows no table of files without it.
    column_sizes: [],
    value_counts: counts,
    null_value_counts: nulls,
    nan_value_counts: nans,
    lower_bounds: lower,
    upper_bounds: upper,
    sort_order_id: sortOrderId,
  };
}

interface Pair {
  readonly key: number;
  readonly value: AvroValue;
  readonly [field: string]: AvroValue;
}

function fileBounds({ schema, time }: ManifestFrame, file: DataFile, plan: ColumnPlan, id: number) {
  const ofTime = plan.name === time.name ? timeBounds(time, file.minTimeUs, file.maxTimeUs) : null;
  if (ofTime !== null) return ofTime;
  const type = schema.fields.find((field) => field.id === id)?.type ?? '';
  const texts = ownValue(file.statistics, plan.name) ?? { min: null, max: null };
  return boundsOf(plan, type, texts);
}

/** What the list has to say of a manifest with these entries. */
export function describeManifest(
  key: string,
  bytes: number,
  spec: PartitionSpec,
  snapshot: { readonly id: number; readonly sequenceNumber: number },
  entries: readonly ManifestEntry[],
): Manifest {
  const counts = { existing: 0, added: 0, deleted: 0 };
  const rows = { existing: 0n, added: 0n, deleted: 0n };
  for (const { status, file } of entries) {
    counts[status] += 1;
    rows[status] += file.rows;
  }
  const [field] = spec.fields;
  const values =
    field === undefined
      ? []
      : entries.map(({ file }) => partitionValue(file.start, field.transform));
  return {
    key,
    bytes,
    specId: spec['spec-id'],
    snapshotId: snapshot.id,
    sequenceNumber: snapshot.sequenceNumber,
    minSequenceNumber: smallest(entries.map(({ sequenceNumber }) => sequenceNumber)),
    counts,
    rows,
    partitions: field === undefined ? null : { from: smallest(values), to: largest(values) },
  };
}

// Not Math.min(...): a manifest may have more entries than a call may have arguments.

function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => (value < least ? value : least));
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => (value > most ? value : most));
}

export function encodeManifestList(
  snapshot: {
    readonly id: number;
    readonly parentId: number | null;
    readonly sequenceNumber: number;
  },
  manifests: readonly Manifest[],
  uriOf: (key: string) => string,
  sync: Uint8Array,
): Uint8Array {
  return writeAvroFile(
    MANIFEST_FILE,
    {
      'snapshot-id': String(snapshot.id),
      'parent-snapshot-id': snapshot.parentId === null ? 'null' : String(snapshot.parentId),
      'sequence-number': String(snapshot.sequenceNumber),
      'format-version': '2',
    },
    manifests.map((manifest) => listEntry(manifest, uriOf(manifest.key))),
    sync,
  );
}

function listEntry(manifest: Manifest, uri: string): AvroValue {
  const { counts, rows, partitions } = manifest;
  return {
    manifest_path: uri,
    manifest_length: manifest.bytes,
    partition_spec_id: manifest.specId,
    content: DATA_FILES,
    sequence_number: manifest.sequenceNumber,
    min_sequence_number: manifest.minSequenceNumber,
    added_snapshot_id: manifest.snapshotId,
    added_files_count: counts.added,
    existing_files_count: counts.existing,
    deleted_files_count: counts.deleted,
    added_rows_count: rows.added,
    existing_rows_count: rows.existing,
    deleted_rows_count: rows.deleted,
    partitions:
      partitions === null
        ? []
        : [
            {
              contains_null: false,
              contains_nan: null,
              lower_bound: whole(BigInt(partitions.from), 'int'),
              upper_bound: whole(BigInt(partitions.to), 'int'),
            },
          ],
  };
}
