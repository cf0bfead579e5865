import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { reportPlans } from '../../../../src/cli/reports/plan-report.ts';
import { styleOf } from '../../../../src/cli/terminal/style.ts';
import { type MeasuredRegion, planRotation } from '../../../../src/domain/plan/plan.ts';
import { day, makePart, makePlanInput } from '../../domain/planning-fixtures.ts';

const plain = styleOf(new PassThrough(), { wanted: true, env: {} });

const daily = (from: number, to: number): MeasuredRegion => ({
  lane: 'aged',
  removal: 'delete',
  range: { fromInclusive: day(from), toExclusive: day(to) },
  parts: [],
  slices: Array.from({ length: to - from }, (_, n) => ({
    range: { fromInclusive: day(from + n), toExclusive: day(from + n + 1) },
    rows: 2_000,
  })),
});
const dropped = (n: number): MeasuredRegion => ({
  ...daily(n, n + 1),
  removal: 'drop',
  parts: [makePart(`chunk_${String(n)}`, n, n + 1)],
});

function linesOf(...regions: MeasuredRegion[]): string[] {
  const plan = planRotation(makePlanInput({ regions, facts: { tableRows: 10_000_000 } }));
  const { text } = reportPlans([{ dataset: 'market_data', outcome: plan }], false);
  return text(plain).split('\n').slice(1);
}

it('a few moves are shown each', () => {
  expect(linesOf(daily(0, 2))).toEqual([
    'RANGE        ROWS  FILES OF  REMOVAL',
    '2026-01-01  2,000  1 slice   delete rows',
    '2026-01-02  2,000  1 slice   delete rows',
  ]);
});

it('many are shown by the month, apart by how they are removed', () => {
  const drops = Array.from({ length: 31 }, (_, n) => dropped(59 + n));
  expect(linesOf(daily(0, 59), ...drops)).toEqual([
    'RANGE      ROWS  FILES OF   REMOVAL',
    '2026-01  62,000  31 slices  delete rows',
    '2026-02  56,000  28 slices  delete rows',
    '2026-03  62,000  31 slices  drop 31 parts',
  ]);
});

it('months beyond a screenful are summed up', () => {
  expect(linesOf(daily(0, 800)).at(-1)).toBe(
    '… and 7 months more with 384,000 rows (--json shows each move)',
  );
});
