/**
 * Whether the lake holds what the ledger says, byte for byte. Reads and compares; changes and
 * removes nothing, least of all a file that it does not know.
 *
 * The lake is listed before the ledger is read: a segment's row is written before its object, so
 * an object that was listed and has no row is foreign, even while a rotation publishes. What looks
 * wrong is looked at again with the ledger as it is at the end: what was compacted, expired or
 * recovered meanwhile is no damage.
 */
import { TierdError } from '../domain/errors.ts';
import { checksumOf } from './checksum.ts';
import { compareLake, isKept, type KnownSegment, type ScrubSample } from './compare-lake.ts';
import { isObjectKey } from './object-key.ts';
import type { ListedObject, ObjectStore, StoredChecksums } from './object-store.ts';

export interface ScrubOptions {
  readonly store: ObjectStore;
  /** The ledger's segments of every state that lie below the prefixes. Asked twice. */
  readonly listKnown: () => Promise<readonly KnownSegment[]>;
  /** One that is empty for the whole lake, or `<dataset>/` for each name that a dataset has or had. */
  readonly prefixes: readonly string[];
  /** Null reads all. */
  readonly sample: ScrubSample | null;
  /** In place of reading: the store's own checksums are compared, which prove nothing. */
  readonly checksums?: StoredChecksums;
  /** Objects read at once. */
  readonly concurrency: number;
  /** Waited for after each piece that was read: a limit on the load goes here. */
  readonly pace?: (bytes: number) => Promise<void>;
  /** After each segment that was read, whatever was found. */
  readonly onRead?: (segment: KnownSegment) => void;
  readonly signal?: AbortSignal;
}

export interface AlteredSegment {
  readonly segment: KnownSegment;
  /** `sha256` is null where the length told already. */
  readonly found: { readonly bytes: number; readonly sha256: string | null };
}

export interface UnreadableSegment {
  readonly segment: KnownSegment;
  readonly reason: string;
}

/** Each list in the order of the keys. */
export interface ScrubReport {
  /** Read whole, and the very bytes that were published. */
  readonly ok: readonly KnownSegment[];
  /** There with the right length, and by the store's word of the right checksum; not read. */
  readonly alike: readonly KnownSegment[];
  /** There with the right length; of these the store has no checksum of the whole. Not read. */
  readonly untold: readonly KnownSegment[];
  /** There with the right length; not in the sample. */
  readonly unread: readonly KnownSegment[];
  readonly missing: readonly KnownSegment[];
  readonly altered: readonly AlteredSegment[];
  readonly unreadable: readonly UnreadableSegment[];
  /** Objects that the ledger has no row for: foreign, and left alone. */
  readonly unknown: readonly ListedObject[];
  /** Objects of abandoned moves and removed segments: recovery takes them away. */
  readonly leftovers: readonly ListedObject[];
  readonly bytesRead: number;
}

/** @throws TierdError LAKE_UNREADABLE when the lake can't be listed; INTERRUPTED */
export async function scrubLake(options: ScrubOptions): Promise<ScrubReport> {
  const { store, signal } = options;
  const listed: ListedObject[] = [];
  for (const prefix of options.prefixes) {
    for await (const object of store.list(prefix, signal)) listed.push(object);
  }
  const known = await options.listKnown();
  const late = await lookAgain(store, compareLake(listed, known, null).missing);
  const comparison = compareLake([...listed, ...late], known, options.sample);
  const read = await readAll(options, comparison.toRead);
  const suspects = {
    missing: [...comparison.missing, ...read.missing],
    altered: [
      ...comparison.wrongLength.map(({ segment, bytes }) => ({
        segment,
        found: { bytes, sha256: null },
      })),
      ...read.altered,
    ],
    unreadable: read.unreadable,
    unknown: comparison.unknown,
    leftovers: comparison.leftovers,
  };
  return {
    ok: byKey(read.ok, ({ key }) => key),
    alike: byKey(read.alike, ({ key }) => key),
    untold: byKey(read.untold, ({ key }) => key),
    unread: byKey(comparison.unread, ({ key }) => key),
    ...(await confirm(options, suspects)),
    bytesRead: read.bytes,
  };
}

export function isDamaged(report: ScrubReport): boolean {
  return report.missing.length + report.altered.length + report.unreadable.length > 0;
}

