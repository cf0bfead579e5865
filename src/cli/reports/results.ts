/** The results of a job over several datasets, as its report has them. */
import {
  type DatasetResult,
  errorsOf,
  exitCodeOf,
  outcomesOf,
  type Wholeness,
} from '../../jobs/rotate-all.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import type { Style } from '../terminal/style.ts';
import { type LeftOut, leftOutDocument, renderLeftOut } from './left-out.ts';

/** @param key under which an item is named that has an error in place of an outcome */
export function documentsOf<Outcome>(
  results: readonly DatasetResult<Outcome>[],
  documentOf: (outcome: Outcome) => unknown,
  key: 'dataset' | 'source' = 'dataset',
): readonly unknown[] {
  return results.map((result) =>
    'error' in result
      ? { [key]: result.dataset, ...errorDocument(result.error) }
      : documentOf(result.outcome),
  );
}

interface OutcomeForms<Outcome> {
  readonly items: 'datasets' | 'sources';
  readonly documentOf: (outcome: Outcome) => unknown;
  readonly render: (outcome: Outcome, style: Style) => string;
  readonly wholenessOf: (outcome: Outcome) => Wholeness;
  /** Where there is not a single item. */
  readonly ofNone?: string;
}

/** What was done, item by item, and which items were left out. */
export function reportOutcomes<Outcome>(
  results: readonly DatasetResult<Outcome>[],
  leftOut: readonly LeftOut[],
  { items, documentOf, render, wholenessOf, ofNone = '' }: OutcomeForms<Outcome>,
): Report {
  const documents = documentsOf(results, documentOf, items === 'sources' ? 'source' : 'dataset');
  return {
    json: { [items]: documents, left_out: leftOutDocument(leftOut) },
    text: (style) =>
      [
        ...outcomesOf(results).map((outcome) => render(outcome, style)),
        ...renderLeftOut(leftOut, style),
        ...(results.length + leftOut.length === 0 ? [ofNone] : []),
      ].join('\n'),
    failures: errorsOf(results),
    exitCode: exitCodeOf(results, wholenessOf),
  };
}

interface PlanForms<Plan> {
  readonly documentOf: (plan: Plan) => unknown;
  readonly render: (plan: Plan, style: Style) => string;
  /** `partly`: the rest would be done. */
  readonly isRefused: (plan: Plan) => boolean | 'partly';
  /** As of `OutcomeForms`. */
  readonly ofNone?: string;
}

/** What a job would do, dataset by dataset. Exits as the job would. */
export function reportDryRun<Plan>(
  results: readonly DatasetResult<Plan>[],
  { documentOf, render, isRefused, ofNone = '' }: PlanForms<Plan>,
): Report {
  return {
    json: { dry_run: true, datasets: documentsOf(results, documentOf) },
    text: (style) =>
      results.length === 0
        ? ofNone
        : outcomesOf(results)
            .map((plan) => render(plan, style))
            .join('\n\n'),
    failures: errorsOf(results),
    exitCode: exitCodeOf(results, (plan) => {
      const how = isRefused(plan);
      return how === 'partly' ? how : how ? 'refused' : 'done';
    }),
  };
}
