/**
 * A dataset's next Iceberg snapshot, written into the lake and flushed before anything is committed.
 * Until the commit names it, no engine sees it.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type pg from 'pg';
import type { DataFile } from '../../../catalogue/manifest.ts';
import {
  type ListedFile,
  type NextSnapshot,
  nextSnapshot,
} from '../../../catalogue/next-snapshot.ts';
import { schemaIdFor, type TableMetadata } from '../../../catalogue/table-metadata.ts';
import { type TableSchema, tableSchemaOf } from '../../../catalogue/table-schema.ts';
import type { ColumnPlan } from '../../../domain/columns/column-plan.ts';
import { commonType } from '../../../domain/columns/iceberg-type.ts';
import { TierdError } from '../../../domain/errors.ts';
import { inTransaction } from '../../../hot/transaction.ts';
import { writing } from '../../../lake/lake-failure.ts';
import { parseSegmentKey } from '../../../lake/layout.ts';
import { icebergFolder } from '../../../lake/object-key.ts';
import { createStaging, removeStaging } from '../../../lake/staging.ts';
import { listColumns } from '../../../ledger/columns.ts';
import {
  type CataloguedSegment,
  listManifests,
  listManifestsOf,
  listManifestsOfGone,
  listSegmentsRewritten,
  listSegmentsToBe,
  listsAsManyAsLive,
  readIcebergTable,
} from '../../../ledger/iceberg.ts';
import { announceIcebergObjects } from '../../../ledger/iceberg-objects.ts';
import { assertLease } from '../../../ledger/lease.ts';
import { listLiveSchemas } from '../../../ledger/live-segments.ts';
import { limitsUnderLease } from '../../limits-under-lease.ts';
import { assertStillOwnLake } from '../own-lake.ts';
import type { JobRooms } from '../rooms.ts';
import type { RunContext } from '../staged-move.ts';
import { lakeUri } from './lake-uri.ts';
import { metadataStaging } from './metadata-staging.ts';
import { shownVersion } from './shown-version.ts';

export interface SegmentChange {
  /** Whose segments will be live; null where no move makes any. */
  readonly moveId: string | null;
  /** Live segments that the same commit retires. */
  readonly goneKeys: readonly string[];
  /** The new segments hold the rows of those that retire, and no others. */
  readonly isSameRows?: boolean;
  /** Keys of manifests that become one. */
  readonly merged?: readonly (readonly string[])[];
  /** Live segments that the same commit has read in the lake's far place. */
  readonly farKeys?: readonly string[];
}

/**
 * Null where the table is what it will have to be. Under the dataset's lease.
 *
 * @throws TierdError ICEBERG_NOT_HELD; LAKE_FULL, LAKE_UNWRITABLE, LAKE_NOT_OWNED, LEASE_LOST: then
 *   what was written is in the ledger's list of what to remove.
 */
