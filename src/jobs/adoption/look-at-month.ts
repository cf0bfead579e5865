/** What the ledger does not know of a month of the lake, and what is to become of it. Changes nothing (I7). */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type { KeptSegment, KeptSlice } from '../../domain/lake/lake-manifest.ts';
import type { AdoptionProblem, Candidate, Preference } from '../../domain/plan/adoption.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { ListedObject } from '../../lake/object-store.ts';
import { readSegmentFooter } from '../../lake/segment-footer.ts';
import { verifySegments } from '../../lake/segment-verifier.ts';
import { statesOfKeys } from '../../ledger/adoption.ts';
import { listKeptSlices } from '../../ledger/manifest.ts';
import { countRestored } from './count-restored.ts';
import type { HotSide } from './hot-side.ts';
import { judgeSlices } from './judge-slices.ts';
import { meetAll } from './meet-all.ts';
import { readStrange } from './read-strange.ts';
import type { AdoptionRooms, MonthFinding } from './rooms.ts';

export interface MonthLook {
  readonly rooms: AdoptionRooms;
  readonly dataset: Dataset;
  /** That it has or had. */
  readonly names: readonly string[];
  /** Null where there is no table (yet). */
  readonly hot: HotSide | null;
  /** The lake is this ledger's: what it has not finished is its own affair. */
  readonly isOwned: boolean;
  /** The manifest is of this ledger, and of a later time than the ledger is. */
  readonly isManifestNewer: boolean;
  readonly prefer: Preference | null;
  /** Read and prove each value, and not the footers alone. */
  readonly verify: boolean;
  /** For copies of what is not on this machine. */
  readonly directory: string;
}

/** Of how many footers at once: looking at the next while one is on its way. */
const CONCURRENCY = 8;

/** @param inPart what the manifest has of the month; none where there is no manifest, or it has none of it */
export async function lookAtMonth(
  look: MonthLook,
  db: pg.Client,
  month: string,
  objects: readonly ListedObject[],
  inPart: readonly KeptSlice[],
): Promise<MonthFinding> {
  const { dataset, isOwned, isManifestNewer } = look;
  const there = new Map(objects.map((object) => [object.key, object]));
  const restored = await countRestored(look, db, inPart, there);
  const kept = restored.slices;
  const keys = [...objects, ...kept.flatMap(({ segments }) => segments)].map(({ key }) => key);
  const states = await statesOfKeys(db, keys);
  const isKnown = ({ key }: { readonly key: string }): boolean => {
    const state = states.get(key);
    if (state === undefined) return false;
    // What a copied ledger has not finished may be finished in the original, and is given up.
    return isOwned || (state !== 'publishing' && state !== 'abandoned');
  };
  const liveByManifest = new Set(liveOf(kept).map(({ key }) => key));
  const known = await listKeptSlices(db, dataset.name, month);
  const outdatedKeys = isManifestNewer
    ? liveOf(known).flatMap(({ key }) => (liveByManifest.has(key) ? [] : [key]))
    : [];
  const outdated = new Set(outdatedKeys);
  const own = known.filter(({ segments }) =>
    segments.some(({ key, state }) => state === 'live' && !outdated.has(key)),
  );

  const listed = await holdAgainstLake(
    look,
    kept.filter(({ segments }) => !segments.some(isKnown)),
    there,
  );
  const inManifest = new Set(kept.flatMap(({ segments }) => segments.map(({ key }) => key)));
  const unlisted = objects.filter((object) => !isKnown(object) && !inManifest.has(object.key));
  const strange = await readStrange(look, unlisted);

  const isCertain = isManifestNewer || own.length === 0;
  const candidates: Candidate[] = [
    ...own.map((slice) => ({ slice, isCertain: true })),
    ...listed.live.map((slice) => ({ slice, isCertain })),
    ...strange.slices.map((slice) => ({ slice, isCertain: false })),
  ];
  const judged = await judgeSlices(look, candidates, {
    own: new Set(own),
    there,
    unclear: strange.unclear,
  });
  const unproven = look.verify ? await proveAll(look, judged.live, there) : [];
  const isSound = (slice: KeptSlice): boolean => !unproven.some(({ key }) => isOf(key, slice));
  // Of what nothing but its own footer speaks for, only what it says of itself and keeps.
  const live = judged.live.filter((slice) => !strange.slices.includes(slice) || isSound(slice));
  const met = await meetAll(look, db, live, there);
  return {
    month,
    taken: met.taken,
    setAside: [...listed.gone, ...judged.doubled, ...met.setAside].map(retired),
    outdatedKeys,
    meetings: met.meetings,
    problems: [
      ...restored.problems,
      ...listed.problems,
      ...strange.problems,
      ...judged.problems,
      ...met.problems,
      ...unproven,
    ],
  };
}

