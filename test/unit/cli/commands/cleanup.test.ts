import { describe, expect, it } from 'vitest';
import { statementOf } from '../../../../src/cli/commands/cleanup.ts';
import type { RotationPlan } from '../../../../src/domain/plan/plan.ts';
import { HOUR_MS } from '../../../../src/domain/time/time-range.ts';
import { day } from '../../domain/planning-fixtures.ts';

const plan = (changes: Partial<RotationPlan>): RotationPlan => ({
  dataset: 'ticks',
  table: 'public.ticks',
  tableKind: 'plain',
  cutoffs: { aged: day(10), closed: null },
  moves: [],
  rows: 1200,
  estimatedHotBytes: 48_000,
  again: null,
  refusals: [],
  notes: [],
  ...changes,
});

const future = {
  guard: 'future_rows',
  message: '1 row is dated ahead',
  hint: '',
  forceable: true,
};

describe('what cleanup asks', () => {
  it('names table, rows and the day before which they leave; nothing of tables without', () => {
    expect(statementOf([plan({}), plan({ table: 'public.empty', rows: 0 })], false)).toBe(
      'This moves to the lake, and deletes from PostgreSQL once proven:\n  1,200 rows (about 46.9 KB) of public.ticks: those before 2026-01-11',
    );
  });

  it('says that other intervals leave earlier', () => {
    const cutoffs = { aged: day(10), closed: day(40) + HOUR_MS };
    expect(statementOf([plan({ cutoffs })], false)).toContain(
      'those before 2026-01-11 and, of intervals that do not stay hot, those before 2026-02-10T01:00Z',
    );
  });

  it('leaves out what a guard would refuse after the answer, unless forced', () => {
    const plans = [plan({}), plan({ table: 'public.news', refusals: [future] })];
    expect(statementOf(plans, false)).toMatch(
      /ticks: .*\nThese stay, for a guard refuses them:\n {2}public\.news: 1 row is dated ahead$/,
    );
    expect(statementOf(plans, true)).toMatch(/of public\.news: those before/);
  });
});
