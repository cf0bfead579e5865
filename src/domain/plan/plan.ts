/**
 * The plan of a rotation: a pure function of configuration, catalogue, ledger and clock. What
 * `--dry-run` prints is what the executor runs; there is no second way to preview.
 */
import { agree, countOf, megabytes } from '../count.ts';
import type { Dataset } from '../dataset.ts';
import { largerSlice } from '../lake/small-slices.ts';
import { formatTable, type Part, type TableDescription } from '../table.ts';
import { formatRange, type TimeRange } from '../time/time-range.ts';
import { type ClockFacts, guardClock } from './clock-guard.ts';
import type { Refusal } from './refusal.ts';
import { type Cutoffs, type Lane, type Region, waitingCompressed } from './regions.ts';
import { tellWholeParts } from './whole-parts.ts';

export interface SliceFacts {
  readonly range: TimeRange;
  /** Rows of the region's lane in the slice when the plan was made. */
  readonly rows: number;
}

/** A region with what was counted in it. */
export interface MeasuredRegion extends Region {
  /** Slices with at least one row, oldest first. */
  readonly slices: readonly SliceFacts[];
}

export interface PlanFacts extends ClockFacts {
  readonly tableRows: number;
  readonly tableBytes: number;
  /** Rows dated beyond now + maxFutureMs, and the furthest of them. */
  readonly futureRows: number;
  readonly furthestFuture: string | null;
  /** Rows whose time is null, infinite, or outside the years 1 to 9999: they stay hot. */
  readonly unsliceableRows: number;
  /** Free bytes where segments are staged and published; null when the store can't say. */
  readonly freeBytes: number | null;
}

/** Rows that are due and whose key the lake has already. */
export interface PlannedAgain {
  readonly rows: number;
  /** That have such rows. */
  readonly slices: number;
}

/** Rows that are due of time that the lake has, of which nothing tells whether the lake has them too. */
export interface Unknowable extends PlannedAgain {
  readonly why: string;
  readonly help: string;
}

export interface PlannedMove {
  readonly lane: Lane;
  readonly removal: 'drop' | 'delete';
  readonly range: TimeRange;
  readonly parts: readonly Part[];
  readonly slices: readonly SliceFacts[];
  readonly rows: number;
  /** Reasons to leave this move alone and go on with the others. */
  readonly obstacles: readonly Refusal[];
}

export interface RotationPlan {
  readonly dataset: string;
  readonly table: string;
  readonly tableKind: TableDescription['kind'];
  readonly cutoffs: Cutoffs;
  readonly moves: readonly PlannedMove[];
  readonly rows: number;
  /** What the rows take in the hot store, by the table's average. */
  readonly estimatedHotBytes: number;
  /** Null where nobody looked: see `RowIdentity`. */
  readonly again: PlannedAgain | null;
  readonly refusals: readonly Refusal[];
  /** What an operator should know and that stops nothing. */
  readonly notes: readonly string[];
}

export interface PlanInput {
  readonly dataset: Dataset;
  readonly table: TableDescription;
  readonly cutoffs: Cutoffs;
  readonly regions: readonly MeasuredRegion[];
  readonly facts: PlanFacts;
  readonly again: PlannedAgain | null;
  readonly unknowable: readonly Unknowable[];
  /** Found by looking at types and catalogue, as refusals already. */
  readonly hazards: readonly Refusal[];
  readonly notes: readonly string[];
}

export function planRotation(input: PlanInput): RotationPlan {
  const moves = input.regions.flatMap(movesOf);
  const rows = moves.reduce((sum, move) => sum + move.rows, 0);
  const { tableRows, tableBytes } = input.facts;
  const estimatedHotBytes =
    tableRows === 0 ? 0 : Math.round((tableBytes * rows) / Math.max(tableRows, rows));
  const largest = largestMoveBytes(moves, tableBytes / Math.max(1, tableRows));
  return {
    dataset: input.dataset.name,
    table: formatTable(input.table.ref),
    tableKind: input.table.kind,
    cutoffs: input.cutoffs,
    moves,
    rows,
    estimatedHotBytes,
    again: input.again,
    refusals: [
      ...input.hazards,
      ...guardClock(input.dataset.limits, input.facts),
      ...guardFuture(input),
      ...(moves.length === 0 ? [] : [...guardShare(input, rows), ...guardDisk(input, largest)]),
    ],
    notes: [...input.notes, ...notesOf(input)],
  };
}

/** A drop moves all of its slices at once; a deletion moves one slice at a time. */
function movesOf(region: MeasuredRegion): PlannedMove[] {
  const { lane, removal, parts } = region;
  if (region.slices.length === 0) return [];
  if (removal === 'drop') {
    const rows = region.slices.reduce((sum, slice) => sum + slice.rows, 0);
    return [
      { lane, removal, range: region.range, parts, slices: region.slices, rows, obstacles: [] },
    ];
  }
  return region.slices.map((slice) => ({
    lane,
    removal,
    range: slice.range,
    parts,
    slices: [slice],
    rows: slice.rows,
    obstacles: [],
  }));
}

/** Two moves can be staged at once: the one being proven and the one being exported. */
const MOVES_STAGED_AT_ONCE = 2;

function largestMoveBytes(moves: readonly PlannedMove[], bytesPerRow: number): number {
  const largest = moves.reduce((most, move) => Math.max(most, move.rows), 0);
  return Math.round(largest * bytesPerRow);
}