export async function prepareSnapshot(
  rooms: JobRooms,
  run: RunContext,
  db: pg.Client,
  change: SegmentChange,
): Promise<NextSnapshot | null> {
  const next = await planSnapshot(rooms, run, db, change);
  if (next === null) return null;
  const { dataset, lease } = run;
  await inTransaction(
    db,
    {
      doing: `announcing the Iceberg metadata of ${dataset.name}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      const keys = next.objects.map(({ key }) => key);
      await announceIcebergObjects(db, dataset.name, change.moveId, keys);
      await assertLease(db, lease);
    },
  );
  await putObjects(rooms, run, db, next);
  return next;
}

async function putObjects(
  { store, fileSystem }: JobRooms,
  { lease, signal }: RunContext,
  db: pg.Client,
  { objects }: NextSnapshot,
): Promise<void> {
  const id = metadataStaging(lease);
  const directory = await createStaging(fileSystem, store.stagingRoot, id);
  for (const [index, { key, bytes }] of objects.entries()) {
    const path = join(directory, String(index));
    await writing(`write ${path}`, () => fileSystem.writeNewFile(path, bytes));
    await assertStillOwnLake({ store }, db);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await store.putIfAbsent(key, path, { bytes: bytes.length, sha256 }, signal);
  }
  await removeStaging(fileSystem, store.stagingRoot, id);
}

async function planSnapshot(
  rooms: JobRooms,
  run: RunContext,
  db: pg.Client,
  { moveId, goneKeys, isSameRows = false, merged = [], farKeys = [] }: SegmentChange,
): Promise<NextSnapshot | null> {
  const { dataset, table } = run;
  const { name } = dataset;
  const uriOf = (key: string): string => lakeUri(rooms.store, key);
  const fileOf = (segment: CataloguedSegment): DataFile =>
    dataFile(segment, uriOfSegment(rooms.store, segment, farKeys));
  const location = uriOf(icebergFolder(name));
  const stored = await readIcebergTable(db, name);
  const document = stored === null ? null : (stored.document as TableMetadata);
  // Within a run nothing else changes what is live: only where the figures differ is each segment looked at.
  const isKnown = moveId !== null && stored !== null && (await listsAsManyAsLive(db, name));
  const notListed = await listSegmentsToBe(db, name, moveId, isKnown ? 'of-move' : 'not-listed');
  const schema = await schemaOf(run, db, document, notListed);
  const isAnew = document === null || mustStartAnew(document, schema, location);
  const toBe = isAnew ? await listSegmentsToBe(db, name, moveId, 'all') : notListed;
  const added = toBe.filter(({ key }) => !goneKeys.includes(key));
  const ofGone = isKnown || isAnew ? [] : await listManifestsOfGone(db, name);
  const ofMoved = isAnew || farKeys.length === 0 ? [] : await listManifestsOf(db, farKeys);
  const listed = isAnew
    ? []
    : await listSegmentsRewritten(db, goneKeys, [...ofGone, ...ofMoved, ...merged.flat()]);
  const schemaId = schemaIdFor(document, schema);
  const isSame = added.length === 0 && listed.length === 0;
  if (isSame && (document === null || (!isAnew && hasSchema(document, schemaId, schema)))) {
    return null;
  }
  const timeFieldId = fieldIdOf(schema, run, table.timeColumn.name);
  return nextSnapshot({
    folder: icebergFolder(name),
    before: stored === null || document === null ? null : { version: stored.version, document },
    shownVersion: document === null ? await shownVersion(rooms.store, name) : 0,
    isAnew,
    isSameRows,
    location,
    schema,
    schemaId,
    time: { column: table.timeColumn, fieldId: timeFieldId },
    sliceUnit: dataset.slice,
    sortedBy: sortedBy(schema, run),
    manifests: await listManifests(db, name),
    listed: listed.map((segment) => listedFile(segment, fileOf(segment))),
    merged,
    added: added.map((segment) => ({ file: fileOf(segment), isSorted: segment.isNew })),
    now: rooms.clock.now(),
    ids: { table: rooms.newId(), snapshot: rooms.newId(), files: rooms.newId() },
    uriOf,
  });
}

/**
 * All live segments are asked for their columns only where the table's schema does not tell: a
 * column is new, or is held otherwise than before.
 */
async function schemaOf(
  { dataset, columns }: RunContext,
  db: pg.Client,
  before: TableMetadata | null,
  notListed: readonly CataloguedSegment[],
): Promise<TableSchema> {
  const known = await listColumns(db, dataset.name);
  const added = notListed.map((segment) => segment.columns);
  const own = tableSchemaOf(known, columns, added);
  const typeBefore = typesOf(before);
  const isCovered =
    before !== null &&
    own.fields.every(({ id, type }) => {
      const old = typeBefore.get(id);
      return old !== undefined && commonType([old, type]) === old;
    });
  if (isCovered) {
    const fields = own.fields.map((field) => ({
      ...field,
      type: typeBefore.get(field.id) ?? field.type,
    }));
    return { ...own, fields };
  }
  const live = (await listLiveSchemas(db)).filter((schema) => schema.dataset === dataset.name);
  return tableSchemaOf(known, columns, [...live.map((one) => one.columns), ...added]);
}

function currentFields(document: TableMetadata | null) {
  const id = document?.['current-schema-id'];
  return document?.schemas.find((schema) => schema['schema-id'] === id)?.fields ?? [];
}

function typesOf(document: TableMetadata | null): ReadonlyMap<number, string> {
  return new Map(currentFields(document).map(({ id, type }) => [id, type]));
}

/** Old bounds have the width of the old type, and old paths lead to where the lake was. */
function mustStartAnew(before: TableMetadata, schema: TableSchema, location: string): boolean {
  const types = typesOf(before);
  const isWidened = schema.fields.some(({ id, type }) => (types.get(id) ?? type) !== type);
  return before.location !== location || isWidened;
}

function hasSchema(before: TableMetadata, schemaId: number, schema: TableSchema): boolean {
  return (
    before['current-schema-id'] === schemaId &&
    before.properties['schema.name-mapping.default'] === JSON.stringify(schema.nameMapping)
  );
}

function fieldIdOf(schema: TableSchema, { dataset, columns }: RunContext, name: string): number {
  const index = columns.findIndex((plan) => plan.name === name);
  const id = schema.idsOf(columns)[index];
  if (typeof id === 'number') return id;
  const reason =
    schema.leftOut.find(({ column }) => column === name)?.reason ?? 'it has no field id';
  throw new TierdError({
    code: 'ICEBERG_NOT_HELD',
    message: `${dataset.name} can't be an Iceberg table: its time column ${name} is left out, for ${reason}; nothing was deleted`,
    hint: `take the dataset out with datasets.${dataset.name}.iceberg: false, or give the column its old type back`,
    context: { dataset: dataset.name, column: name },
  });
}

