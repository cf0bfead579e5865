/** What would go to the far place of the lake, or went, as it is printed. */
import { countOf } from '../../domain/count.ts';
import { bytesOfAll, type TieringPlan } from '../../domain/plan/tiering.ts';
import type { DatasetResult, Wholeness } from '../../jobs/rotate-all.ts';
import type { TieringOutcome } from '../../jobs/tiering/rooms.ts';
import type { Report } from '../context.ts';
import { formatBytes, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import type { LeftOut } from './left-out.ts';
import { reportDryRun, reportOutcomes } from './results.ts';

/** Where none is named, those are looked at that have an age for it. */
const NONE_GOES = 'Nothing goes far: no dataset has far_days.';

export function reportTieringPlans(results: readonly DatasetResult<TieringPlan>[]): Report {
  return reportDryRun(results, {
    documentOf: planDocument,
    render: renderPlan,
    isRefused: () => false,
    ofNone: NONE_GOES,
  });
}

export function reportTierings(
  results: readonly DatasetResult<TieringOutcome>[],
  leftOut: readonly LeftOut[],
): Report {
  return reportOutcomes(results, leftOut, {
    items: 'datasets',
    documentOf: outcomeDocument,
    render,
    wholenessOf,
    ofNone: NONE_GOES,
  });
}

function wholenessOf({ sent, failed }: TieringOutcome): Wholeness {
  if (failed.length === 0) return 'done';
  return sent > 0 ? 'partly' : 'failed';
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function planDocument({ dataset, before, far, due, needless }: TieringPlan): unknown {
  return {
    dataset,
    before: iso(before),
    far,
    segments: due.length,
    bytes: bytesOfAll(due),
    rows: due.reduce((sum, { rows }) => sum + rows, 0),
    near_copies_to_remove: needless.length,
    near_bytes_to_free: bytesOfAll(needless),
  };
}

function outcomeDocument(outcome: TieringOutcome): unknown {
  const { plan, sent, sentBytes, cleared, clearedBytes, failed } = outcome;
  return {
    dataset: plan.dataset,
    before: iso(plan.before),
    far: plan.far,
    segments_planned: plan.due.length,
    segments_sent: sent,
    bytes_sent: sentBytes,
    near_copies_removed: cleared,
    near_bytes_freed: clearedBytes,
    failed,
  };
}

function renderPlan(
  { dataset, before, far, due, needless }: TieringPlan,
  { colour }: Style,
): string {
  const rows = formatRows(due.reduce((sum, segment) => sum + segment.rows, 0));
  const what =
    before === null
      ? 'has no far_days, so that all of it stays near'
      : due.length === 0
        ? `nothing is due that ends by ${dayOf(before)}`
        : `${countOf(due.length, 'segment')} (${formatBytes(bytesOfAll(due))}, ${rows}) that end by ${dayOf(before)} would go to ${far}`;
  return [
    `${colour.bold(dataset)}: ${what}`,
    ...(needless.length === 0
      ? []
      : [
          `  near copies of ${countOf(needless.length, 'segment')} that lie there would be removed: ${formatBytes(bytesOfAll(needless))}`,
        ]),
  ].join('\n');
}

function render(outcome: TieringOutcome, { colour }: Style): string {
  const { plan, sent, sentBytes, cleared, clearedBytes, failed } = outcome;
  const word = { done: colour.green('done'), partly: colour.yellow('partly') };
  const how = failed.length === 0 ? word.done : sent > 0 ? word.partly : colour.red('failed');
  return [
    sent === 0
      ? `${how} ${plan.dataset}: nothing went far`
      : `${how} ${plan.dataset}: ${countOf(sent, 'segment')} (${formatBytes(sentBytes)}) went to ${plan.far}, each read back from there; near they stay until nobody reads them any more`,
    ...(cleared === 0
      ? []
      : [
          `  removed ${countOf(cleared, 'near copy', 'near copies')} of what lies far: ${formatBytes(clearedBytes)}`,
        ]),
    ...failed.map(({ key, reason }) => `  ${key} stays near: ${reason}`),
  ].join('\n');
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