const isOf = (key: string, { segments }: KeptSlice): boolean =>
  segments.some((segment) => segment.key === key);

const liveOf = (slices: readonly KeptSlice[]): readonly KeptSegment[] =>
  slices.flatMap(({ segments }) => segments.filter(({ state }) => state === 'live'));

const retired = (slice: KeptSlice): KeptSlice => ({
  ...slice,
  segments: slice.segments.map((segment) => ({ ...segment, state: 'retired' as const })),
});

/** Slices of the manifest, with those of their files that are there, and what of them is not as it was. */
async function holdAgainstLake(
  { rooms }: MonthLook,
  slices: readonly KeptSlice[],
  there: ReadonlyMap<string, ListedObject>,
): Promise<{
  readonly live: readonly KeptSlice[];
  /** Replaced: their files go. */
  readonly gone: readonly KeptSlice[];
  readonly problems: readonly AdoptionProblem[];
}> {
  const problems: AdoptionProblem[] = [];
  const footers = new Map<string, number>();
  const waiting = slices
    .flatMap((slice) => slice.segments.map((segment) => ({ slice, segment })))
    .values();
  const work = async (): Promise<void> => {
    for (const { slice, segment } of waiting) {
      rooms.signal.throwIfAborted();
      if (segment.state !== 'live') continue;
      const found = await holdAgainstFile(rooms, slice, segment, there.get(segment.key));
      if (typeof found === 'number') footers.set(segment.key, found);
      else problems.push(found);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  // What is live and missing is taken up all the same: it is known what it was, and a scrub goes on naming it.
  const present = slices.map((slice) => ({
    ...slice,
    segments: slice.segments
      .filter(({ key, state }) => state === 'live' || there.has(key))
      .map((one) => ({ ...one, footerBytes: footers.get(one.key) ?? one.footerBytes })),
  }));
  return {
    live: present.filter(({ segments }) => segments.some(({ state }) => state === 'live')),
    gone: present.filter(
      ({ segments }) => segments.length > 0 && segments.every(({ state }) => state === 'retired'),
    ),
    problems: problems.sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

/** @returns how long its footer is, where it is that of the slice */
async function holdAgainstFile(
  { store }: AdoptionRooms,
  slice: KeptSlice,
  { key, bytes, rows }: KeptSegment,
  object: ListedObject | undefined,
): Promise<AdoptionProblem | number> {
  const altered = (reason: string): AdoptionProblem => ({ kind: 'altered', key, reason });
  if (object === undefined) {
    return {
      kind: 'missing',
      key,
      reason: `it has ${String(rows)} rows of ${formatRange(slice.range)}`,
    };
  }
  if (BigInt(object.bytes) !== bytes) {
    return altered(`it has ${String(object.bytes)} bytes, and had ${String(bytes)}`);
  }
  try {
    const footer = await readSegmentFooter(store, key, object.bytes);
    const isSame =
      footer !== null &&
      BigInt(footer.rows) === rows &&
      footer.fingerprint.rowHash === slice.fingerprint.rowHash &&
      footer.range.fromInclusive === slice.range.fromInclusive &&
      footer.range.toExclusive === slice.range.toExclusive;
    return isSame
      ? footer.footerBytes
      : altered('its footer is not that of the segment in the manifest');
  } catch (error) {
    return altered(messageOf(error));
  }
}

/** Reads and proves the values of slices whose files are all there. */
async function proveAll(
  { rooms, dataset, directory }: MonthLook,
  slices: readonly KeptSlice[],
  there: ReadonlyMap<string, ListedObject>,
): Promise<readonly AdoptionProblem[]> {
  const problems: AdoptionProblem[] = [];
  for (const { segments, columns, fingerprint } of slices) {
    if (!segments.every(({ key }) => there.has(key))) continue;
    try {
      const published = [];
      for (const { key, bytes, sha256, rows } of segments) {
        const path = await rooms.store.readable(key, directory, rooms.signal);
        published.push({ path, bytes: Number(bytes), sha256, rows: Number(rows) });
      }
      await verifySegments({
        engine: rooms.engine,
        fs: rooms.fileSystem,
        segments: published,
        columns,
        metadata: {},
        codec: null,
        expected: fingerprint,
        level: dataset.verify,
        signal: rooms.signal,
      });
    } catch (error) {
      problems.push({ kind: 'altered', key: segments[0]?.key ?? '', reason: messageOf(error) });
    }
  }
  return problems;
}

/** @throws the error where it says nothing of the file */
function messageOf(error: unknown): string {
  if (error instanceof TierdError && error.code !== 'INTERRUPTED') return error.message;
  throw error;
}
