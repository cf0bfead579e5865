import { describe, expect, it } from 'vitest';
import { type MeasuredRegion, planRotation } from '../../../../src/domain/plan/plan.ts';
import { standing } from '../../../../src/domain/plan/refusal.ts';
import { DAY_MS } from '../../../../src/domain/time/time-range.ts';
import { day, makeDataset, makePart, makePlanInput } from '../planning-fixtures.ts';

const deletion: MeasuredRegion = {
  lane: 'aged',
  removal: 'delete',
  range: { fromInclusive: day(0), toExclusive: day(3) },
  parts: [],
  slices: [
    { range: { fromInclusive: day(0), toExclusive: day(1) }, rows: 10 },
    { range: { fromInclusive: day(2), toExclusive: day(3) }, rows: 20 },
  ],
};
const drop: MeasuredRegion = {
  ...deletion,
  removal: 'drop',
  parts: [makePart('a', 0, 3)],
};

const guardsOf = (input: Parameters<typeof makePlanInput>[0]): readonly string[] =>
  planRotation(makePlanInput({ regions: [deletion], ...input })).refusals.map((r) => r.guard);

describe('a plan', () => {
  it('moves a deletion slice by slice', () => {
    const plan = planRotation(makePlanInput({ regions: [deletion] }));
    expect(plan.moves.map((move) => move.rows)).toEqual([10, 20]);
    expect(plan.rows).toBe(30);
    expect(plan.refusals).toEqual([]);
  });

  it('moves all slices of dropped parts at once', () => {
    const plan = planRotation(makePlanInput({ regions: [drop] }));
    expect(plan.moves).toHaveLength(1);
    expect(plan.moves[0]?.slices).toHaveLength(2);
    expect(plan.moves[0]?.range).toEqual(drop.range);
  });

  it('suggests larger slices where most of many have few rows, and only there', () => {
    const daily = (rows: (n: number) => number, count = 40): MeasuredRegion => ({
      ...deletion,
      slices: Array.from({ length: count }, (_, n) => ({
        range: { fromInclusive: day(n), toExclusive: day(n + 1) },
        rows: rows(n),
      })),
    });
    const notesFor = (region: MeasuredRegion, slice: 'hour' | 'day' | 'month' = 'day') =>
      planRotation(makePlanInput({ dataset: makeDataset({ slice }), regions: [region] })).notes;
    expect(notesFor(daily(() => 24))).toEqual([
      '40 slices of a day have a median of 24 rows, and each becomes a file of its own: `slice: month` under datasets.market_data makes fewer and larger ones',
    ]);
    expect(
      notesFor(
        daily(() => 24),
        'hour',
      )[0],
    ).toContain('`slice: day`');
    expect(notesFor(daily((n) => (n < 5 ? 1 : 50_000)))).toEqual([]);
    expect(notesFor(daily(() => 24, 5))).toEqual([]);
    expect(
      notesFor(
        daily(() => 24),
        'month',
      ),
    ).toEqual([]);
  });

  it('leaves parts alone that hold no rows', () => {
    expect(planRotation(makePlanInput({ regions: [{ ...drop, slices: [] }] })).moves).toEqual([]);
  });

  it('names a part that waits for its end', () => {
    const table = {
      ...makePlanInput({}).table,
      parts: [makePart('late', 7, 14)],
    };
    expect(planRotation(makePlanInput({ table })).notes.join()).toContain('public.late');
  });
});

describe('a guard refuses', () => {
  it('when the clocks differ', () => {
    expect(guardsOf({ facts: { databaseNow: day(40) + 61_000 } })).toEqual(['clock_skew']);
    expect(guardsOf({ facts: { databaseNow: day(40) + 60_000 } })).toEqual([]);
  });

  it('when the clock is behind the last run', () => {
    expect(guardsOf({ facts: { lastRunAt: day(40) + 61_000 } })).toEqual(['clock_jump']);
  });

  it('when the clock is far ahead of the last run', () => {
    expect(guardsOf({ facts: { lastRunAt: day(40) - 31 * DAY_MS } })).toEqual(['clock_jump']);
    expect(guardsOf({ facts: { lastRunAt: null } })).toEqual([]);
  });

  it('when rows lie in the future', () => {
    expect(guardsOf({ facts: { futureRows: 1, furthestFuture: '2099-01-01' } })).toEqual([
      'future_rows',
    ]);
  });

  it('when most of a table would leave', () => {
    expect(guardsOf({ facts: { tableRows: 40 } })).toEqual([]);
    const many = {
      ...deletion,
      slices: [{ range: deletion.range, rows: 6000 }],
    };
    expect(guardsOf({ regions: [many] })).toEqual(['share_of_table']);
  });

  it('when the disk is too full, and then no force helps', () => {
    const plan = planRotation(makePlanInput({ regions: [deletion], facts: { freeBytes: 1000 } }));
    expect(standing(plan.refusals, true).map((r) => r.guard)).toEqual(['disk_space']);
  });

  it('with the figure and the limit in its message', () => {
    const many = {
      ...deletion,
      slices: [{ range: deletion.range, rows: 6000 }],
    };
    const [refusal] = planRotation(makePlanInput({ regions: [many] })).refusals;
    expect(refusal?.message).toContain('6000 of 10000');
    expect(refusal?.message).toContain('60.0 %');
    expect(refusal?.message).toContain('50.0 %');
  });

  it('but force overrules it', () => {
    const plan = planRotation(makePlanInput({ regions: [deletion], facts: { lastRunAt: day(1) } }));
    expect(standing(plan.refusals, false)).toHaveLength(1);
    expect(standing(plan.refusals, true)).toEqual([]);
  });
});
