/** Time that was restored on purpose, and that rotations leave hot until the pin ends. */

import { agree, countOf } from '../count.ts';
import {
  contains,
  type EpochMs,
  formatRange,
  rangesOverlap,
  type TimeRange,
} from '../time/time-range.ts';
import type { MeasuredRegion, SliceFacts } from './plan.ts';

/** How long a rotation leaves restored rows alone when nobody says otherwise. */
export const PIN_DAYS = 7;

export interface Pin {
  readonly range: TimeRange;
  /** Null is for ever. */
  readonly until: EpochMs | null;
}

/** Time that is pinned without a gap until one instant, as one pin: a year of days is a line and not 365. */
export function joinPins(pins: readonly Pin[]): readonly Pin[] {
  const joined: Pin[] = [];
  const inOrder = pins.toSorted((a, b) => a.range.fromInclusive - b.range.fromInclusive);
  for (const pin of inOrder) {
    const before = joined.at(-1);
    const { fromInclusive, toExclusive } = pin.range;
    if (before?.until === pin.until && fromInclusive <= before.range.toExclusive) {
      const end = Math.max(before.range.toExclusive, toExclusive);
      joined[joined.length - 1] = { ...before, range: { ...before.range, toExclusive: end } };
    } else joined.push(pin);
  }
  return joined;
}

export interface HeldBack {
  /** What may leave: without what a pin holds. */
  readonly regions: readonly MeasuredRegion[];
  /** Why the rest stays, one line each. */
  readonly notes: readonly string[];
}

export function isActive({ until }: Pin, now: EpochMs): boolean {
  return until === null || until > now;
}

export function formatUntil(until: EpochMs | null): string {
  return until === null ? 'until it is unpinned' : `until ${new Date(until).toISOString()}`;
}

/**
 * Takes pinned slices out of what is due. A slice is moved whole or not at all, and so is a chunk or partition that is
 * dropped: one pinned instant holds all of it.
 */
export function holdBack(
  dataset: string,
  regions: readonly MeasuredRegion[],
  pins: readonly Pin[],
  now: EpochMs,
): HeldBack {
  const active = joinPins(pins.filter((pin) => isActive(pin, now)));
  if (active.length === 0) return { regions, notes: [] };
  const held = new Map<Pin, number>();
  let beside = 0;
  const left = regions.map((region): MeasuredRegion => {
    const free: SliceFacts[] = [];
    for (const slice of region.slices) {
      const pin = active.find((one) => rangesOverlap(one.range, slice.range));
      if (pin === undefined) {
        free.push(slice);
        continue;
      }
      const isRestored = contains(pin.range, slice.range);
      held.set(pin, (held.get(pin) ?? 0) + (isRestored ? slice.rows : 0));
      if (!isRestored) beside += slice.rows;
    }
    if (free.length === region.slices.length) return region;
    if (region.removal === 'delete') return { ...region, slices: free };
    beside += free.reduce((sum, { rows }) => sum + rows, 0);
    return { ...region, slices: [] };
  });
  return { regions: left, notes: tellHeld(dataset, held, beside) };
}

/** @param beside rows that are not known to have been restored, and stay with those that were */
function tellHeld(dataset: string, held: ReadonlyMap<Pin, number>, beside: number): string[] {
  const notes = [...held].map(([pin, rows]) => {
    const range = formatRange(pin.range);
    const what =
      rows === 0
        ? `what was restored of ${range} stays`
        : `${countOf(rows, 'row')} of ${range} ${agree(rows, 'was', 'were')} restored and ${agree(rows, 'stays', 'stay')}`;
    return `${what} hot ${formatUntil(pin.until)}; \`tierd unpin ${dataset}\` lets them go`;
  });
  if (beside === 0) return notes;
  const [lie, stay] = [agree(beside, 'lies', 'lie'), agree(beside, 'stays', 'stay')];
  return [
    ...notes,
    `${countOf(beside, 'row')} ${lie} in a slice, chunk or partition with restored ones, and ${stay} with them: it is moved whole`,
  ];
}
