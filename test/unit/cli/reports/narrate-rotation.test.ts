/** How the log and the bar tell what a rotation does. */
import pino from 'pino';
import { expect, it } from 'vitest';
import type { CliContext } from '../../../../src/cli/context.ts';
import { narrate } from '../../../../src/cli/reports/narrate-rotation.ts';
import { planRotation } from '../../../../src/domain/plan/plan.ts';
import { makePlanInput } from '../../domain/planning-fixtures.ts';

it('tells what a plan advises at info: it is the same each night, and nothing is wrong', () => {
  const lines: { level: number; msg: string }[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  const progress = { update: () => undefined, end: () => undefined };
  const context = { logger, createProgress: () => progress } as unknown as CliContext;
  const plan = planRotation(makePlanInput({ notes: ['make larger slices'] }));
  narrate(context).emit({ kind: 'planned', dataset: 'bars', plan });
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [pino.levels.values['info'], 'bars: make larger slices'],
  ]);
});

it('names no slice of the dataset before while the first of the next is exported', () => {
  const labels: string[] = [];
  const progress = {
    update: ({ label }: { label: string }) => labels.push(label),
    end: () => undefined,
  };
  const context = { logger: pino({ enabled: false }), createProgress: () => progress };
  const { emit } = narrate(context as unknown as CliContext);
  const plan = planRotation(makePlanInput({}));
  const range = { fromInclusive: 0, toExclusive: 3_600_000 };
  emit({ kind: 'planned', dataset: 'bars', plan });
  emit({ kind: 'step', dataset: 'bars', range, step: 'commit' });
  emit({ kind: 'planned', dataset: 'news', plan });
  emit({ kind: 'exported', dataset: 'news', rows: 1 });
  expect(labels.at(-1)).toBe('news export');
});
