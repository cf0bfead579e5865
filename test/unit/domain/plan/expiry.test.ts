import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ExpirableSlice,
  type ExpiryInput,
  LEAST_STAY_DAYS,
  planExpiry,
} from '../../../../src/domain/plan/expiry.ts';
import { batchesOf } from '../../../../src/domain/plan/expiry-batches.ts';
import type { Hold } from '../../../../src/domain/plan/holds.ts';
import { standing } from '../../../../src/domain/plan/refusal.ts';
import { DAY_MS, rangesOverlap, type TimeRange } from '../../../../src/domain/time/time-range.ts';
import { makeDataset } from '../planning-fixtures.ts';

const TODAY = Date.parse('2026-03-31T00:00:00Z');
const NOW = TODAY + 12 * 3_600_000;
const LONG_AGO = NOW - 1_000 * DAY_MS;

const day = (ago: number, length = 1): TimeRange => ({
  fromInclusive: TODAY - ago * DAY_MS,
  toExclusive: TODAY - (ago - length) * DAY_MS,
});

function slice(ago: number, changes: Partial<ExpirableSlice> = {}): ExpirableSlice {
  const range = day(ago);
  return {
    id: String(ago),
    range,
    rows: 100,
    bytes: 1_000,
    segments: 1,
    arrivedAt: LONG_AGO,
    ...changes,
  };
}

function plan(slices: readonly ExpirableSlice[], changes: Partial<ExpiryInput> = {}) {
  return planExpiry({
    dataset: { ...makeDataset({ hotDays: 30 }), coldDays: 60 },
    slices,
    clock: { now: NOW, databaseNow: NOW, lastRunAt: NOW - DAY_MS },
    tableNow: NOW,
    longestPartMs: 0,
    pinned: [],
    holds: [],
    counts: new Map(),
    seen: new Set(),
    freeBytes: null,
    mayEmpty: false,
    ...changes,
  });
}

const idsOf = ({ due }: ReturnType<typeof plan>): string[] => due.map(({ id }) => id);
const guards = ({ refusals }: ReturnType<typeof plan>): string[] =>
  refusals.map(({ guard }) => guard);

function hold(range: TimeRange | null): Hold {
  const of = { id: '3', dataset: 'bars', reason: 'case 17', by: 'anna' };
  return { ...of, range, since: LONG_AGO, until: null };
}

describe('what expires', () => {
  it('is what ended at the border or before it; what reaches over it stays whole', () => {
    const month = slice(90, { id: 'month', range: day(90, 31) });
    expect(idsOf(plan([month, slice(62), slice(61), slice(60), slice(40)]))).toEqual(['62', '61']);
    expect(idsOf(plan([slice(91, { range: day(90, 30) }), slice(40)]))).toEqual(['91']);
  });

  it('is nothing where there are no cold_days', () => {
    const { coldDays: _, ...dataset } = { ...makeDataset({}), coldDays: 1 };
    const { before, due, refusals } = plan([slice(5_000)], { dataset });
    expect([before, due, refusals]).toEqual([null, [], []]);
  });

  it('is not what came to the lake this week, by the clock of the database', () => {
    const arrivedAt = NOW - LEAST_STAY_DAYS * DAY_MS;
    const slices = [slice(70, { arrivedAt }), slice(69, { arrivedAt: arrivedAt + 1 }), slice(40)];
    expect(idsOf(plan(slices))).toEqual(['70']);
  });

  it('is not what is held or lies in pinned time', () => {
    const slices = [slice(70), slice(69), slice(68), slice(40)];
    const kept = plan(slices, { holds: [hold(day(70))], pinned: [day(69)] });
    expect(idsOf(kept)).toEqual(['68']);
    expect(kept.notes.join('\n')).toMatch(/hold 3 \(case 17\)[^]*tierd unpin/u);
    expect(idsOf(plan(slices, { holds: [hold(null)] }))).toEqual([]);
  });
});

