import { describe, expect, it } from 'vitest';
import {
  type DeletionInput,
  planDeletion,
  type ThinnedSlice,
} from '../../../../src/domain/plan/deletion.ts';
import type { Hold } from '../../../../src/domain/plan/holds.ts';
import { DAY_MS, type TimeRange } from '../../../../src/domain/time/time-range.ts';
import { makeDataset } from '../../../support/rotation.ts';

const BARS = makeDataset('bars');

const slice = (day: number, changes: Partial<ThinnedSlice> = {}): ThinnedSlice => ({
  id: String(day),
  range: { fromInclusive: day * DAY_MS, toExclusive: (day + 1) * DAY_MS },
  chosen: 10,
  chosenSpan: { fromInclusive: day * DAY_MS + 1000, toExclusive: day * DAY_MS + 2001 },
  rows: 100,
  bytes: 1_048_576,
  segments: 1,
  ...changes,
});

const input = (changes: Partial<DeletionInput> = {}): DeletionInput => ({
  dataset: BARS,
  span: null,
  coldRows: 1000,
  slices: [slice(1), slice(2)],
  hotRows: 0,
  coldOnly: false,
  mayEmpty: false,
  holds: [],
  freeBytes: null,
  minFreeBytes: 0,
  ...changes,
});

const hold = (range: TimeRange | null): Hold => ({
  id: '7',
  dataset: 'bars',
  range,
  reason: 'case 17',
  by: 'ann',
  since: 0,
  until: null,
});

const guards = (changes: Partial<DeletionInput>): readonly string[] =>
  planDeletion(input(changes)).refusals.map(({ guard }) => guard);

describe('a plan of a deletion', () => {
  it('sums up the rows that go', () => {
    expect(planDeletion(input())).toMatchObject({ rows: 20, refusals: [] });
  });

  it('is refused where a hold is on rows that go, and not where it is on others of their slice', () => {
    const at = (from: number, to: number): Hold =>
      hold({ fromInclusive: DAY_MS + from, toExclusive: DAY_MS + to });
    expect(guards({ holds: [hold(null)] })).toEqual(['held']);
    expect(guards({ holds: [at(2000, 3000)] })).toEqual(['held']);
    expect(guards({ holds: [at(2001, 3000), at(0, 1000)] })).toEqual([]);
  });

  it('is refused while rows that match are hot, unless they may stay or nobody knows', () => {
    expect(guards({ hotRows: 1 })).toEqual(['hot_rows']);
    expect(guards({ hotRows: 1, coldOnly: true })).toEqual([]);
    expect(guards({ hotRows: null, coldOnly: true })).toEqual([]);
  });

  it('is refused where much or all would go', () => {
    const limits = { ...BARS.limits, maxShare: 0.01 };
    expect(guards({ dataset: { ...BARS, limits } })).toEqual(['share_of_lake']);
    expect(guards({ coldRows: 20 })).toEqual(['all_of_lake']);
    expect(guards({ coldRows: 20, mayEmpty: true })).toEqual([]);
    expect(guards({ coldRows: 0, slices: [] })).toEqual([]);
  });

  it('is refused where the slices do not fit beside themselves', () => {
    expect(guards({ freeBytes: 2_000_000 })).toEqual(['disk_space']);
    expect(guards({ freeBytes: 2_097_152 })).toEqual([]);
  });
});
