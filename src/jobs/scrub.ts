/**
 * scrub: does the lake still hold what was published? Reads the bytes of every segment (or of a
 * sample) and compares their SHA-256; then reads every value of the sound ones and proves them
 * against the fingerprint that PostgreSQL's bytes had. Changes nothing in the lake; which segments
 * are bad is noted in the ledger, for whoever looks at it next.
 */
import { join } from 'node:path';
import type pg from 'pg';
import type { VerifyLevel } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { disconnect } from '../hot/server/connect.ts';
import { assertWritable } from '../hot/server/writable.ts';
import { makeUnlessThere, removeTree } from '../lake/directories.ts';
import type { FileSystem } from '../lake/file-system.ts';
import type { ObjectStore, StoredChecksums } from '../lake/object-store.ts';
import { type ScrubReport, scrubLake } from '../lake/scrub.ts';
import type { DuckEngine } from '../lake/segment/duckdb.ts';
import { type PublishedSegment, verifySegments } from '../lake/segment-verifier.ts';
import { findStrangeMetadata } from '../lake/strange-metadata.ts';
import { readingFar } from '../lake/tiered-store.ts';
import { assertNotRenamed, listFormerNames } from '../ledger/former-names.ts';
import { listIcebergVersions } from '../ledger/iceberg.ts';
import { listIcebergKeys } from '../ledger/iceberg-objects.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import { type RunEnd, recordRun } from '../ledger/runs.ts';
import { recordFindings, type ScrubFinding } from '../ledger/scrub-findings.ts';
import { recordScrubs } from '../ledger/scrubs.ts';
import { listSegments, type SegmentRecord } from '../ledger/segments.ts';
import { listFar } from '../ledger/tiers.ts';
import { asTierdError } from './job-failure.ts';
import { assertStillOwnLake, lookAtLake } from './rotation/own-lake.ts';
import type { LookingRooms } from './rotation/rooms.ts';
import {
  describeVerdict,
  type ScrubResult,
  scrubVerdict,
  type UnprovenSlice,
} from './scrub-result.ts';

export interface ScrubRooms extends LookingRooms {
  readonly engine: DuckEngine;
  readonly fileSystem: FileSystem;
  readonly tempDirectory: string;
  readonly signal: AbortSignal;
  readonly isByHand: boolean;
  readonly holder: string;
}

export interface ScrubRequest {
  /** Null is every dataset that has segments. */
  readonly dataset: string | null;
  readonly sample: { readonly share: number; readonly seed: string } | null;
  /** Null compares bytes only. */
  readonly prove: VerifyLevel | null;
  /** Ask the store for the checksums that it keeps, and read nothing: of what it says nothing is noted as scrubbed. */
  readonly byChecksum?: boolean;
  /** Called with the bytes of segments checked so far, and those of all that will be. */
  readonly onProgress: (doneBytes: number, ofBytes: number) => void;
}

/** Two reads keep a disk busy; more only take memory. */
const CONCURRENCY = 2;
/** Each waits for its answer most of the time. */
const LOOKED_AT_ONCE = 16;

/** A scrub that a person began is among the runs once it has ended; a daemon keeps a record of its own. */
export async function scrub(rooms: ScrubRooms, request: ScrubRequest): Promise<ScrubResult> {
  const startedAtMs = rooms.clock.now();
  const record = async (end: Pick<RunEnd, 'state' | 'errorCode' | 'errorMessage'>) => {
    // A look is no scrub.
    if (!rooms.isByHand || request.byChecksum === true) return;
    const subject = `scrub:${request.dataset ?? ''}`;
    await recordScrub(rooms, { dataset: subject, holder: rooms.holder, startedAtMs, ...end });
  };
  try {
    const result = await scrubAll(rooms, request);
    const verdict = scrubVerdict(result);
    await record({
      state: verdict === 'damaged' || verdict === 'not judged' ? 'failed' : 'done',
      errorMessage: describeVerdict(result) ?? undefined,
    });
    return result;
  } catch (error) {
    const { code, message } = asTierdError(error);
    const state = code === 'INTERRUPTED' ? 'interrupted' : 'failed';
    await record({ state, errorCode: code, errorMessage: message });
    throw error;
  }
}

