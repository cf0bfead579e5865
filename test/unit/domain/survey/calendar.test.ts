import { describe, expect, it } from 'vitest';
import { type CalendarFacts, calendarDays } from '../../../../src/domain/survey/calendar.ts';
import { DAY_MS, HOUR_MS, type TimeRange } from '../../../../src/domain/time/time-range.ts';

const DAY_0 = Date.parse('2026-03-01T00:00:00Z');
const day = (n: number): number => DAY_0 + n * DAY_MS;
const span = (from: number, to: number): TimeRange => ({ fromInclusive: from, toExclusive: to });

/** Rows on days 1 to 4; now is the middle of day 5. */
const FACTS: CalendarFacts = {
  now: day(5) + 12 * HOUR_MS,
  hot: new Map([
    [day(3), 30],
    [day(4), 40],
  ]),
  oldest: day(1),
  newest: day(4) + HOUR_MS,
  newestHot: day(4) + HOUR_MS,
  segments: [{ range: span(day(1), day(1) + 5), rows: 10, isBad: false }],
  moving: [],
  pinned: [],
  holds: [],
  hasBacklog: false,
};

const statesOf = (change: Partial<CalendarFacts> = {}): string =>
  calendarDays(span(day(0), day(7)), { ...FACTS, ...change })
    .map(({ state }) => state)
    .join(' ');

describe('the days of a calendar', () => {
  it('are pinned where they were restored, and held where a hold is on them', () => {
    const hold = { id: '1', dataset: 'bars', reason: 'case 17', by: 'ann', since: 0, until: null };
    const marked = calendarDays(span(day(0), day(5)), {
      ...FACTS,
      pinned: [span(day(1), day(3))],
      holds: [{ ...hold, range: span(day(2) + HOUR_MS, day(4)) }],
    });
    expect(marked.map(({ isPinned }) => isPinned)).toEqual([false, true, true, false, false]);
    expect(marked.map(({ isHeld }) => isHeld)).toEqual([false, false, true, true, false]);
    const all = calendarDays(span(day(0), day(2)), { ...FACTS, holds: [{ ...hold, range: null }] });
    expect(all.every(({ isHeld }) => isHeld)).toBe(true);
  });

  it('are cold, hot, gaps between them and empty outside', () => {
    expect(statesOf()).toBe('empty cold gap hot hot empty empty');
  });

  it('have their rows and segments', () => {
    const isPinned = false;
    const isHeld = false;
    expect(calendarDays(span(day(1), day(4)), FACTS)).toEqual([
      { day: '2026-03-02', state: 'cold', hotRows: 0, coldRows: 10, segments: 1, isPinned, isHeld },
      { day: '2026-03-03', state: 'gap', hotRows: 0, coldRows: 0, segments: 0, isPinned, isHeld },
      { day: '2026-03-04', state: 'hot', hotRows: 30, coldRows: 0, segments: 0, isPinned, isHeld },
    ]);
  });

  it('are cold where late rows are hot as well', () => {
    expect(statesOf({ hot: new Map([[day(1), 1]]) })).toMatch(/^empty cold/);
  });

  it('are live today, and the newest while something waits in the live store', () => {
    expect(statesOf({ hot: new Map([[day(5), 1]]), newestHot: day(5), newest: day(5) })).toBe(
      'empty cold gap gap gap live empty',
    );
    expect(statesOf({ hasBacklog: true })).toBe('empty cold gap hot live live empty');
    expect(statesOf({ hasBacklog: true, newestHot: day(6), newest: day(6) })).not.toMatch(/live$/);
  });

  it('are moving while a move of them is under way, before and after its commit', () => {
    const moving = [span(day(1), day(4))];
    expect(statesOf({ moving })).toBe('empty moving moving moving hot empty empty');
    expect(statesOf({ moving: [span(day(-3), day(0))] })).toBe(statesOf());
  });

  it('are bad when a segment of them is, whatever else they are', () => {
    const segments = [
      { range: span(day(1), day(1) + 5), rows: 10, isBad: true },
      { range: span(day(1) + 5, day(1) + 9), rows: 10, isBad: false },
    ];
    expect(statesOf({ segments, moving: [span(day(1), day(2))] })).toMatch(/^empty bad gap/);
  });

  it('share the rows of a segment that spans several', () => {
    const segments = [{ range: span(day(1), day(3)), rows: 11, isBad: false }];
    const found = calendarDays(span(day(0), day(4)), { ...FACTS, segments });
    expect(found.map(({ coldRows, segments: count }) => [coldRows, count])).toEqual([
      [0, 0],
      [6, 1],
      [6, 1],
      [0, 0],
    ]);
  });

  it('are all empty where there is nothing', () => {
    const nothing = { hot: new Map(), oldest: null, newest: null, newestHot: null, segments: [] };
    expect(statesOf(nothing)).toBe('empty empty empty empty empty empty empty');
  });
});
