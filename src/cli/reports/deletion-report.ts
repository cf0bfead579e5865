/** What a deletion would take out of the lake, or did, as it is printed. */
import { agree, countOf } from '../../domain/count.ts';
import type { DeletionPlan, ThinnedSlice } from '../../domain/plan/deletion.ts';
import { standing } from '../../domain/plan/refusal.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { wholenessOf } from '../../jobs/changes-end.ts';
import { changesOf, type DeletionOutcome } from '../../jobs/deletion/outcome.ts';
import type { DeletionRequest } from '../../jobs/deletion/rooms.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { rangeDocument } from './range-document.ts';
import { refusalLines } from './refusal-lines.ts';
import { reportDryRun, reportOutcomes } from './results.ts';

const SLICES_SHOWN = 40;

export function reportDeletionPlan(
  results: readonly DatasetResult<DeletionPlan>[],
  force: boolean,
): Report {
  return reportDryRun(results, {
    documentOf: planDocument,
    render: renderPlan,
    isRefused: ({ refusals }) => standing(refusals, force).length > 0,
  });
}

export function reportDeletion(
  results: readonly DatasetResult<DeletionOutcome>[],
  request: Pick<DeletionRequest, 'now'>,
): Report {
  return reportOutcomes(results, [], {
    items: 'datasets',
    documentOf: outcomeDocument,
    render: (outcome, style) => render(outcome, request, style),
    wholenessOf: ({ totals }) => wholenessOf(changesOf(totals)),
  });
}

function planDocument(plan: DeletionPlan): Record<string, unknown> {
  return {
    dataset: plan.dataset,
    span: plan.span === null ? null : rangeDocument(plan.span),
    cold_rows: plan.coldRows,
    rows: plan.rows,
    hot_rows: plan.hotRows,
    slices: plan.slices.map(({ range, chosen, rows, bytes, segments }) => ({
      ...rangeDocument(range),
      rows: chosen,
      rows_left: rows - chosen,
      bytes,
      segments,
    })),
    refusals: plan.refusals,
  };
}

function outcomeDocument({ plan, totals }: DeletionOutcome): Record<string, unknown> {
  const { rows, emptied } = sumsOf({ plan, totals });
  return {
    dataset: plan.dataset,
    rows_planned: plan.rows,
    rows_deleted: rows,
    slices_changed: totals.deleted.length,
    slices_emptied: emptied,
    hot_rows: plan.hotRows,
    files_removed: totals.removed,
    slices_failed: totals.failed.map(({ planned, error }) => ({
      ...rangeDocument(planned.range),
      ...errorDocument(error),
    })),
  };
}

function sumsOf({ totals: { deleted } }: DeletionOutcome): {
  readonly rows: number;
  readonly emptied: number;
} {
  return {
    rows: deleted.reduce((sum, { planned }) => sum + planned.chosen, 0),
    emptied: deleted.filter(({ segments }) => segments === 0).length,
  };
}

function renderPlan(plan: DeletionPlan, style: Style): string {
  const { colour } = style;
  const shown = plan.slices.slice(0, SLICES_SHOWN);
  const hidden = plan.slices.length - shown.length;
  const name = colour.bold(plan.dataset);
  return [
    plan.rows === 0
      ? `${name}: no row of the lake matches`
      : `${name}: ${formatInteger(plan.rows)} of ${formatRows(plan.coldRows)} would be deleted from the lake`,
    ...(shown.length === 0 ? [] : [renderSlices(shown, style)]),
    ...(hidden > 0 ? [`… and ${formatInteger(hidden)} more (--json shows each)`] : []),
    `  ${hotLine(plan)}`,
    ...refusalLines(plan.refusals, style),
  ].join('\n');
}

function renderSlices(slices: readonly ThinnedSlice[], style: Style): string {
  return renderTable(
    [
      { title: 'TIME (UTC)' },
      { title: 'ROWS', align: 'right' },
      { title: 'LEFT', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'SEGMENTS', align: 'right' },
    ],
    slices.map(({ range, chosen, rows, bytes, segments }) => [
      formatRange(range),
      formatInteger(chosen),
      formatInteger(rows - chosen),
      formatBytes(bytes),
      formatInteger(segments),
    ]),
    style,
  );
}

/** Whoever reads that it is done must not take it for more than it is. */
function hotLine({ hotRows }: DeletionPlan): string {
  if (hotRows === null) return 'in PostgreSQL: not counted, for there are too many to look at';
  if (hotRows === 0) return 'in PostgreSQL: no row matches';
  return `in PostgreSQL: ${countOf(hotRows, 'row')} ${agree(hotRows, 'matches and stays', 'match and stay')} visible, until you delete ${agree(hotRows, 'it', 'them')} there`;
}

function render(
  outcome: DeletionOutcome,
  { now }: Pick<DeletionRequest, 'now'>,
  { colour }: Style,
): string {
  const { plan, totals } = outcome;
  const { rows, emptied } = sumsOf(outcome);
  const { deleted, failed, removed } = totals;
  const how = failed.length === 0 ? colour.green('done') : colour.yellow('partly');
  const slices = `${countOf(deleted.length - emptied, 'slice')} written anew${emptied === 0 ? '' : `, ${formatInteger(emptied)} left without rows`}`;
  const what =
    deleted.length === 0
      ? 'no row of the lake was deleted'
      : `${formatRows(rows)} deleted from the lake, ${slices}`;
  const files = now
    ? `${countOf(removed, 'replaced file')} removed`
    : deleted.length === 0
      ? null
      : 'the old files go with the first job on the dataset after maintenance.grace_period';
  return [
    `${how} ${plan.dataset}: ${[what, files].filter((part) => part !== null).join('; ')}`,
    `  ${hotLine(plan)}`,
    ...failed.flatMap(({ planned, error }) => [
      `  ${formatRange(planned.range)} stays as it was: ${error.message}`,
      ...(error.hint === undefined ? [] : [`    ${error.hint}`]),
    ]),
  ].join('\n');
}