/** Objects that were published between the listing and the reading of the ledger. */
async function lookAgain(
  store: ObjectStore,
  missing: readonly KnownSegment[],
): Promise<readonly ListedObject[]> {
  const found: ListedObject[] = [];
  for (const { key } of missing) {
    const facts = await store.stat(key);
    if (facts !== null) found.push({ key, bytes: facts.bytes });
  }
  return found;
}

interface ReadResult {
  readonly ok: KnownSegment[];
  readonly alike: KnownSegment[];
  readonly untold: KnownSegment[];
  readonly missing: KnownSegment[];
  readonly altered: AlteredSegment[];
  readonly unreadable: UnreadableSegment[];
  bytes: number;
}

async function readAll(
  options: ScrubOptions,
  segments: readonly KnownSegment[],
): Promise<ReadResult> {
  const result: ReadResult = {
    ...{ ok: [], alike: [], untold: [], missing: [], altered: [], unreadable: [] },
    bytes: 0,
  };
  const { checksums } = options;
  const waiting = segments.values();
  const work = async (): Promise<void> => {
    // All workers take from this one iterator, so each segment is read once.
    for (const segment of waiting) {
      await judgeOne(result, segment, () =>
        checksums === undefined
          ? readOne(options, result, segment)
          : compareOne(checksums, options, result, segment),
      );
      options.onRead?.(segment);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  return result;
}

async function readOne(
  options: ScrubOptions,
  result: ReadResult,
  segment: KnownSegment,
): Promise<void> {
  const found = await checksumOf(pacedBytes(options, segment.key));
  result.bytes += found.bytes;
  const same = BigInt(found.bytes) === segment.bytes && found.sha256 === segment.sha256;
  if (same) result.ok.push(segment);
  else result.altered.push({ segment, found });
}

async function compareOne(
  checksums: StoredChecksums,
  { signal }: ScrubOptions,
  result: ReadResult,
  segment: KnownSegment,
): Promise<void> {
  const found = await checksums.look(segment.key, signal);
  const isAsLong = BigInt(found.bytes) === segment.bytes;
  if (!isAsLong || (found.sha256 !== null && found.sha256 !== segment.sha256)) {
    result.altered.push({ segment, found });
  } else (found.sha256 === null ? result.untold : result.alike).push(segment);
}

async function judgeOne(
  result: ReadResult,
  segment: KnownSegment,
  judge: () => Promise<void>,
): Promise<void> {
  try {
    await judge();
  } catch (error) {
    // One that can't be read must not hide the state of the others.
    if (!(error instanceof TierdError) || error.code === 'INTERRUPTED') throw error;
    if (error.code === 'OBJECT_MISSING') result.missing.push(segment);
    else result.unreadable.push({ segment, reason: error.message });
  }
}

async function* pacedBytes(options: ScrubOptions, key: string): AsyncIterable<Uint8Array> {
  for await (const chunk of options.store.read(key, undefined, options.signal)) {
    yield chunk;
    await options.pace?.(chunk.byteLength);
  }
}

type Suspects = Pick<ScrubReport, 'missing' | 'altered' | 'unreadable' | 'unknown' | 'leftovers'>;

async function confirm(options: ScrubOptions, suspects: Suspects): Promise<Suspects> {
  if (Object.values(suspects).every((list) => list.length === 0)) return suspects;
  const now = new Map((await options.listKnown()).map((segment) => [segment.key, segment]));
  const stillKept = ({ key }: KnownSegment): boolean => {
    const segment = now.get(key);
    return segment !== undefined && isKept(segment);
  };
  const { store } = options;
  return {
    missing: byKey(suspects.missing.filter(stillKept), ({ key }) => key),
    altered: byKey(
      suspects.altered.filter(({ segment }) => stillKept(segment)),
      ({ segment }) => segment.key,
    ),
    unreadable: byKey(
      suspects.unreadable.filter(({ segment }) => stillKept(segment)),
      ({ segment }) => segment.key,
    ),
    unknown: await stillThere(
      store,
      suspects.unknown.filter(({ key }) => !now.has(key)),
    ),
    leftovers: await stillThere(store, suspects.leftovers),
  };
}

async function stillThere(
  store: ObjectStore,
  objects: readonly ListedObject[],
): Promise<readonly ListedObject[]> {
  const there: ListedObject[] = [];
  for (const object of objects) {
    // A name that tierd would never give can't be asked for; nobody of ours removed it.
    if (!isObjectKey(object.key) || (await store.stat(object.key)) !== null) there.push(object);
  }
  return byKey(there, ({ key }) => key);
}

function byKey<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
