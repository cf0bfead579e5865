/**
 * Files beside an Iceberg table's own. An engine that may write the lake leaves its data and its metadata there when
 * its commit is refused. No snapshot of tierd's names them, so nobody reads them; they are told, and left alone.
 */
import { objectBuffer } from './object-buffer.ts';
import { icebergPrefix, isObjectKey } from './object-key.ts';
import type { ListedObject, ObjectStore } from './object-store.ts';
import { readFooter } from './segment/parquet-footer.ts';

export interface StrangeObject extends ListedObject {
  /** Whose make it is; null where nothing tells. */
  readonly by: string | null;
}

export interface StrangeOptions {
  readonly store: Pick<ObjectStore, 'list' | 'read' | 'stat'>;
  /** Keys of the metadata that the ledger knows, in every state. */
  readonly listNamed: () => Promise<readonly string[]>;
  /** The newest version of each table, by dataset; no later one is tierd's. */
  readonly listVersions: () => Promise<ReadonlyMap<string, number>>;
  /** Names; null for all. */
  readonly datasets: readonly string[] | null;
  readonly signal: AbortSignal;
}

/**
 * In the order of their keys.
 *
 * @throws TierdError LAKE_UNREADABLE when the lake can't be listed; INTERRUPTED
 */
export async function findStrangeMetadata(
  options: StrangeOptions,
): Promise<readonly StrangeObject[]> {
  const { store, datasets, signal } = options;
  const listed: ListedObject[] = [];
  for (const dataset of datasets ?? [null]) {
    for await (const object of store.list(icebergPrefix(dataset), signal)) listed.push(object);
  }
  if (listed.length === 0) return [];
  // Read after the listing: each name is announced before there is such a file. What the ledger has forgotten since was
  // removed before.
  const named = new Set(await options.listNamed());
  const versions = await options.listVersions();
  const unnamed = listed.filter(({ key }) => !named.has(key) && !isByPath(key, versions));
  const ids = new Set<string>();
  for (const object of unnamed) {
    const id = idOf(object.key);
    if (id !== null && (await isOwnAvro(options, object, id))) ids.add(id);
  }
  // Not of another ledger of tierd's, which this lake had before.
  const others = unnamed.filter(({ key }) => !ids.has(idOf(key) ?? ''));
  const strange: StrangeObject[] = [];
  for (const object of others.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    if (!(await isThere(store, object.key))) continue;
    strange.push({ ...object, by: await makerOf(options, object, others) });
  }
  return strange;
}

/** What a reader by path is given. */
const BY_PATH = /^_iceberg\/([^/]+)\/metadata\/(?:version-hint\.text|v(\d+)\.metadata\.json)$/u;

/** An engine that commits to a folder and no catalogue writes the next version, which readers by path take for the table. */
function isByPath(key: string, versions: ReadonlyMap<string, number>): boolean {
  const [, dataset = '', version = '0'] = BY_PATH.exec(key) ?? [];
  return dataset !== '' && Number(version) <= (versions.get(dataset) ?? Number.POSITIVE_INFINITY);
}

const UUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
const ID = new RegExp(
  `/metadata/(?:snap-\\d+-|\\d+-)?(${UUID})(?:-m\\d+)?\\.(?:avro|metadata\\.json)$`,
  'u',
);

/** By which tierd names all that it writes for one snapshot. */
function idOf(key: string): string | null {
  return ID.exec(key)?.[1] ?? null;
}

const SYNC_BYTES = 16;

/** An Avro file ends with a marker, which in those of tierd's is the id in their name. */
async function isOwnAvro(
  options: StrangeOptions,
  { key, bytes }: ListedObject,
  id: string,
): Promise<boolean> {
  if (!key.endsWith('.avro') || bytes < SYNC_BYTES) return false;
  const end = await readEnd(options, key, bytes);
  return end === id.replaceAll('-', '');
}

async function readEnd(
  { store, signal }: StrangeOptions,
  key: string,
  bytes: number,
): Promise<string> {
  const range = { fromInclusive: bytes - SYNC_BYTES, toExclusive: bytes };
  const parts: Buffer[] = [];
  for await (const part of store.read(key, range, signal)) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('hex');
}

async function isThere(store: StrangeOptions['store'], key: string): Promise<boolean> {
  // A name that tierd would never give can't be asked for; nobody of ours removed it.
  return !isObjectKey(key) || (await store.stat(key)) !== null;
}

const JAVA = 'Spark, Trino or another of Java';

/** By how each library names the list of a snapshot that it could not commit: with the id that its manifests have. */
const LISTS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`/snap-\\d+-0-(${UUID})\\.avro$`, 'u'), 'pyiceberg'],
  [new RegExp(`/snap-\\d+-[1-9]\\d*-(${UUID})\\.avro$`, 'u'), JAVA],
];

/** DuckDB's have an id of their own. */
const LIST_OF_DUCKDB = new RegExp(`/snap-\\d+-${UUID}\\.avro$`, 'u');

/** By what a Parquet file says of who wrote it. */
const WRITERS: readonly (readonly [RegExp, string])[] = [
  [/^parquet-cpp-arrow/u, 'pyiceberg or another of Arrow'],
  [/^parquet-mr/u, JAVA],
  [/^DuckDB/u, 'DuckDB'],
];

/** So much of a file's end is read at once: enough for the footer of most. */
const TAIL_BYTES = 64 * 1024;

/** @param all that are strange, and not another's of tierd */
async function makerOf(
  options: StrangeOptions,
  object: ListedObject,
  all: readonly ListedObject[],
): Promise<string | null> {
  const { key } = object;
  if (key.endsWith('.parquet')) return writerOf(options, object);
  // Checksums that Hadoop's files have.
  if (key.endsWith('.crc')) return JAVA;
  for (const [pattern, maker] of LISTS) {
    const ids = all.flatMap((other) => pattern.exec(other.key)?.[1] ?? []);
    if (ids.some((id) => key.includes(id))) return maker;
  }
  return all.some((other) => LIST_OF_DUCKDB.test(other.key)) ? 'DuckDB' : null;
}

async function writerOf(
  { store }: StrangeOptions,
  { key, bytes }: ListedObject,
): Promise<string | null> {
  if (!isObjectKey(key)) return null;
  // A file that was never finished says nothing of its writer, and is told all the same.
  const footer = await readFooter(objectBuffer(store, key, bytes), key, TAIL_BYTES).catch(
    () => null,
  );
  const said = footer?.created_by ?? null;
  if (said === null) return null;
  const known = WRITERS.find(([pattern]) => pattern.test(said));
  return known === undefined ? said : `${known[1]} (${said.replace(/ \(build .*/u, '')})`;
}
