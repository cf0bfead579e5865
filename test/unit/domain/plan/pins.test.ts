/** What is said of pins: of much time that is pinned alike one thing. */
import { expect, it } from 'vitest';
import { holdBack, joinPins, type Pin } from '../../../../src/domain/plan/pins.ts';

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

const slice = (from: number, to: number, rows: number) => ({
  range: { fromInclusive: from, toExclusive: to },
  rows,
});
const region = (removal: 'drop' | 'delete', slices: readonly ReturnType<typeof slice>[]) =>
  ({
    lane: 'aged',
    removal,
    range: { fromInclusive: 0, toExclusive: 3 },
    parts: [],
    slices,
  }) as const;
const rowsOf = ({ regions }: ReturnType<typeof holdBack>) =>
  regions.map(({ slices }) => slices.map(({ rows }) => rows));

it('holds all of what is dropped whole, and tells of the rows beside; where rows are deleted, theirs alone', () => {
  const slices = [slice(0, 1, 1), slice(1, 2, 2), slice(2, 3, 3)];
  const held = holdBack(
    'ticks',
    [region('drop', slices), region('delete', slices)],
    [pin(1, 2, null)],
    0,
  );
  expect(rowsOf(held)).toEqual([[], [1, 3]]);
  expect(held.notes).toEqual([
    expect.stringMatching(
      /^4 rows of .* were restored and stay hot until it is unpinned; `tierd unpin ticks`/,
    ),
    '4 rows lie in a slice, chunk or partition with restored ones, and stay with them: it is moved whole',
  ]);
});

it('holds a slice of which a part is pinned, and calls none of its rows restored that may not be', () => {
  const held = holdBack(
    'ticks',
    [region('delete', [slice(0, 2, 5), slice(2, 3, 1)])],
    [pin(1, 2, null)],
    0,
  );
  expect(rowsOf(held)).toEqual([[1]]);
  expect(held.notes).toEqual([
    expect.stringMatching(/^what was restored of .* stays hot until it is unpinned/),
    '5 rows lie in a slice, chunk or partition with restored ones, and stay with them: it is moved whole',
  ]);
});
