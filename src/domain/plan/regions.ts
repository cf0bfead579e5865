/**
 * Which stretches of a table may leave the hot store, before anything is counted. A region is
 * removed in one way: by dropping whole parts, or by deleting rows.
 */
import type { Dataset } from '../dataset.ts';
import type { Part, TableDescription } from '../table.ts';
import {
  DAY_MS,
  type EpochMs,
  floorToUnit,
  rangesOverlap,
  type TimeRange,
} from '../time/time-range.ts';

/** `aged`: every row, older than hot_days. `interval`: only rows whose interval does not stay hot. */
export type Lane = 'aged' | 'interval';

export interface Region {
  readonly lane: Lane;
  readonly removal: 'drop' | 'delete';
  readonly range: TimeRange;
  /** The parts that go, for `drop`; empty otherwise. */
  readonly parts: readonly Part[];
}

/** The oldest instant reckoned with: year 1. What lies before can't be named by a day of the lake. */
export const EARLIEST_MS: EpochMs = -62_135_596_800_000;

export interface Cutoffs {
  /** Rows before it are past hot_days. A slice boundary. */
  readonly aged: EpochMs;
  /** Rows before it are in a closed slice; null when the dataset has no hot_intervals. */
  readonly closed: EpochMs | null;
}

/** By the wall clock alone: a row dated in the future can't move it. */
export function cutoffsOf(dataset: Dataset, now: EpochMs): Cutoffs {
  return {
    aged: floorToUnit(now - dataset.hotDays * DAY_MS, dataset.slice),
    closed:
      dataset.intervalColumn === undefined || dataset.hotIntervals === undefined
        ? null
        : floorToUnit(now, dataset.slice),
  };
}

/**
 * Cuts the time before the cutoffs into regions, oldest first and disjoint. Parts whose ranges
 * touch the same time (space partitions, sub-partitions) go together. A group of parts that
 * reaches past the cutoff stays whole: its rows wait until all of it has aged.
 */
export function regionsOf(table: TableDescription, cutoffs: Cutoffs): readonly Region[] {
  const groups = groupOverlapping(table.parts);
  const aged: Region[] = [];
  let from = EARLIEST_MS;
  for (const group of groups) {
    if (group.range.fromInclusive >= cutoffs.aged) break;
    aged.push(...deletion('aged', from, group.range.fromInclusive));
    if (group.range.toExclusive <= cutoffs.aged) {
      aged.push({ lane: 'aged', removal: 'drop', range: group.range, parts: group.parts });
    }
    from = group.range.toExclusive;
  }
  aged.push(...deletion('aged', from, cutoffs.aged));
  if (cutoffs.closed === null) return aged;
  let leaving = aged.at(-1)?.range.toExclusive ?? EARLIEST_MS;
  const interval: Region[] = [];
  for (const { range } of groupOverlapping(compressedBetween(table, leaving, cutoffs.closed))) {
    interval.push(...deletion('interval', leaving, range.fromInclusive));
    leaving = range.toExclusive;
  }
  return [...aged, ...interval, ...deletion('interval', leaving, cutoffs.closed)];
}

/**
 * Parts in which nothing is deleted, because TimescaleDB would unpack far more than leaves: their
 * rows wait until the whole part has aged and is dropped.
 */
export function waitingCompressed(table: TableDescription, cutoffs: Cutoffs): readonly Part[] {
  if (cutoffs.closed === null) return [];
  const leaving = regionsOf(table, { ...cutoffs, closed: null }).at(-1)?.range.toExclusive;
  return compressedBetween(table, leaving ?? EARLIEST_MS, cutoffs.closed);
}

function compressedBetween(table: TableDescription, from: EpochMs, to: EpochMs): readonly Part[] {
  return table.parts.filter(
    (part) => part.compressed && part.range.fromInclusive < to && part.range.toExclusive > from,
  );
}

export interface PartGroup {
  readonly range: TimeRange;
  readonly parts: readonly Part[];
}

/** Parts that touch the same time go together. */
export function groupOverlapping(parts: readonly Part[]): readonly PartGroup[] {
  const sorted = [...parts].sort((a, b) => a.range.fromInclusive - b.range.fromInclusive);
  const groups: PartGroup[] = [];
  for (const part of sorted) {
    const last = groups.at(-1);
    if (last === undefined || !rangesOverlap(last.range, part.range)) {
      groups.push({ range: part.range, parts: [part] });
      continue;
    }
    groups[groups.length - 1] = {
      range: {
        fromInclusive: last.range.fromInclusive,
        toExclusive: Math.max(last.range.toExclusive, part.range.toExclusive),
      },
      parts: [...last.parts, part],
    };
  }
  return groups;
}

function deletion(lane: Lane, fromInclusive: EpochMs, toExclusive: EpochMs): Region[] {
  if (fromInclusive >= toExclusive) return [];
  return [{ lane, removal: 'delete', range: { fromInclusive, toExclusive }, parts: [] }];
}