async function recordScrub(rooms: ScrubRooms, run: Parameters<typeof recordRun>[1]): Promise<void> {
  try {
    const db = await rooms.connect('work');
    try {
      await recordRun(db, run);
    } finally {
      await disconnect(db);
    }
  } catch {
    // What it found is in the ledger and has been told; that it ran is only for the history.
  }
}

async function scrubAll(rooms: ScrubRooms, request: ScrubRequest): Promise<ScrubResult> {
  const db = await rooms.connect('work');
  try {
    // Before hours of reading whose findings could not be kept.
    await assertWritable(db);
    await assertMigrated(db);
    await assertStillOwnLake(rooms, db, request.dataset === null ? 'all' : [request.dataset]);
    if (request.dataset !== null) await assertNotRenamed(db, request.dataset);
    const names =
      request.dataset === null
        ? null
        : [request.dataset, ...(await listFormerNames(db, request.dataset))];
    const live = await listKnown(db, request.dataset, ['live']);
    const store = await asQueriesRead(rooms.store, db, live);
    const total = live.reduce((sum, segment) => sum + Number(segment.bytes), 0);
    let done = 0;
    const checksums = request.byChecksum === true ? checksumsOf(store) : null;
    const bytes = await scrubLake({
      store,
      listKnown: () =>
        listKnown(db, request.dataset, ['publishing', 'live', 'retired', 'removed', 'abandoned']),
      prefixes: names === null ? [''] : names.map((name) => `${name}/`),
      sample: request.sample,
      ...(checksums === null ? {} : { checksums }),
      concurrency: checksums === null ? CONCURRENCY : LOOKED_AT_ONCE,
      onRead: (segment) => {
        done += Number(segment.bytes);
        request.onProgress(done, total);
      },
      signal: rooms.signal,
    });
    const proven = await confirm(
      db,
      request,
      await proveAll({ ...rooms, store }, request, bytes, live),
    );
    const findings = findingsOf(bytes, proven);
    await recordFindings(db, findings);
    if (checksums === null) {
      await recordScrubs(db, [...findings.sound, ...findings.bad.map(({ key }) => key)]);
    }
    const strange = await findStrangeMetadata({
      store: rooms.store,
      listNamed: () => listIcebergKeys(db, request.dataset),
      listVersions: () => listIcebergVersions(db),
      datasets: names,
      signal: rooms.signal,
    });
    const incomplete = bytes.missing.length > 0 ? await howIncomplete(rooms.store, db) : null;
    return { bytes, strange, ...proven, incomplete };
  } finally {
    await disconnect(db);
  }
}

/** Of what lies in both places the far one counts, and the near copy goes by itself. */
async function asQueriesRead(
  store: ObjectStore,
  db: pg.Client,
  live: readonly SegmentRecord[],
): Promise<ObjectStore> {
  if (store.tiers === null) return store;
  return readingFar(
    store,
    await listFar(
      db,
      live.map(({ key }) => key),
    ),
  );
}

/** @throws TierdError USAGE */
function checksumsOf({ checksums, place }: ObjectStore): StoredChecksums {
  if (checksums !== null) return checksums;
  throw new TierdError({
    code: 'USAGE',
    message: `${place} is a lake on a disk, which keeps no checksums that could be asked for; nothing was read.`,
    hint: 'run `tierd scrub` without --by checksum: it reads the segments',
    context: { place },
  });
}

type Proven = Omit<ScrubResult, 'bytes' | 'strange' | 'incomplete'>;

/** What was removed meanwhile, with `tierd delete --now` or after the grace period, is no damage. */
async function confirm(db: pg.Client, { dataset }: ScrubRequest, proven: Proven): Promise<Proven> {
  const { unproven, unjudged } = proven;
  if (unproven.length + unjudged.length === 0) return proven;
  const kept = new Set((await listKnown(db, dataset, ['live', 'retired'])).map(({ key }) => key));
  const isKept = ({ keys }: UnprovenSlice): boolean => keys.every((key) => kept.has(key));
  return { ...proven, unproven: unproven.filter(isKept), unjudged: unjudged.filter(isKept) };
}

