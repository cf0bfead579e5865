/** What is said of pins: of much time that is pinned alike one thing. */
import { expect, it } from 'vitest';
import { joinPins, type Pin } from '../../../../src/domain/plan/pins.ts';

const pin = (from: number, to: number, until: number | null): Pin => ({
  range: { fromInclusive: from, toExclusive: to },
  until,
});

it('joins time without a gap that is pinned until one instant, in whatever order', () => {
  expect(joinPins([pin(2, 3, null), pin(1, 2, null), pin(1, 2, null), pin(0, 1, 9)])).toEqual([
    pin(0, 1, 9),
    pin(1, 3, null),
  ]);
});

it('joins nothing over a gap, and nothing that ends at another time', () => {
  const pins = [pin(0, 1, 9), pin(1, 2, 8), pin(3, 4, 8)];
  expect(joinPins(pins)).toEqual(pins);
  expect(joinPins([])).toEqual([]);
});