/** Orders that Iceberg and DuckDB have in common; the declared order ends before the first other. */
const ORDERED = /^(int|long|string|date|timestamp|timestamptz|decimal\(.*\))$/u;

function sortedBy(schema: TableSchema, { dataset, columns }: RunContext): readonly number[] {
  const ids = schema.idsOf(columns);
  const order: number[] = [];
  for (const name of dataset.sortBy) {
    const id = ids[columns.findIndex((plan) => plan.name === name)];
    const type = schema.fields.find((field) => field.id === id)?.type ?? '';
    if (typeof id !== 'number' || !ORDERED.test(type)) break;
    order.push(id);
  }
  return order;
}

/** A path in a document is absolute: it says in which of its places the lake has the segment. */
function uriOfSegment(
  store: JobRooms['store'],
  { key, isFar }: CataloguedSegment,
  farKeys: readonly string[],
): string {
  const isThere = isFar || farKeys.includes(key);
  return lakeUri(isThere ? (store.tiers?.far ?? store) : store, key);
}

function listedFile(
  segment: CataloguedSegment & { readonly isGone: boolean },
  file: DataFile,
): ListedFile {
  const { listed, isGone } = segment;
  if (listed === null) throw new RangeError(`${segment.key} is in no manifest`);
  return { ...listed, isGone, file };
}

function dataFile(segment: CataloguedSegment, uri: string): DataFile {
  const place = parseSegmentKey(segment.key);
  if (place === null) throw new RangeError(`${segment.key} is no key of a segment`);
  const { key, bytes, rows, minTimeUs, maxTimeUs, statistics, counts } = segment;
  const columns: readonly ColumnPlan[] = segment.columns;
  const { start, unit } = place;
  return {
    key,
    uri,
    bytes,
    rows,
    minTimeUs,
    maxTimeUs,
    statistics,
    counts,
    columns,
    start,
    unit,
  };
}
