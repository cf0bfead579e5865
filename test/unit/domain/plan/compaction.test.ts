import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ColdSlice,
  type CompactionInput,
  planCompaction,
  segmentsSpared,
} from '../../../../src/domain/plan/compaction.ts';
import { DAY_MS, HOUR_MS, type SliceUnit } from '../../../../src/domain/time/time-range.ts';

const JANUARY = Date.parse('2024-01-01T00:00:00Z');
const MB = 1_048_576;

function slice(id: number, from: number, changes: Partial<ColdSlice> = {}): ColdSlice {
  const length = changes.unit === 'hour' ? HOUR_MS : DAY_MS;
  return {
    id: String(id),
    range: { fromInclusive: from, toExclusive: from + length },
    unit: 'day',
    schema: 'a',
    rows: 1_000,
    bytes: 20_000,
    segments: 1,
    arrivedAt: JANUARY,
    ...changes,
  };
}

const daily = (count: number, changes: Partial<ColdSlice> = {}): ColdSlice[] =>
  Array.from({ length: count }, (_, day) => slice(day + 1, JANUARY + day * DAY_MS, changes));

function plan(slices: readonly ColdSlice[], changes: Partial<CompactionInput> = {}) {
  return planCompaction({
    dataset: 'bars',
    targetFileBytes: 256 * MB,
    slices,
    closedBefore: Date.parse('2025-01-01T00:00:00Z'),
    pinned: [],
    freeBytes: null,
    minFreeBytes: 0,
    ...changes,
  });
}

describe('which slices become one', () => {
  it('takes the small days of a month together, and each month by itself', () => {
    const { merges, segments } = plan(daily(60));
    expect(segments).toBe(60);
    expect(
      merges.map(({ range, sliceIds, segmentsAfter, unit }) => [
        new Date(range.fromInclusive).toISOString().slice(0, 10),
        new Date(range.toExclusive).toISOString().slice(0, 10),
        sliceIds.length,
        segmentsAfter,
        unit,
      ]),
    ).toEqual([
      ['2024-01-01', '2024-02-01', 31, 1, 'month'],
      ['2024-02-01', '2024-03-01', 29, 1, 'month'],
    ]);
  });

  it('makes days of hours', () => {
    const hours = Array.from({ length: 24 }, (_, hour) =>
      slice(hour + 1, JANUARY + hour * HOUR_MS, { unit: 'hour' }),
    );
    expect(plan(hours).merges).toMatchObject([{ unit: 'day', segments: 24, segmentsAfter: 1 }]);
  });

  it('makes one of a month and what came late to it', () => {
    const month = { fromInclusive: JANUARY, toExclusive: Date.parse('2024-02-01T00:00:00Z') };
    const whole = slice(99, JANUARY, { unit: 'month' as SliceUnit, range: month });
    expect(plan([whole, ...daily(4)]).merges).toMatchObject([{ segments: 5, range: month }]);
  });

  it.each([
    ['few segments', daily(4), {}],
    ['large segments', daily(31, { bytes: 200 * MB, rows: 5_000_000 }), {}],
    ['large rows', daily(31, { bytes: 20_000_000, rows: 100 }), {}],
    [
      'a month that may still grow',
      daily(31),
      { closedBefore: Date.parse('2024-01-31T00:00:00Z') },
    ],
    ['other columns', daily(31).map((one, day) => ({ ...one, schema: String(day % 10) })), {}],
  ])('leaves %s alone', (_, slices, changes) => {
    expect(plan(slices, changes).merges).toEqual([]);
  });

  it('writes anew what was published before a time, but for what is merged', () => {
    const alone = slice(50, JANUARY + 400 * DAY_MS, { bytes: 200 * MB, segments: 2 });
    const newer = slice(51, JANUARY + 401 * DAY_MS, { arrivedAt: JANUARY + 5 });
    const rewriteBefore = JANUARY + 5;
    const { merges } = plan([...daily(31), alone, newer], { rewriteBefore });
    expect(merges).toMatchObject([
      { kind: 'merge', segments: 31, segmentsAfter: 1 },
      { kind: 'rewrite', unit: 'day', sliceIds: ['50'], segments: 2, segmentsAfter: 2 },
    ]);
    expect(plan([alone]).merges).toEqual([]);
  });

  it('reaches across no pin', () => {
    const pinned = [{ fromInclusive: JANUARY + 10 * DAY_MS, toExclusive: JANUARY + 12 * DAY_MS }];
    const cold = daily(31).filter((_, day) => day < 10 || day >= 12);
    expect(plan(cold, { pinned }).merges.map(({ sliceIds }) => sliceIds.length)).toEqual([10, 19]);
  });

  it('sorts no more at once than fits', () => {
    const { merges } = plan(daily(31, { bytes: 100 * MB, rows: 3_000_000 }), {});
    for (const { bytes, rows } of merges) {
      expect(bytes).toBeLessThanOrEqual(4 * 256 * MB);
      expect(rows).toBeLessThanOrEqual(20_000_000);
    }
  });

  it('refuses where old and new would not fit beside each other', () => {
    const { refusals } = plan(daily(31), { freeBytes: 100_000 });
    expect(refusals).toMatchObject([{ guard: 'disk_space', forceable: false }]);
    expect(plan(daily(2), { freeBytes: 0 }).refusals).toEqual([]);
  });

  it('takes each slice once at most, within one month and one schema, and comes to an end', () => {
    const anySlice = fc.record({
      day: fc.integer({ min: 0, max: 100 }),
      schema: fc.constantFrom('a', 'b'),
      bytes: fc.integer({ min: 100, max: 300 * MB }),
      rows: fc.integer({ min: 1, max: 10_000_000 }),
      segments: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(anySlice, { maxLength: 120 }), (some) => {
        const slices = some.map(({ day, ...facts }, index) =>
          slice(index + 1, JANUARY + day * DAY_MS, facts),
        );
        const found = plan(slices);
        const ids = found.merges.flatMap(({ sliceIds }) => sliceIds);
        expect(new Set(ids).size).toBe(ids.length);
        for (const merge of found.merges) {
          const taken = slices.filter(({ id }) => merge.sliceIds.includes(id));
          expect(new Set(taken.map(({ schema }) => schema)).size).toBe(1);
          const months = new Set(
            taken.map(({ range }) => new Date(range.fromInclusive).toISOString().slice(0, 7)),
          );
          expect(months.size).toBe(1);
          expect(merge.rows).toBe(taken.reduce((sum, { rows }) => sum + rows, 0));
        }
        const left = slices.filter(({ id }) => !ids.includes(id));
        const merged = found.merges.map((merge, index) =>
          slice(10_000 + index, merge.range.fromInclusive, {
            ...merge,
            schema: slices.find(({ id }) => id === merge.sliceIds[0])?.schema ?? 'a',
            segments: merge.segmentsAfter,
          }),
        );
        const again = plan([...left, ...merged]);
        expect(again.segments).toBe(found.segments - segmentsSpared(found));
        expect(segmentsSpared(again)).toBeLessThanOrEqual(again.segments);
      }),
    );
  });
});
