/** Which hot rows pins keep from a rotation. */
import type { Dataset } from '../../../src/domain/dataset.ts';
import { isActive } from '../../../src/domain/plan/pins.ts';
import {
  floorToUnit,
  nextUnit,
  rangesOverlap,
  type SliceUnit,
  type TimeRange,
} from '../../../src/domain/time/time-range.ts';
import { listPins } from '../../../src/ledger/pins.ts';
import type { Queryable } from '../../../src/ledger/queryable.ts';
import { NOW } from '../rotation.ts';
import { timeOf } from './model.ts';

export interface HeldByPins {
  readonly isPinned: (id: number) => boolean;
  /** A slice is moved whole or not at all, and so is a chunk or partition, of a day here: what lies there with a pinned row may stay. */
  readonly isBeside: (id: number) => boolean;
}

export async function heldByPins(
  db: Queryable,
  { name, slice }: Pick<Dataset, 'name' | 'slice'>,
): Promise<HeldByPins> {
  const pins = (await listPins(db, name)).filter((pin) => isActive(pin, NOW));
  const meets = (range: TimeRange): boolean => pins.some((pin) => rangesOverlap(pin.range, range));
  const isPinned = (id: number): boolean => meets(instantOf(id));
  const holder = slice === 'month' ? 'month' : 'day';
  return { isPinned, isBeside: (id) => !isPinned(id) && meets(holderOf(id, holder)) };
}

function instantOf(id: number): TimeRange {
  const fromInclusive = Date.parse(timeOf(id));
  return { fromInclusive, toExclusive: fromInclusive + 1 };
}

function holderOf(id: number, unit: SliceUnit): TimeRange {
  const fromInclusive = floorToUnit(instantOf(id).fromInclusive, unit);
  return { fromInclusive, toExclusive: nextUnit(fromInclusive, unit) };
}
