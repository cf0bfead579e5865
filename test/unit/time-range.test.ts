import { describe, expect, it } from 'vitest';
import {
  contains,
  DAY_MS,
  floorToUnit,
  formatRange,
  HOUR_MS,
  nextUnit,
  rangesOverlap,
  splitByUnit,
} from '../../src/domain/time/time-range.ts';

const at = (text: string): number => Date.parse(text);

describe('a slice unit', () => {
  it('starts at the UTC boundary at or before an instant, also before 1970', () => {
    expect(floorToUnit(at('2024-03-05T13:59:59.999Z'), 'hour')).toBe(at('2024-03-05T13:00:00Z'));
    expect(floorToUnit(at('2024-03-05T13:59:59.999Z'), 'day')).toBe(at('2024-03-05T00:00:00Z'));
    expect(floorToUnit(at('2024-03-05T13:59:59.999Z'), 'month')).toBe(at('2024-03-01T00:00:00Z'));
    expect(floorToUnit(-1, 'day')).toBe(-DAY_MS);
    expect(floorToUnit(at('0099-06-15T00:00:00Z'), 'month')).toBe(at('0099-06-01T00:00:00Z'));
  });

  it('is followed by the next one, over leap days and the turn of the year', () => {
    expect(nextUnit(at('2024-02-28T00:00:00Z'), 'day')).toBe(at('2024-02-29T00:00:00Z'));
    expect(nextUnit(at('2023-12-01T00:00:00Z'), 'month')).toBe(at('2024-01-01T00:00:00Z'));
    expect(nextUnit(at('2024-03-10T06:00:00Z'), 'hour')).toBe(at('2024-03-10T07:00:00Z'));
  });
});

describe('a time range', () => {
  it('is cut at unit boundaries into pieces that cover it without gap or overlap', () => {
    const range = {
      fromInclusive: at('2024-01-30T12:00:00Z'),
      toExclusive: at('2024-02-01T06:00:00Z'),
    };
    const pieces = splitByUnit(range, 'day');
    expect(pieces.map(formatRange)).toEqual([
      '2024-01-30T12:00:00.000Z/2024-01-31T00:00:00.000Z',
      '2024-01-31',
      '2024-02-01T00:00:00.000Z/2024-02-01T06:00:00.000Z',
    ]);
    expect(splitByUnit({ fromInclusive: 0, toExclusive: 0 }, 'day')).toEqual([]);
  });

  it('is named by its month or day when it is a whole one', () => {
    const name = (from: string, to: string): string =>
      formatRange({ fromInclusive: at(from), toExclusive: at(to) });
    expect(name('2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z')).toBe('2024-02');
    expect(name('2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z')).toBe('2024-02-29');
    expect(name('+012024-02-01T00:00:00Z', '+012024-02-02T00:00:00Z')).toBe('+012024-02-01');
    expect(name('2024-02-01T00:00:00Z', '2024-03-02T00:00:00Z')).toBe(
      '2024-02-01T00:00:00.000Z/2024-03-02T00:00:00.000Z',
    );
  });

  it('does not overlap the one that begins where it ends', () => {
    const first = { fromInclusive: 0, toExclusive: HOUR_MS };
    const second = { fromInclusive: HOUR_MS, toExclusive: 2 * HOUR_MS };
    expect(rangesOverlap(first, second)).toBe(false);
    expect(rangesOverlap(first, { ...second, fromInclusive: HOUR_MS - 1 })).toBe(true);
    expect(contains({ fromInclusive: 0, toExclusive: 2 * HOUR_MS }, second)).toBe(true);
    expect(contains(first, second)).toBe(false);
  });
});
