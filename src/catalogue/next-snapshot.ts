/**
 * The snapshot that follows a change of the live segments, as the bytes of its objects. Pure: what
 * it writes of is what the ledger will say when the change is committed. Manifests of segments that
 * stay are listed again and not written again.
 */
import type { FileListing, Manifest } from '../domain/lake/manifest.ts';
import type { TimeColumn } from '../domain/table.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import {
  type DataFile,
  describeManifest,
  encodeManifest,
  encodeManifestList,
  type ManifestEntry,
} from './manifest.ts';
import { MAX_ENTRIES } from './merge-manifests.ts';
import { type PartitionSpec, specFor } from './partition.ts';
import {
  nextMetadata,
  type SortOrder,
  sortOrderFor,
  type TableMetadata,
} from './table-metadata.ts';
import type { TableSchema } from './table-schema.ts';

export interface ListedFile extends FileListing {
  readonly file: DataFile;
  readonly isGone: boolean;
}

export interface SnapshotInput {
  /** The key of the table's location. */
  readonly folder: string;
  /** Null for the table's first, */
  readonly before: { readonly version: number; readonly document: TableMetadata } | null;
  /** which goes on after the last version that readers by path have; 0 where they have none. */
  readonly shownVersion: number;
  /** Everything is listed anew: nothing of `before`'s manifests is kept. */
  readonly isAnew: boolean;
  /** Files are exchanged, and no row comes or goes. */
  readonly isSameRows: boolean;
  readonly location: string;
  readonly schema: TableSchema;
  readonly schemaId: number;
  readonly time: { readonly column: TimeColumn; readonly fieldId: number };
  readonly sliceUnit: DataFile['unit'];
  /** Field ids that new segments are sorted by. */
  readonly sortedBy: readonly number[];
  /** Of the current snapshot. */
  readonly manifests: readonly Manifest[];
  /** All files of manifests that list one which goes, and of those that are merged; by time. */
  readonly listed: readonly ListedFile[];
  /** Keys of manifests that become one. */
  readonly merged: readonly (readonly string[])[];
  readonly added: readonly { readonly file: DataFile; readonly isSorted: boolean }[];
  readonly now: EpochMs;
  /** Three of them. */
  readonly ids: { readonly table: string; readonly snapshot: string; readonly files: string };
  readonly uriOf: (key: string) => string;
}

export interface NextSnapshot {
  readonly version: number;
  readonly metadataKey: string;
  readonly document: TableMetadata;
  readonly objects: readonly { readonly key: string; readonly bytes: Uint8Array }[];
  readonly listKey: string;
  readonly newManifests: readonly Manifest[];
  readonly droppedManifests: readonly string[];
  readonly files: readonly (FileListing & { readonly segmentKey: string })[];
  readonly removedSegments: readonly string[];
  /** How many files the snapshot has. */
  readonly totalFiles: number;
}

const VERSION_DIGITS = 5;

export function nextSnapshot(input: SnapshotInput): NextSnapshot {
  const { before, ids } = input;
  const folder = `${input.folder}/metadata`;
  const snapshot = {
    id: snapshotId(ids.snapshot),
    parentId: before?.document['current-snapshot-id'] ?? null,
    sequenceNumber: (before?.document['last-sequence-number'] ?? 0) + 1,
  };
  const sortOrder = sortOrderFor(before?.document ?? null, input.sortedBy);
  const { specs, groups } = groupEntries(input, snapshot, sortOrder);
  const sync = Buffer.from(ids.files.replaceAll('-', ''), 'hex');
  const { schema, schemaId } = input;
  const written = groups.map(({ spec, entries }, index) => {
    const key = `${folder}/${ids.files}-m${String(index)}.avro`;
    const frame = { schema, schemaId, time: input.time.column, spec, sync };
    const bytes = encodeManifest(frame, entries);
    const manifest = describeManifest(key, bytes.length, spec, snapshot, entries);
    return { key, bytes, manifest, entries };
  });
  const newManifests = written.map(({ manifest }) => manifest);
  const { kept, dropped } = keptManifests(input);
  const manifests = [...kept, ...newManifests];
  const listKey = `${folder}/snap-${String(snapshot.id)}-${ids.files}.avro`;
  const list = encodeManifestList(snapshot, manifests, input.uriOf, sync);
  const version = (before?.version ?? input.shownVersion) + 1;
  const document = nextMetadata(historyOf(input), {
    tableUuid: before?.document['table-uuid'] ?? ids.table,
    location: input.location,
    schema,
    schemaId,
    specs,
    spec: specFor(specs, input.time, input.sliceUnit),
    sortOrder,
    snapshot: {
      'snapshot-id': snapshot.id,
      ...(snapshot.parentId === null || historyOf(input) === null
        ? {}
        : { 'parent-snapshot-id': snapshot.parentId }),
      'sequence-number': snapshot.sequenceNumber,
      'timestamp-ms': Math.max(input.now, (before?.document['last-updated-ms'] ?? 0) + 1),
      'manifest-list': input.uriOf(listKey),
      summary: summaryOf(input, manifests),
      'schema-id': schemaId,
    },
  });
  const number = String(version).padStart(VERSION_DIGITS, '0');
  const metadataKey = `${folder}/${number}-${ids.files}.metadata.json`;
  return {
    version,
    metadataKey,
    document,
    objects: [
      ...written.map(({ key, bytes }) => ({ key, bytes })),
      { key: listKey, bytes: list },
      { key: metadataKey, bytes: Buffer.from(JSON.stringify(document)) },
    ],
    listKey,
    newManifests,
    droppedManifests: dropped,
    files: written.flatMap(({ key, entries }) =>
      entries
        .filter(({ status }) => status !== 'deleted')
        .map((entry) => ({
          segmentKey: entry.file.key,
          manifestKey: key,
          snapshotId: entry.snapshotId,
          sequenceNumber: entry.sequenceNumber,
        })),
    ),
    removedSegments: input.listed.filter(({ isGone }) => isGone).map(({ file }) => file.key),
    totalFiles: manifests.reduce((sum, { counts }) => sum + counts.existing + counts.added, 0),
  };
}

