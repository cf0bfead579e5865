/**
 * Which slices of the lake become one: small ones of the same day or month, written with the same
 * columns; and which are written anew as they are. Pure; `--dry-run` prints what the job runs.
 */
import {
  type EpochMs,
  floorToUnit,
  nextUnit,
  rangesOverlap,
  type SliceUnit,
  type TimeRange,
} from '../time/time-range.ts';
import { type DiskFacts, guardDisk } from './lake-guards.ts';
import type { Refusal } from './refusal.ts';

/** A slice whose segments are live, as the ledger sums it up. */
export interface ColdSlice {
  readonly id: string;
  readonly range: TimeRange;
  /** By which its place in the lake is named. */
  readonly unit: SliceUnit;
  /** Slices with the same one hold the same columns in the same way. */
  readonly schema: string;
  readonly rows: number;
  readonly bytes: number;
  readonly segments: number;
  /** When the newest of its segments was published, by PostgreSQL's clock. */
  readonly arrivedAt: EpochMs;
}

/** Slices that become one, oldest first; or one that is written anew, file by file, for how it is written. */
export interface PlannedMerge {
  readonly kind: 'merge' | 'rewrite';
  /** By which the new slice's place in the lake is named. */
  readonly unit: SliceUnit;
  /** From the first of the slices to the end of the last. */
  readonly range: TimeRange;
  readonly sliceIds: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  readonly segments: number;
  /** How many they become, by what their bytes are now. */
  readonly segmentsAfter: number;
}

export interface CompactionPlan {
  readonly dataset: string;
  /** Live ones, of the whole dataset. */
  readonly segments: number;
  readonly merges: readonly PlannedMerge[];
  readonly refusals: readonly Refusal[];
}

export interface CompactionInput extends DiskFacts {
  readonly dataset: string;
  readonly targetFileBytes: number;
  readonly slices: readonly ColdSlice[];
  /** Days and months that end later may still grow, and wait. */
  readonly closedBefore: EpochMs;
  /** Time that was restored: no merged slice reaches across it. */
  readonly pinned: readonly TimeRange[];
  /** What was published before is written anew, where it isn't merged. */
  readonly rewriteBefore?: EpochMs | undefined;
}

/** A merge has to spare this many segments: each costs its rows' reading and writing once more. */
const LEAST_SPARED = 4;
/** And to leave at most this share of them. */
const MOST_LEFT = 1 / 2;
/** What is at least half as large as a file may be is large enough. */
const SMALL_SHARE = 1 / 2;
/** No merge takes more at once: it is sorted as a whole. */
const MAX_MERGE_FILES = 4;
const MAX_MERGE_ROWS = 20_000_000;
/** Larger rows lie in files of few on purpose. */
const MAX_ROW_BYTES = 4096;

/** Hours become days, days become months. */
const MERGED_INTO: Readonly<Record<SliceUnit, SliceUnit>> = {
  hour: 'day',
  day: 'month',
  month: 'month',
};

export function planCompaction(input: CompactionInput): CompactionPlan {
  const worthwhile = groupsOf(input)
    .flatMap((group) => cut(group, input))
    .filter(isWorthIt);
  const merges = [...worthwhile, ...rewritesOf(input, worthwhile)].toSorted(
    (a, b) => a.range.fromInclusive - b.range.fromInclusive,
  );
  return {
    dataset: input.dataset,
    segments: input.slices.reduce((sum, { segments }) => sum + segments, 0),
    merges,
    refusals: guardDisk(
      'the merged segments',
      merges.reduce((sum, { bytes }) => sum + bytes, 0),
      input,
    ),
  };
}

/** How many fewer segments the dataset has when the plan has run. */
export function segmentsSpared(plan: CompactionPlan): number {
  return plan.merges.reduce((sum, merge) => sum + spared(merge), 0);
}

function spared({ segments, segmentsAfter }: PlannedMerge): number {
  return segments - segmentsAfter;
}

function isWorthIt(merge: PlannedMerge): boolean {
  return spared(merge) >= LEAST_SPARED && merge.segmentsAfter <= merge.segments * MOST_LEFT;
}

/** Small slices of one closed day or month with the same columns, oldest first. */
function groupsOf({ slices, closedBefore, targetFileBytes }: CompactionInput): ColdSlice[][] {
  const groups = new Map<string, ColdSlice[]>();
  for (const slice of slices) {
    const unit = MERGED_INTO[slice.unit];
    const start = floorToUnit(slice.range.fromInclusive, unit);
    const isLarge = slice.bytes >= slice.segments * targetFileBytes * SMALL_SHARE;
    if (isLarge || slice.bytes > slice.rows * MAX_ROW_BYTES) continue;
    if (nextUnit(start, unit) > closedBefore) continue;
    const key = `${unit} ${String(start)} ${slice.schema}`;
    groups.set(key, [...(groups.get(key) ?? []), slice]);
  }
  return [...groups.values()].map((group) =>
    group.toSorted(
      (a, b) => a.range.fromInclusive - b.range.fromInclusive || Number(a.id) - Number(b.id),
    ),
  );
}

/** In pieces that can be sorted at once and that reach across no pin. */
function cut(group: readonly ColdSlice[], input: CompactionInput): PlannedMerge[] {
  const pieces: ColdSlice[][] = [];
  for (const slice of group) {
    const last = pieces.at(-1);
    if (last !== undefined && fits([...last, slice], input)) last.push(slice);
    else pieces.push([slice]);
  }
  return pieces.map((piece) => mergeOf(piece, input.targetFileBytes));
}

function fits(piece: readonly ColdSlice[], { targetFileBytes, pinned }: CompactionInput): boolean {
  const { rows, bytes, range } = sumUp(piece);
  return (
    rows <= MAX_MERGE_ROWS &&
    bytes <= MAX_MERGE_FILES * targetFileBytes &&
    !pinned.some((pin) => rangesOverlap(pin, range))
  );
}

function mergeOf(piece: readonly ColdSlice[], targetFileBytes: number): PlannedMerge {
  const sum = sumUp(piece);
  const [first] = piece;
  return {
    kind: 'merge',
    unit: MERGED_INTO[first?.unit ?? 'month'],
    ...sum,
    sliceIds: piece.map(({ id }) => id),
    segments: piece.reduce((total, { segments }) => total + segments, 0),
    segmentsAfter: Math.max(1, Math.ceil(sum.bytes / targetFileBytes)),
  };
}

function rewritesOf(
  { slices, rewriteBefore }: CompactionInput,
  merges: readonly PlannedMerge[],
): PlannedMerge[] {
  if (rewriteBefore === undefined) return [];
  const merged = new Set(merges.flatMap(({ sliceIds }) => sliceIds));
  return slices
    .filter(({ id, arrivedAt }) => arrivedAt < rewriteBefore && !merged.has(id))
    .map(({ id, range, unit, rows, bytes, segments }) => ({
      kind: 'rewrite',
      unit,
      range,
      sliceIds: [id],
      rows,
      bytes,
      segments,
      segmentsAfter: segments,
    }));
}

function sumUp(piece: readonly ColdSlice[]): Pick<PlannedMerge, 'range' | 'rows' | 'bytes'> {
  return {
    range: {
      fromInclusive: Math.min(...piece.map(({ range }) => range.fromInclusive)),
      toExclusive: Math.max(...piece.map(({ range }) => range.toExclusive)),
    },
    rows: piece.reduce((sum, { rows }) => sum + rows, 0),
    bytes: piece.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
