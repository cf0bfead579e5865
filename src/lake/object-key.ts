/** Keys of objects in the lake: `market_data/year=2024/month=01/day=15/market_data_20240115-….parquet`. */
import { TierdError } from '../domain/errors.ts';

/** Where files wait to be published, below a local lake's root. Readers of Hive layouts skip `_…`. */
export const STAGING_DIRECTORY = '_staging';

/** Says which lake this is; see `marker.ts`. */
export const MARKER_KEY = '_tierd_lake.json';

/** Says that this place is a copy in the making; see `place-note.ts`. */
export const COPY_KEY = '_tierd_copy.json';

/** Says that old segments of another place lie here; see `place-note.ts`. */
export const FAR_KEY = '_tierd_far.json';

/** Says whose this lake is; see `owner.ts`. */
export const OWNER_DIRECTORY = '_tierd_owner';

/** Metadata of the datasets as Iceberg tables: no segments. */
const ICEBERG_DIRECTORY = '_iceberg';

/** Heads of the audit log, a file a day; see `audit-heads.ts`. */
export const AUDIT_DIRECTORY = '_tierd_audit';

/** What the ledger knows of each dataset, for whoever finds the lake without it; see `manifest.ts`. */
export const MANIFEST_DIRECTORY = '_tierd_manifest';

/** Where a store is tried with harmless objects; see `s3/probe-bucket.ts`. */
export const PROBE_DIRECTORY = '_tierd_probe';

const OWN_DIRECTORIES: readonly string[] = [
  STAGING_DIRECTORY,
  OWNER_DIRECTORY,
  PROBE_DIRECTORY,
  AUDIT_DIRECTORY,
  MANIFEST_DIRECTORY,
  ICEBERG_DIRECTORY,
];

/** Whether tierd keeps something of its own there that is no segment. */
export function isOwnRecord(key: string): boolean {
  const [first = '', ...rest] = key.split('/');
  if (rest.length === 0) return [MARKER_KEY, COPY_KEY, FAR_KEY].includes(key);
  return OWN_DIRECTORIES.includes(first);
}

/** Whether a list of what begins with `prefix` leaves the object out: own records are listed only when asked for. */
export function isLeftOut(key: string, prefix: string): boolean {
  return isOwnRecord(key) && !OWN_DIRECTORIES.includes(prefix.split('/')[0] ?? '');
}

/** The location of a dataset's Iceberg table, beside the datasets' folders. */
export function icebergFolder(dataset: string): string {
  return `${ICEBERG_DIRECTORY}/${dataset}`;
}

/** What all that belongs to Iceberg tables begins with; null for every dataset's. */
export function icebergPrefix(dataset: string | null): string {
  return dataset === null ? `${ICEBERG_DIRECTORY}/` : `${icebergFolder(dataset)}/`;
}

/** S3's own limit; every local file system allows more. */
const MAX_KEY_BYTES = 1024;
/** The limit of a name on ext4, XFS, APFS and exFAT alike. */
const MAX_NAME_BYTES = 255;

/**
 * Characters that mean the same on every file system and in every object store, unescaped. A name
 * that starts with a dot could hide, or lead upwards.
 */
const NAME = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/;

/** @throws TierdError OBJECT_KEY_INVALID: nothing was read or written. */
export function assertObjectKey(key: string): void {
  const problem = problemOf(key);
  if (problem === null) return;
  throw new TierdError({
    code: 'OBJECT_KEY_INVALID',
    message: `"${key}" is no key of an object in the lake: ${problem}. Nothing was read or written.`,
    hint: 'Keys come from the ledger: run `tierd doctor`, and look for who changed tierd.segments by hand.',
    context: { key },
  });
}

/** Whether tierd could have put an object there. */
export function isObjectKey(key: string): boolean {
  return problemOf(key) === null;
}

function problemOf(key: string): string | null {
  if (key.length > MAX_KEY_BYTES) return `it is longer than ${String(MAX_KEY_BYTES)} bytes`;
  const names = key.split('/');
  if (names[0] === STAGING_DIRECTORY) return 'it lies in the staging area';
  for (const name of names) {
    if (!NAME.test(name)) return `"${name}" is not allowed as a part of it`;
    if (name.length > MAX_NAME_BYTES)
      return `a part is longer than ${String(MAX_NAME_BYTES)} bytes`;
  }
  return null;
}
