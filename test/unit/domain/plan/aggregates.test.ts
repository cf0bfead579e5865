import { describe, expect, it } from 'vitest';
import {
  type ContinuousAggregate,
  judgeAggregate,
  judgeRefreshPolicy,
  type RefreshPolicy,
} from '../../../../src/domain/plan/aggregates.ts';
import { EARLIEST_MS, type Region } from '../../../../src/domain/plan/regions.ts';
import type { TimeColumn } from '../../../../src/domain/table.ts';
import { day, makePart, makeTable } from '../planning-fixtures.ts';

const table = makeTable([makePart('a', 0, 7), makePart('b', 7, 14), makePart('c', 14, 21)]);
const [a, b] = table.parts;
if (a === undefined || b === undefined) throw new Error('no parts');

const dropped = (part: typeof a): Region => ({
  lane: 'aged',
  removal: 'drop',
  range: part.range,
  parts: [part],
});
const regions = [dropped(a), dropped(b)];
const before: Region = {
  lane: 'aged',
  removal: 'delete',
  range: { fromInclusive: EARLIEST_MS, toExclusive: day(0) },
  parts: [],
};
const view = { schema: 'public', name: 'daily' };
const aggregate = (changes: Partial<ContinuousAggregate>): ContinuousAggregate => ({
  kind: 'continuous_aggregate',
  view,
  materializedUpTo: day(20),
  neverMaterializedBefore: null,
  ...changes,
});
const policy = (from: number | null): RefreshPolicy => ({
  kind: 'refresh_policy',
  view,
  job: 1000,
  startOffset: from === null ? null : '30 days',
  from,
});

describe('a continuous aggregate', () => {
  it('refuses rows that it has not reached, and cannot be forced', () => {
    expect(judgeAggregate(table, aggregate({}), regions)).toBeNull();
    expect(judgeAggregate(table, aggregate({ materializedUpTo: day(14) }), regions)).toBeNull();
    expect(judgeAggregate(table, aggregate({ materializedUpTo: day(13) }), regions)).toMatchObject({
      guard: 'continuous_aggregate',
      forceable: false,
      message: expect.stringMatching(/2026-01-14T.* rows up to 2026-01-15T/) as unknown,
      hint: `call refresh_continuous_aggregate('"public"."daily"', '2026-01-14T00:00:00.000Z', null)`,
    });
    expect(judgeAggregate(table, aggregate({ materializedUpTo: null }), regions)).not.toBeNull();
    expect(judgeAggregate(table, aggregate({ materializedUpTo: null }), [])).toBeNull();
  });

  it('that has taken up nothing is told as such, whatever the type of its time', () => {
    const nothing = aggregate({ materializedUpTo: EARLIEST_MS });
    expect(judgeAggregate(table, nothing, regions)).toMatchObject({
      message: expect.stringContaining('has taken up nothing') as unknown,
      hint: expect.stringContaining(`'"public"."daily"', null, null`) as unknown,
    });
  });

  it.each([
    [{ name: 'ts', kind: 'timestamp' }, `'2026-01-14T00:00:00.000'`],
    [{ name: 'ts', kind: 'date' }, `'2026-01-14'`],
    [{ name: 'ts', kind: 'integer', unit: 's' }, '1768348800'],
    [{ name: 'ts', kind: 'integer', unit: 'ns' }, '1768348800000000000'],
  ] as const)('hints at a refresh in the words of %o', (timeColumn: TimeColumn, text) => {
    const refusal = judgeAggregate(
      { ...table, timeColumn },
      aggregate({ materializedUpTo: day(13) }),
      regions,
    );
    expect(refusal?.hint).toContain(`'"public"."daily"', ${text}, null`);
  });

  it('that never took up the oldest rows refuses once, and may be forced', () => {
    const never = aggregate({ neverMaterializedBefore: day(3) });
    expect(judgeAggregate(table, never, regions)).toMatchObject({
      forceable: true,
      hint: expect.stringContaining(
        `'2026-01-01T00:00:00.000Z', '2026-01-04T00:00:00.000Z'`,
      ) as unknown,
    });
    expect(judgeAggregate(table, never, [dropped(b)])).toBeNull();
  });

  it('minds no stretch of time in which there is no chunk', () => {
    expect(
      judgeAggregate(table, aggregate({ materializedUpTo: EARLIEST_MS }), [before]),
    ).toBeNull();
    const never = aggregate({ neverMaterializedBefore: day(0) });
    expect(judgeAggregate(table, never, [before, ...regions])).toBeNull();
  });
});

describe('a policy that refreshes an aggregate', () => {
  it('is refused when it would aggregate rows again that are to leave', () => {
    expect(judgeRefreshPolicy(table, policy(day(14)), regions)).toBeNull();
    expect(judgeRefreshPolicy(table, policy(day(13)), regions)).toMatchObject({
      guard: 'refresh_policy',
      forceable: true,
      message: expect.stringContaining('start_offset 30 days') as unknown,
    });
    expect(judgeRefreshPolicy(table, policy(null), regions)?.message).toContain('everything');
    expect(judgeRefreshPolicy(table, policy(null), [])).toBeNull();
  });
});