function guardFuture({ dataset, facts }: PlanInput): Refusal[] {
  if (facts.futureRows === 0) return [];
  return [
    {
      guard: 'future_rows',
      message: `${countOf(facts.futureRows, 'row')} ${agree(facts.futureRows, 'is', 'are')} dated further ahead than max_future allows (${seconds(dataset.limits.maxFutureMs)}); the furthest at ${facts.furthestFuture ?? 'an unknown time'}`,
      hint: 'correct these rows or this clock; --force rotates the others, these stay hot either way',
      forceable: true,
    },
  ];
}

function guardShare({ dataset, facts }: PlanInput, rows: number): Refusal[] {
  const { maxShare, maxShareMinRows } = dataset.limits;
  const total = Math.max(facts.tableRows, rows);
  if (total < maxShareMinRows || rows <= maxShare * total) return [];
  return [
    {
      guard: 'share_of_table',
      message: `the plan would move ${String(rows)} of ${String(total)} rows, ${percent(rows / total)} of the table (limit max_share: ${percent(maxShare)})`,
      hint: `for the first move to the hot window use \`tierd cleanup\`, which shows and asks; else check hot_days (${String(dataset.hotDays)}) and the clock, then use --force`,
      forceable: true,
    },
  ];
}

function guardDisk({ dataset, facts }: PlanInput, largestMove: number): Refusal[] {
  if (facts.freeBytes === null) return [];
  const needed = MOVES_STAGED_AT_ONCE * largestMove + dataset.limits.minFreeBytes;
  if (facts.freeBytes >= needed) return [];
  return [
    {
      guard: 'disk_space',
      message: `the lake's disk has ${megabytes(facts.freeBytes)} free; the largest move may need ${megabytes(MOVES_STAGED_AT_ONCE * largestMove)} beside min_free (${megabytes(dataset.limits.minFreeBytes)})`,
      hint: 'free or add disk, or lower lake.min_free; a smaller slice (hour) needs less at once',
      forceable: false,
    },
  ];
}

function notesOf({
  dataset,
  regions,
  facts,
  table,
  cutoffs,
  again,
  unknowable,
}: PlanInput): string[] {
  const notes: string[] = [...noteOfSmallSlices(dataset, regions)];
  if (again !== null && again.rows > 0) notes.push(noteAgain(dataset, again));
  notes.push(...unknowable.map(noteUnknowable));
  const packed = waitingCompressed(table, cutoffs);
  const [firstPacked] = packed;
  if (firstPacked !== undefined) {
    notes.push(
      `${countOf(packed.length, 'chunk')} after the cutoff ${agree(packed.length, 'is', 'are')} compressed (the first: ${formatTable(firstPacked.ref)}); rows in them whose interval does not stay hot wait until the whole chunk has aged, for deleting them would unpack it: decompress_chunk() it first if they are to leave now`,
    );
  }
  if (facts.unsliceableRows > 0) {
    notes.push(
      `${countOf(facts.unsliceableRows, 'row')} ${agree(facts.unsliceableRows, 'has', 'have')} a time that no day of the lake can hold (null, infinite, or outside the years 1 to 9999); they stay hot`,
    );
  }
  const whole = tellWholeParts(dataset, table, cutoffs);
  if (whole !== null) notes.push(`${whole.message}; ${whole.hint}`);
  const waiting = table.parts.find(
    (part) => part.range.fromInclusive < cutoffs.aged && part.range.toExclusive > cutoffs.aged,
  );
  if (waiting !== undefined) {
    notes.push(
      `${formatTable(waiting.ref)} (${formatRange(waiting.range)}) reaches past the cutoff and stays whole until all of it has aged`,
    );
  }
  return notes;
}

function noteOfSmallSlices(
  { name, slice }: Dataset,
  regions: readonly MeasuredRegion[],
): readonly string[] {
  const rows = regions.flatMap(({ slices }) => slices.map((one) => one.rows)).sort((a, b) => a - b);
  const middle = rows[Math.floor(rows.length / 2)] ?? 0;
  const larger = largerSlice(slice, { count: rows.length, rows: middle });
  if (larger === null) return [];
  return [
    `${countOf(rows.length, 'slice')} of ${slice === 'hour' ? 'an' : 'a'} ${slice} have a median of ${countOf(middle, 'row')}, and each becomes a file of its own: \`slice: ${larger}\` under datasets.${name} makes fewer and larger ones`,
  ];
}

function noteUnknowable({ rows, slices, why, help }: Unknowable): string {
  return `${countOf(rows, 'row')} in ${countOf(slices, 'slice')} ${agree(rows, 'is', 'are')} of time that the lake has already, and nothing tells for certain whether it has ${agree(rows, 'it', 'them')} too: ${why}; what comes again unknown is there twice. ${help}`;
}

function noteAgain({ onColdDuplicate }: Dataset, { rows, slices }: PlannedAgain): string {
  const found = `${countOf(rows, 'row')} in ${countOf(slices, 'slice')} ${agree(rows, 'has a key', 'have keys')} that the lake has already`;
  return onColdDuplicate === 'refuse'
    ? `${found}; where their values differ the move is refused (on_cold_duplicate: refuse)`
    : `${found}; they replace those of the lake, and equal ones only leave the hot store (on_cold_duplicate: newest)`;
}

const seconds = (ms: number): string => `${String(Math.round(ms / 1000))} s`;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
