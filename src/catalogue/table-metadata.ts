/** The metadata document of a table, and the one that follows it when something has changed. */
import type { EpochMs } from '../domain/time/time-range.ts';
import { lastPartitionId, type PartitionSpec } from './partition.ts';
import type { SchemaField, TableSchema } from './table-schema.ts';

export interface SortField {
  readonly transform: 'identity';
  readonly 'source-id': number;
  readonly direction: 'asc';
  readonly 'null-order': 'nulls-last';
}

export interface SortOrder {
  readonly 'order-id': number;
  readonly fields: readonly SortField[];
}

export interface Snapshot {
  readonly 'snapshot-id': number;
  readonly 'parent-snapshot-id'?: number;
  readonly 'sequence-number': number;
  readonly 'timestamp-ms': EpochMs;
  readonly 'manifest-list': string;
  readonly summary: Readonly<Record<string, string>>;
  readonly 'schema-id': number;
}

interface StoredSchema {
  readonly type: 'struct';
  readonly 'schema-id': number;
  readonly fields: readonly SchemaField[];
}

/** As Iceberg's specification has it, format v2. */
export interface TableMetadata {
  readonly 'format-version': 2;
  readonly 'table-uuid': string;
  readonly location: string;
  readonly 'last-sequence-number': number;
  readonly 'last-updated-ms': EpochMs;
  readonly 'last-column-id': number;
  readonly 'current-schema-id': number;
  readonly schemas: readonly StoredSchema[];
  readonly 'default-spec-id': number;
  readonly 'partition-specs': readonly PartitionSpec[];
  readonly 'last-partition-id': number;
  readonly 'default-sort-order-id': number;
  readonly 'sort-orders': readonly SortOrder[];
  readonly properties: Readonly<Record<string, string>>;
  readonly 'current-snapshot-id': number;
  readonly refs: {
    readonly main: { readonly 'snapshot-id': number; readonly type: 'branch' };
  };
  readonly snapshots: readonly Snapshot[];
  readonly 'snapshot-log': readonly {
    readonly 'snapshot-id': number;
    readonly 'timestamp-ms': EpochMs;
  }[];
  readonly 'metadata-log': readonly never[];
}

/**
 * How many snapshots a table keeps to travel back to. Each document lists them all, so that more
 * would make every move dearer.
 */
export const MAX_SNAPSHOTS = 100;

/** The id of `schema` in the table, or the next one. */
export function schemaIdFor(before: TableMetadata | null, { fields }: TableSchema): number {
  const schemas = before?.schemas ?? [];
  const text = JSON.stringify(fields.map(inOrder));
  const same = schemas.find((schema) => JSON.stringify(schema.fields.map(inOrder)) === text);
  return same?.['schema-id'] ?? nextId(schemas.map((schema) => schema['schema-id']));
}

/** What PostgreSQL gives back of a document has its keys in another order. */
function inOrder({ id, name, required, type }: SchemaField): SchemaField {
  return { id, name, required, type };
}

/** The table's order with these fields, or a new one; 0 is that of a table without. */
export function sortOrderFor(
  before: TableMetadata | null,
  sourceIds: readonly number[],
): SortOrder {
  const orders = before?.['sort-orders'] ?? [UNSORTED];
  const same = orders.find(
    ({ fields }) =>
      fields.length === sourceIds.length &&
      fields.every((field, index) => field['source-id'] === sourceIds[index]),
  );
  if (same !== undefined) return same;
  return {
    'order-id': nextId(orders.map((order) => order['order-id'])),
    fields: sourceIds.map((id) => ({
      transform: 'identity',
      'source-id': id,
      direction: 'asc',
      'null-order': 'nulls-last',
    })),
  };
}

const UNSORTED: SortOrder = { 'order-id': 0, fields: [] };

function nextId(ids: readonly number[]): number {
  return Math.max(-1, ...ids) + 1;
}

export interface TableChange {
  readonly tableUuid: string;
  readonly location: string;
  readonly schema: TableSchema;
  readonly schemaId: number;
  readonly spec: PartitionSpec;
  /** All that the table's manifests are of. */
  readonly specs: readonly PartitionSpec[];
  readonly sortOrder: SortOrder;
  readonly snapshot: Snapshot;
}

/** @param before null for a table's first; its snapshots are kept, the oldest go */
export function nextMetadata(before: TableMetadata | null, change: TableChange): TableMetadata {
  const { schema, schemaId, snapshot, sortOrder } = change;
  const id = snapshot['snapshot-id'];
  const snapshots = [...(before?.snapshots ?? []), snapshot].slice(-MAX_SNAPSHOTS);
  const stored: StoredSchema = { type: 'struct', 'schema-id': schemaId, fields: schema.fields };
  return {
    'format-version': 2,
    'table-uuid': change.tableUuid,
    location: change.location,
    'last-sequence-number': snapshot['sequence-number'],
    'last-updated-ms': snapshot['timestamp-ms'],
    'last-column-id': schema.lastColumnId,
    'current-schema-id': schemaId,
    schemas: withOne(before?.schemas ?? [], stored, 'schema-id'),
    'default-spec-id': change.spec['spec-id'],
    'partition-specs': change.specs,
    'last-partition-id': lastPartitionId(change.specs),
    'default-sort-order-id': sortOrder['order-id'],
    'sort-orders': withOne(before?.['sort-orders'] ?? [UNSORTED], sortOrder, 'order-id'),
    properties: { 'schema.name-mapping.default': JSON.stringify(schema.nameMapping) },
    'current-snapshot-id': id,
    refs: { main: { 'snapshot-id': id, type: 'branch' } },
    snapshots,
    'snapshot-log': snapshots.map((one) => ({
      'snapshot-id': one['snapshot-id'],
      'timestamp-ms': one['timestamp-ms'],
    })),
    'metadata-log': [],
  };
}

function withOne<T>(list: readonly T[], one: T, key: keyof T): readonly T[] {
  return list.some((item) => item[key] === one[key]) ? list : [...list, one];
}