/** Where readers by path look. @param folder the key of the table's location */
export function pathKeys(folder: string, version: number): { metadata: string; hint: string } {
  return {
    metadata: `${folder}/metadata/v${String(version)}.metadata.json`,
    hint: `${folder}/metadata/version-hint.text`,
  };
}

/** Documents hold numbers, and JavaScript's are exact up to 53 bits. */
function snapshotId(uuid: string): number {
  return Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16) + 1;
}

/** A table that has moved has no history: its old snapshots name files where they no longer are. */
function historyOf({ before, location }: SnapshotInput): TableMetadata | null {
  const document = before?.document ?? null;
  return document?.location === location ? document : null;
}

interface Group {
  readonly spec: PartitionSpec;
  readonly entries: readonly ManifestEntry[];
}

function groupEntries(
  input: SnapshotInput,
  snapshot: { readonly id: number; readonly sequenceNumber: number },
  sortOrder: SortOrder,
): { readonly specs: readonly PartitionSpec[]; readonly groups: readonly Group[] } {
  let specs = historyOf(input)?.['partition-specs'] ?? [];
  const specOf = (unit: DataFile['unit']): PartitionSpec => {
    const spec = specFor(specs, input.time, unit);
    if (!specs.includes(spec)) specs = [...specs, spec];
    return spec;
  };
  specOf(input.sliceUnit);
  const groups: Group[] = [];
  const byUnit = groupBy(input.added, ({ file }) => file.unit);
  for (const [unit, added] of byUnit) {
    const entries = added.map(
      ({ file, isSorted }): ManifestEntry => ({
        file,
        status: 'added',
        snapshotId: snapshot.id,
        sequenceNumber: snapshot.sequenceNumber,
        sortOrderId: isSorted ? sortOrder['order-id'] : null,
      }),
    );
    groups.push(...inGroups(specOf(unit), entries));
  }
  const specIds = new Map(input.manifests.map(({ key, specId }) => [key, specId]));
  const mergedInto = new Map(input.merged.flatMap((keys) => keys.map((key) => [key, keys[0]])));
  const byManifest = groupBy(
    input.listed,
    ({ manifestKey }) => mergedInto.get(manifestKey) ?? manifestKey,
  );
  for (const [key, listed] of byManifest) {
    const spec = specs.find((one) => one['spec-id'] === specIds.get(key));
    if (spec === undefined) throw new RangeError(`${key} has no partition spec`);
    const entries = listed.map((one) => rewritten(one, snapshot.id));
    groups.push(...inGroups(spec, entries));
  }
  return { specs, groups };
}

function inGroups(spec: PartitionSpec, entries: readonly ManifestEntry[]): readonly Group[] {
  const groups: Group[] = [];
  for (let from = 0; from < entries.length; from += MAX_ENTRIES) {
    groups.push({ spec, entries: entries.slice(from, from + MAX_ENTRIES) });
  }
  return groups;
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function rewritten(listed: ListedFile, snapshotNow: number): ManifestEntry {
  const { file, isGone, sequenceNumber } = listed;
  return {
    file,
    status: isGone ? 'deleted' : 'existing',
    snapshotId: isGone ? snapshotNow : listed.snapshotId,
    sequenceNumber,
    sortOrderId: null,
  };
}

function keptManifests({ isAnew, manifests, listed }: SnapshotInput): {
  readonly kept: readonly Manifest[];
  readonly dropped: readonly string[];
} {
  const touched = new Set(listed.map(({ manifestKey }) => manifestKey));
  const isKept = ({ key, counts }: Manifest): boolean =>
    !isAnew && !touched.has(key) && counts.existing + counts.added > 0;
  return {
    kept: manifests.filter(isKept),
    dropped: manifests.filter((manifest) => !isKept(manifest)).map(({ key }) => key),
  };
}

function summaryOf(
  { added, listed, before, isAnew, isSameRows }: SnapshotInput,
  manifests: readonly Manifest[],
): Readonly<Record<string, string>> {
  const gone = listed.filter(({ isGone }) => isGone);
  const sum = (files: readonly { readonly file: DataFile }[]): string =>
    files.reduce((total, { file }) => total + file.rows, 0n).toString();
  const count = manifests.reduce((n, { counts }) => n + counts.existing + counts.added, 0);
  const rows = manifests.reduce(
    (n, manifest) => n + manifest.rows.existing + manifest.rows.added,
    0n,
  );
  return {
    operation:
      before !== null && (isAnew || isSameRows)
        ? 'replace'
        : gone.length > 0
          ? 'overwrite'
          : 'append',
    'added-data-files': String(added.length),
    'added-records': sum(added),
    'deleted-data-files': String(gone.length),
    'deleted-records': sum(gone),
    'total-data-files': String(count),
    'total-records': rows.toString(),
    'total-delete-files': '0',
  };
}
