import { describe, expect, it } from 'vitest';
import {
  batchesForFar,
  bytesOfAll,
  farBefore,
  hullOf,
  type NearSegment,
} from '../../../../src/domain/plan/tiering.ts';

const DAY = Date.parse('2026-03-01T00:00:00Z');

const segment = (bytes: number, name = 'a'): NearSegment => ({
  key: name,
  range: { fromInclusive: DAY, toExclusive: DAY + 86_400_000 },
  bytes,
  sha256: '0'.repeat(64),
  rows: 1,
});

describe('what goes far', () => {
  it('is what ended so many days before the day that it is', () => {
    const noon = Date.parse('2026-03-31T12:00:00Z');
    expect(farBefore({ farDays: 30 }, noon)).toBe(DAY);
    expect(farBefore({}, noon)).toBeNull();
  });

  it('goes in batches of bounded number and size, in order, and one that is larger goes alone', () => {
    const gb = 1024 ** 3;
    const sizes = (all: readonly NearSegment[]) =>
      batchesForFar(all).map((batch) => batch.map(({ bytes }) => bytes));
    expect(sizes([])).toEqual([]);
    expect(
      sizes([segment(gb / 2), segment(gb / 2), segment(1), segment(3 * gb), segment(2)]),
    ).toEqual([[gb / 2, gb / 2], [1], [3 * gb], [2]]);
    const many = Array.from({ length: 130 }, () => segment(1));
    expect(batchesForFar(many).map(({ length }) => length)).toEqual([64, 64, 2]);
    expect(bytesOfAll(many)).toBe(130);
  });

  it('is told from the first to the last of it', () => {
    const later = { range: { fromInclusive: DAY + 5, toExclusive: DAY + 9e8 } };
    expect(hullOf([segment(1), later])).toEqual({ fromInclusive: DAY, toExclusive: DAY + 9e8 });
  });
});