async function howIncomplete(store: ObjectStore, db: pg.Client): Promise<string | null> {
  const ownership = (await lookAtLake(store, db, 'all'))?.ownership;
  return ownership?.kind === 'lacking' ? ownership.reason : null;
}

/** What could not be read, or not be proven, may be sound: it is neither. */
function findingsOf(
  bytes: ScrubReport,
  { unproven, unjudged }: Pick<ScrubResult, 'unproven' | 'unjudged'>,
): Parameters<typeof recordFindings>[1] {
  const bad: ScrubFinding[] = [
    ...bytes.missing.map(({ key }) => ({ key, reason: 'missing' })),
    ...bytes.altered.map(({ segment }) => ({ key: segment.key, reason: 'altered' })),
    ...unproven.flatMap(({ keys, reason }) => keys.map((key) => ({ key, reason }))),
  ];
  const notSound = new Set([...bad.map(({ key }) => key), ...unjudged.flatMap(({ keys }) => keys)]);
  const sound = bytes.ok.map(({ key }) => key).filter((key) => !notSound.has(key));
  return { sound, bad };
}

async function listKnown(
  db: pg.Client,
  dataset: string | null,
  states: Parameters<typeof listSegments>[1]['states'],
): Promise<readonly SegmentRecord[]> {
  return listSegments(db, { states, ...(dataset === null ? {} : { dataset }) });
}

/** A fingerprint is of a whole slice, so a slice is proven when all of its segments were read. */
async function proveAll(
  rooms: ScrubRooms,
  { prove }: ScrubRequest,
  bytes: ScrubReport,
  live: readonly SegmentRecord[],
): Promise<Proven> {
  const unproven: UnprovenSlice[] = [];
  const unjudged: UnprovenSlice[] = [];
  let provenSlices = 0;
  let provenRows = 0;
  if (prove === null) return { provenSlices, provenRows, unproven, unjudged };
  const sound = new Set(bytes.ok.map((segment) => segment.key));
  for (const slice of groupBySlice(live)) {
    if (!slice.every((segment) => sound.has(segment.key))) continue;
    const failure = await proveSlice(rooms, slice, prove);
    if (failure === null) {
      provenSlices += 1;
      provenRows += slice.reduce((sum, segment) => sum + Number(segment.rows), 0);
    } else {
      const list = failure.code === 'VERIFY_MISMATCH' ? unproven : unjudged;
      list.push({ keys: slice.map((segment) => segment.key), reason: failure.message });
    }
  }
  return { provenSlices, provenRows, unproven, unjudged };
}

function groupBySlice(segments: readonly SegmentRecord[]): Iterable<readonly SegmentRecord[]> {
  const slices = new Map<bigint, SegmentRecord[]>();
  for (const segment of segments) {
    const slice = slices.get(segment.sliceId) ?? [];
    slice.push(segment);
    slices.set(segment.sliceId, slice);
  }
  return slices.values();
}

/** Null when every value is the one that was sent. */
async function proveSlice(
  rooms: ScrubRooms,
  slice: readonly SegmentRecord[],
  level: VerifyLevel,
): Promise<TierdError | null> {
  const [first] = slice;
  if (first === undefined) return null;
  const { fileSystem, store, signal } = rooms;
  const directory = join(rooms.tempDirectory, 'scrub');
  try {
    await makeUnlessThere(fileSystem, directory);
    const segments: PublishedSegment[] = [];
    for (const { key, bytes, sha256, rows } of slice) {
      const path = await store.readable(key, directory, signal);
      segments.push({ path, bytes: Number(bytes), sha256, rows: Number(rows) });
    }
    await verifySegments({
      engine: rooms.engine,
      fs: fileSystem,
      segments,
      columns: first.columns,
      metadata: {},
      codec: null,
      expected: first.fingerprint,
      level,
      signal,
    });
    return null;
  } catch (error) {
    // One that can't be proven must not hide the state of the others.
    if (error instanceof TierdError && error.code !== 'INTERRUPTED') return error;
    throw error;
  } finally {
    await removeTree(fileSystem, directory);
  }
}