const DAYS = { '1m': 32, '1h': 90 };

/** Slices with so many rows of each interval; `-` is of none. */
function planBy(
  slices: readonly { ago: number; rows: Readonly<Record<string, number>> }[],
  changes: Partial<ExpiryInput> = {},
  days: Readonly<Record<string, number>> = DAYS,
) {
  const { coldDays: _, ...dataset } = { ...makeDataset({ hotDays: 30 }), coldDays: 1 };
  const counts = slices.map(
    ({ ago, rows }) =>
      [
        String(ago),
        Object.entries(rows).map(([interval, n]) => ({
          interval: interval === '-' ? null : interval,
          rows: n,
        })),
      ] as const,
  );
  const sum = (rows: Readonly<Record<string, number>>): number =>
    Object.values(rows).reduce((total, n) => total + n, 0);
  return plan(
    slices.map(({ ago, rows }) => slice(ago, { rows: sum(rows) })),
    {
      dataset: { ...dataset, intervalColumn: 'interval', coldDaysByInterval: days },
      counts: new Map(counts),
      seen: new Set(slices.flatMap(({ rows }) => Object.keys(rows)).filter((one) => one !== '-')),
      ...changes,
    },
  );
}

describe('what expires by its interval', () => {
  const OF_BOTH = { '1m': 60, '1h': 1 };

  it('goes where all rows are old enough, and is written anew where some are', () => {
    const made = planBy([
      { ago: 100, rows: OF_BOTH },
      { ago: 60, rows: OF_BOTH },
      { ago: 59, rows: { '1h': 1 } },
      { ago: 58, rows: { '1m': 5 } },
      { ago: 31, rows: { '1m': 600 } },
    ]);
    expect(idsOf(made)).toEqual(['100', '58']);
    expect(made.thinned).toMatchObject([{ id: '60', chosen: 60, rows: 61, intervals: ['1m'] }]);
    expect(made.rows).toBe(61 + 60 + 5);
    expect(made.intervals.map(({ interval, rows }) => [interval, rows])).toEqual([
      ['1m', 125],
      ['1h', 1],
    ]);
    expect(made.refusals).toEqual([]);
  });

  it('is nothing of an interval that is not named, and none that is missing, which the plan says', () => {
    const made = planBy([{ ago: 3_000, rows: { '1H': 10, '-': 2 } }]);
    expect([made.due, made.thinned, made.rows]).toEqual([[], [], 0]);
    const notes = made.notes.join('\n');
    expect(notes).toContain(
      '10 old rows of 1H, which datasets.market_data.cold_days_by_interval does not',
    );
    expect(notes).toContain('2 old rows without interval stay for ever');
    expect(notes).toContain('names 1h, and no old row in the lake was ever of it');
  });

  it('is not what is held or lies in pinned time', () => {
    const slices = [70, 69, 68].map((ago) => ({ ago, rows: OF_BOTH }));
    const made = planBy(slices, { holds: [hold(day(70))], pinned: [day(69)] });
    expect(made.thinned.map(({ id }) => id)).toEqual(['68']);
    expect(made.notes.join('\n')).toMatch(/60 rows .*hold 3 \(case 17\)[^]*tierd unpin/u);
  });

  it('is refused where its rows would be gone as they come, unless they come at once', () => {
    const short = { '1m': 20 };
    const rows = [{ ago: 40, rows: { '1m': 1, '1h': 9 } }];
    expect(guards(planBy(rows, {}, short))).toContain('cold_days_too_short');
    const { coldDays: _, ...dataset } = { ...makeDataset({ hotDays: 30 }), coldDays: 1 };
    const leaving = { hotIntervals: ['1h'], intervalColumn: 'interval' };
    const atOnce = { dataset: { ...dataset, ...leaving, coldDaysByInterval: short } };
    expect(guards(planBy(rows, atOnce))).toEqual([]);
  });

  it('is refused for its share, for all of it, and for a disk that can not hold what is written anew', () => {
    const both = [
      { ago: 60, rows: { '1m': 60 } },
      { ago: 59, rows: { '1m': 60 } },
    ];
    expect(guards(planBy(both))).toEqual(['share_of_lake', 'all_of_lake']);
    const some = [{ ago: 60, rows: { '1m': 1, '1h': 9 } }];
    expect(guards(planBy(some, { freeBytes: 10 }))).toEqual(['disk_space']);
  });
});

