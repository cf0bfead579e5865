/** Files that no manifest and no ledger has: their footers say what they are, and their bytes that they are whole. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type { KeptSegment, KeptSlice } from '../../domain/lake/lake-manifest.ts';
import type { AdoptionProblem } from '../../domain/plan/adoption.ts';
import type { TimeColumn, TimeKind } from '../../domain/table.ts';
import { floorToUnit, nextUnit, type TimeRange } from '../../domain/time/time-range.ts';
import { checksumOf } from '../../lake/checksum.ts';
import { parseSegmentKey } from '../../lake/layout.ts';
import type { ListedObject } from '../../lake/object-store.ts';
import { readFileStatistics } from '../../lake/segment/file-statistics.ts';
import { readSegmentFooter, type SegmentFooter } from '../../lake/segment-footer.ts';
import type { AdoptionRooms } from './rooms.ts';

export interface Strange {
  /** Those of which all files are there. */
  readonly slices: readonly KeptSlice[];
  readonly problems: readonly AdoptionProblem[];
  /** Time of which there are others, of which nobody knows what they have. */
  readonly unclear: readonly TimeRange[];
}

export interface StrangeLook {
  readonly rooms: AdoptionRooms;
  readonly dataset: Dataset;
  /** That it has or had. */
  readonly names: readonly string[];
  /** For copies of what is not on this machine. */
  readonly directory: string;
}

export async function readStrange(
  look: StrangeLook,
  objects: readonly ListedObject[],
): Promise<Strange> {
  const problems: AdoptionProblem[] = [];
  const unclear: TimeRange[] = [];
  const slices = new Map<string, { footer: SegmentFooter; segments: KeptSegment[] }>();
  for (const object of objects) {
    look.rooms.signal.throwIfAborted();
    const read = await readOne(look, object);
    if ('kind' in read) {
      problems.push(read);
      if (read.kind === 'altered') unclear.push(...timeOfFolder(read.key));
      continue;
    }
    const { footer, segment } = read;
    const id = JSON.stringify([footer.moveId, footer.range, footer.generation]);
    const slice = slices.get(id) ?? { footer, segments: [] };
    slice.segments.push(segment);
    slices.set(id, slice);
  }
  const whole: KeptSlice[] = [];
  for (const { footer, segments } of slices.values()) {
    const rows = segments.reduce((sum, segment) => sum + segment.rows, 0n);
    if (rows === BigInt(footer.sliceRows)) whole.push(sliceOf(footer, segments));
    else {
      problems.push(incomplete(footer, segments, rows));
      unclear.push(footer.range);
    }
  }
  return { slices: whole, problems, unclear };
}

/** Its own word is worth nothing any more; where it lies is what is left. */
function timeOfFolder(key: string): readonly TimeRange[] {
  const place = parseSegmentKey(key);
  if (place === null) return [];
  const { start, unit } = place;
  return [{ fromInclusive: start, toExclusive: nextUnit(start, unit) }];
}

function sliceOf(footer: SegmentFooter, segments: readonly KeptSegment[]): KeptSlice {
  const { range, generation, moveId, sliceRows, fingerprint, columns } = footer;
  return {
    ...{ range, generation, moveId, fingerprint, segments },
    rows: BigInt(sliceRows),
    columns: columns ?? [],
    isRestored: false,
  };
}

function incomplete(
  { sliceRows }: SegmentFooter,
  segments: readonly KeptSegment[],
  rows: bigint,
): AdoptionProblem {
  return {
    kind: 'incomplete',
    key: segments[0]?.key ?? '',
    reason: `its slice has ${String(sliceRows)} rows, and the files that are there ${rows.toString()}`,
  };
}

type ReadOne = { readonly footer: SegmentFooter; readonly segment: KeptSegment } | AdoptionProblem;

async function readOne(
  { rooms, dataset, names, directory }: StrangeLook,
  { key, bytes }: ListedObject,
): Promise<ReadOne> {
  const { store, signal } = rooms;
  try {
    const footer = await readSegmentFooter(store, key, bytes);
    if (footer === null) return strange(key, 'tierd did not write it');
    const misplaced = misplacement(names, key, footer);
    if (misplaced !== null) return strange(key, misplaced);
    const { columns } = footer;
    if (columns === null) {
      return strange(key, 'the version that wrote it did not say how its columns are held');
    }
    const timeColumn = timeColumnOf(dataset, columns);
    if (timeColumn === null) return strange(key, `it has no time column ${dataset.timeColumn}`);
    const { sha256 } = await checksumOf(store.read(key, undefined, signal));
    if (!sha256.startsWith(parseSegmentKey(key)?.contentId ?? '-')) {
      return altered(key, 'its bytes are not those that its name is made of');
    }
    const path = await store.readable(key, directory, signal);
    const connection = await rooms.engine.connect();
    try {
      const facts = await readFileStatistics(connection, path, columns, timeColumn, dataset.sortBy);
      const { rows, bounds: statistics, ...others } = facts;
      const sizes = { rows: BigInt(rows), bytes: BigInt(bytes) };
      const { footerBytes } = footer;
      const found = { sha256, statistics, footerBytes, ...sizes, ...others };
      return { footer, segment: { key, state: 'live', ...found } };
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof TierdError) || error.code === 'INTERRUPTED') throw error;
    return altered(key, error.message);
  }
}

const strange = (key: string, reason: string): AdoptionProblem => ({
  kind: 'strange',
  key,
  reason,
});
const altered = (key: string, reason: string): AdoptionProblem => ({
  kind: 'altered',
  key,
  reason,
});

/** A copy in another folder is no segment: the ledger has one place for each. */
function misplacement(names: readonly string[], key: string, footer: SegmentFooter): string | null {
  const place = parseSegmentKey(key);
  if (place?.dataset !== footer.dataset || !names.includes(footer.dataset)) {
    return `it is a segment of ${footer.dataset}`;
  }
  if (floorToUnit(footer.range.fromInclusive, place.unit) === place.start) {
    return null;
  }
  return 'it is a copy: its rows are of another time than its folder';
}

/** The table may be gone; the segment's own columns tell. */
function timeColumnOf(
  { timeColumn, timeUnit }: Dataset,
  columns: readonly ColumnPlan[],
): TimeColumn | null {
  const plan = columns.find(({ name }) => name === timeColumn);
  if (plan === undefined) return null;
  const kind = KINDS[plan.held.kind];
  if (kind === undefined) return null;
  return { name: timeColumn, kind, ...(timeUnit === undefined ? {} : { unit: timeUnit }) };
}

const KINDS: Readonly<Partial<Record<ColumnPlan['held']['kind'], TimeKind>>> = {
  timestamptz: 'timestamptz',
  timestamp: 'timestamp',
  date: 'date',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
};
