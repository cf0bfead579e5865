import { describe, expect, it } from 'vitest';
import { countStates, shiftDay, weeksOf, weeksRange } from '../../../src/page/calendar-weeks.ts';
import type { CalendarDay } from '../../../src/page/documents.ts';

const day = (
  date: string,
  state: CalendarDay['state'],
  marks: Partial<CalendarDay> = {},
): CalendarDay => ({
  day: date,
  state,
  hot_rows: 0,
  cold_rows: 0,
  segments: 0,
  is_pinned: false,
  is_held: false,
  ...marks,
});

describe('the weeks of a calendar', () => {
  it.each(['2026-11-23', '2026-11-24', '2026-11-29'])('end with the Sunday after %s', (last) => {
    expect(weeksRange(last, 2)).toEqual({ from: '2026-11-16', to: '2026-11-29' });
  });

  it('have seven days each, and a hole where a day is not told', () => {
    const weeks = weeksOf([day('2026-12-01', 'hot'), day('1999-01-01', 'cold')], '2026-11-23', 2);
    expect(weeks.map(({ monday, month }) => [monday, month])).toEqual([
      ['2026-11-23', null],
      ['2026-11-30', 'Dec'],
    ]);
    expect(weeks.map(({ days }) => days.map((one) => one?.state ?? null))).toEqual([
      [null, null, null, null, null, null, null],
      [null, 'hot', null, null, null, null, null],
    ]);
  });

  it('name the year with its first month', () => {
    const [week] = weeksOf([], '2026-12-28', 1);
    expect(week?.month).toBe('Jan 2027');
  });

  it('go over the end of a month and before 1970', () => {
    expect(shiftDay('2026-03-01', -1)).toBe('2026-02-28');
    expect(weeksRange('1969-12-31', 1)).toEqual({ from: '1969-12-29', to: '1970-01-04' });
    expect(weeksRange('1969-12-20', 1)).toEqual({ from: '1969-12-15', to: '1969-12-21' });
  });

  it('are summed up by state', () => {
    const days = [day('2026-11-23', 'cold'), day('2026-11-24', 'cold'), day('2026-11-25', 'empty')];
    expect(countStates(days)).toEqual([{ name: 'cold', count: 2 }]);
    const held = days.map((one) => ({ ...one, is_held: true }));
    // Where there is nothing a hold keeps nothing.
    expect(countStates([...held, day('2026-11-26', 'hot', { is_pinned: true })])).toEqual([
      { name: 'hot', count: 1 },
      { name: 'cold', count: 2 },
      { name: 'pinned', count: 1 },
      { name: 'held', count: 2 },
    ]);
  });
});