describe('an expiry is refused', () => {
  it.each([
    ['clock_skew', { now: NOW, databaseNow: NOW - DAY_MS, lastRunAt: NOW }],
    ['clock_jump', { now: NOW, databaseNow: NOW, lastRunAt: NOW - 100 * 365 * DAY_MS }],
    ['clock_jump', { now: NOW, databaseNow: NOW, lastRunAt: NOW + DAY_MS }],
  ])('for its clock: %s', (guard, clock) => {
    expect(guards(plan([slice(70), slice(41), slice(40)], { clock }))).toContain(guard);
  });

  it('for its share of the cold rows, however few they are', () => {
    expect(guards(plan([slice(70), slice(40)]))).toEqual([]);
    expect(guards(plan([slice(70), slice(69), slice(40)]))).toEqual(['share_of_lake']);
  });

  it('where all of it would go; --force is not enough for that', () => {
    const all = plan([slice(70)]);
    expect(standing(all.refusals, true).map(({ guard }) => guard)).toEqual(['all_of_lake']);
    expect(standing(plan([slice(70)], { mayEmpty: true }).refusals, true)).toEqual([]);
  });

  it('where cold_days is not longer than rows may wait before they are cold', () => {
    const withDays = (coldDays: number, more: Partial<ExpiryInput> = {}) =>
      guards(
        plan([slice(40)], { dataset: { ...makeDataset({ hotDays: 30 }), coldDays }, ...more }),
      );
    expect(withDays(31)).toContain('cold_days_too_short');
    expect(withDays(32)).not.toContain('cold_days_too_short');
    const chunks = { longestPartMs: 7 * DAY_MS };
    expect(withDays(38, chunks)).toContain('cold_days_too_short');
    expect(withDays(39, chunks)).not.toContain('cold_days_too_short');
  });
});

describe('any lake', () => {
  const anySlice = fc
    .record({
      ago: fc.integer({ min: 30, max: 200 }),
      length: fc.integer({ min: 1, max: 31 }),
      rows: fc.integer({ min: 1, max: 1_000 }),
      stays: fc.integer({ min: 0, max: 30 }),
    })
    .map(({ ago, length, rows, stays }) =>
      slice(ago, { range: day(ago, length), rows, arrivedAt: NOW - stays * DAY_MS }),
    );
  const anyRange = fc
    .tuple(fc.integer({ min: 30, max: 200 }), fc.integer({ min: 1, max: 40 }))
    .map(([ago, length]) => day(ago, length));

  it('loses only whole slices before the border that nobody holds, and never all unless told', () => {
    fc.assert(
      fc.property(
        fc.array(anySlice, { maxLength: 30 }),
        fc.array(anyRange, { maxLength: 3 }),
        fc.array(anyRange, { maxLength: 3 }),
        (slices, held, pinned) => {
          const made = plan(slices, { holds: held.map(hold), pinned });
          for (const { range, arrivedAt } of made.due) {
            expect(range.toExclusive).toBeLessThanOrEqual(TODAY - 60 * DAY_MS);
            expect([...held, ...pinned].some((one) => rangesOverlap(one, range))).toBe(false);
            expect(NOW - arrivedAt).toBeGreaterThanOrEqual(LEAST_STAY_DAYS * DAY_MS);
          }
          const isAll = slices.length > 0 && made.due.length === slices.length;
          expect(standing(made.refusals, true).length > 0).toBe(isAll);
          expect(batchesOf(made.due).flat()).toEqual(made.due);
        },
      ),
    );
  });
});
