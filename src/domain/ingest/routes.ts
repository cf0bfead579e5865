/** Where rows belong by their time: to the lake what a rotation would move now, or has moved; to PostgreSQL all else. Pure. */
import type { Dataset } from '../dataset.ts';
import { isActive, type Pin } from '../plan/pins.ts';
import { type Cutoffs, regionsOf } from '../plan/regions.ts';
import type { TableDescription } from '../table.ts';
import { subtractRanges, uniteRanges } from '../time/range-sets.ts';
import {
  type EpochMs,
  floorToUnit,
  nextUnit,
  type SliceUnit,
  type TimeRange,
} from '../time/time-range.ts';

export interface Routes {
  /** Time of which every row goes to the lake. */
  readonly aged: readonly TimeRange[];
  /** Time of which rows go whose interval does not stay hot. */
  readonly interval: readonly TimeRange[];
}

export interface RouteFacts {
  readonly cutoffs: Cutoffs;
  readonly pins: readonly Pin[];
  /** By the earlier of the clocks: one that runs ahead must not end a pin. */
  readonly now: EpochMs;
  /** Slices after the cutoff that the lake has and PostgreSQL has no row of. */
  readonly moved: readonly TimeRange[];
}

export function routesOf(
  table: TableDescription,
  { slice }: Pick<Dataset, 'slice'>,
  { cutoffs, pins, now, moved }: RouteFacts,
): Routes {
  const active = pins.filter((pin) => isActive(pin, now)).map(({ range }) => range);
  const held = active.map((range) => wholeSlices(range, slice));
  const regions = regionsOf(table, cutoffs);
  const ofLane = (lane: 'aged' | 'interval'): readonly TimeRange[] =>
    regions.filter((region) => region.lane === lane).map(({ range }) => range);
  return {
    aged: subtractRanges(uniteRanges([...ofLane('aged'), ...moved]), held),
    interval: subtractRanges(ofLane('interval'), held),
  };
}

/** A slice is moved whole or not at all: one pinned instant holds all of it. */
function wholeSlices({ fromInclusive, toExclusive }: TimeRange, unit: SliceUnit): TimeRange {
  const last = floorToUnit(toExclusive - 1, unit);
  return { fromInclusive: floorToUnit(fromInclusive, unit), toExclusive: nextUnit(last, unit) };
}
