import { describe, expect, it } from 'vitest';
import { expiringSoon, type SoonInput } from '../../../../src/domain/survey/lake-care.ts';
import { DAY_MS, type TimeRange } from '../../../../src/domain/time/time-range.ts';

const TODAY = Date.parse('2026-03-31T00:00:00Z');
const day = (ago: number): TimeRange => ({
  fromInclusive: TODAY - ago * DAY_MS,
  toExclusive: TODAY - (ago - 1) * DAY_MS,
});
const slices = [80, 61, 60, 35, 31, 30].map((ago) => ({
  id: String(ago),
  range: day(ago),
  rows: 10,
}));

const soon = (changes: Partial<SoonInput> = {}) =>
  expiringSoon({
    dataset: { hotDays: 10, coldDays: 60 },
    tableNow: TODAY + 1,
    slices,
    counts: new Map(),
    pinned: [],
    holds: [],
    ...changes,
  });

describe('what expires soon', () => {
  it('is what ends before the border of then, without what is held or pinned', () => {
    expect(soon()).toEqual({ withinDays: 30, rows: 50, isAtMost: false, slices: 5 });
    const hold = { id: '1', dataset: 'bars', reason: 'r', by: 'b', since: 0, until: null };
    const kept = { holds: [{ ...hold, range: day(80) }], pinned: [day(61)] };
    expect(soon(kept)).toMatchObject({ rows: 30, slices: 3 });
    expect(soon({ dataset: { hotDays: 10 } })).toBeNull();
  });

  it('is by interval what was counted, and at most all of what was not', () => {
    const dataset = { hotDays: 10, coldDaysByInterval: { '1m': 60, '1d': 2_555 } };
    const of = [
      { interval: '1m', rows: 7 },
      { interval: '1d', rows: 3 },
    ];
    const counts = new Map(slices.map(({ id }) => [id, of]));
    expect(soon({ dataset, counts })).toMatchObject({ rows: 35, isAtMost: false });
    expect(soon({ dataset, counts: new Map([['80', of]]) })).toMatchObject({
      rows: 7 + 4 * 10,
      isAtMost: true,
    });
  });
});
