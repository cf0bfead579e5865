/** Time that was restored on purpose, and that rotations leave hot until the pin ends. */

import { agree, countOf } from '../count.ts';
import { type EpochMs, formatRange, rangesOverlap, type TimeRange } from '../time/time-range.ts';
import type { MeasuredRegion } from './plan.ts';

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
 * Takes pinned slices out of what is due. A chunk or partition is dropped whole or not at all: one
 * pinned slice holds all of it.
 */
export function holdBack(
  dataset: string,
  regions: readonly MeasuredRegion[],
  pins: readonly Pin[],
  now: EpochMs,
): HeldBack {
  const active = joinPins(pins.filter((pin) => isActive(pin, now)));
  if (active.length === 0) return { regions, notes: [] };
  const pinOf = (range: TimeRange): Pin | undefined =>
    active.find((pin) => rangesOverlap(pin.range, range));
  const held = new Map<Pin, number>();
  const left = regions.map((region): MeasuredRegion => {
    const pinned = region.slices.flatMap(({ range, rows }) => {
      const pin = pinOf(range);
      if (pin !== undefined) held.set(pin, (held.get(pin) ?? 0) + rows);
      return pin === undefined ? [] : [range];
    });
    if (pinned.length === 0) return region;
    if (region.removal === 'drop') return { ...region, slices: [] };
    return { ...region, slices: region.slices.filter(({ range }) => !pinned.includes(range)) };
  });
  const notes = [...held].map(
    ([pin, rows]) =>
      `${countOf(rows, 'row')} of ${formatRange(pin.range)} ${agree(rows, 'was', 'were')} restored and ${agree(rows, 'stays', 'stay')} hot ${formatUntil(pin.until)}; \`tierd unpin ${dataset}\` lets them go`,
  );
  return { regions: left, notes };
}
