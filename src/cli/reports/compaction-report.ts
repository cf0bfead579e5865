/** What a compaction would do, or did, as it is printed. */
import { countOf } from '../../domain/count.ts';
import {
  type CompactionPlan,
  type PlannedMerge,
  segmentsSpared,
} from '../../domain/plan/compaction.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { wholenessOf } from '../../jobs/changes-end.ts';
import type { CompactionTotals } from '../../jobs/compaction/merge-all.ts';
import { type CompactionOutcome, changesOf } from '../../jobs/compaction/outcome.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import type { LeftOut } from './left-out.ts';
import { rangeDocument } from './range-document.ts';
import { refusalLines } from './refusal-lines.ts';
import { reportDryRun, reportOutcomes } from './results.ts';

const MERGES_SHOWN = 40;

export function reportCompactionPlans(results: readonly DatasetResult<CompactionPlan>[]): Report {
  return reportDryRun(results, {
    documentOf: planDocument,
    render: renderPlan,
    isRefused: ({ refusals }) => refusals.length > 0,
  });
}

export function reportCompactions(
  results: readonly DatasetResult<CompactionOutcome>[],
  leftOut: readonly LeftOut[],
): Report {
  return reportOutcomes(results, leftOut, {
    items: 'datasets',
    documentOf: outcomeDocument,
    render,
    wholenessOf: ({ totals }) => wholenessOf(changesOf(totals)),
  });
}

function planDocument(plan: CompactionPlan): Record<string, unknown> {
  return {
    dataset: plan.dataset,
    segments: plan.segments,
    segments_after: plan.segments - segmentsSpared(plan),
    merges: plan.merges.map((merge) => ({
      ...rangeDocument(merge.range),
      rows: merge.rows,
      bytes: merge.bytes,
      slices: merge.sliceIds.length,
      segments: merge.segments,
      segments_after: merge.segmentsAfter,
      kind: merge.kind,
    })),
    refusals: plan.refusals,
  };
}

function outcomeDocument({ plan, totals }: CompactionOutcome): Record<string, unknown> {
  const { rows, before, after, bytes } = sumsOf(totals);
  return {
    dataset: plan.dataset,
    merges_planned: plan.merges.length,
    merges_done: totals.merged.length,
    rows_merged: rows,
    segments_before: before,
    segments_after: after,
    bytes_written: bytes,
    merges_failed: totals.failed.map(({ planned, error }) => ({
      ...rangeDocument(planned.range),
      ...errorDocument(error),
    })),
  };
}

function sumsOf({ merged }: CompactionTotals): {
  readonly rows: number;
  readonly before: number;
  readonly after: number;
  readonly bytes: number;
} {
  return {
    rows: merged.reduce((sum, { planned }) => sum + planned.rows, 0),
    before: merged.reduce((sum, { planned }) => sum + planned.segments, 0),
    after: merged.reduce((sum, { segments }) => sum + segments, 0),
    bytes: merged.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function renderPlan(plan: CompactionPlan, style: Style): string {
  const { colour } = style;
  if (plan.merges.length === 0) return nothingToMerge(plan, style);
  const after = plan.segments - segmentsSpared(plan);
  const shown = plan.merges.slice(0, MERGES_SHOWN);
  const hidden = plan.merges.length - shown.length;
  return [
    `${colour.bold(plan.dataset)}: ${countOf(plan.segments, 'segment')} would become about ${formatInteger(after)}`,
    renderMerges(shown, style),
    ...(hidden > 0 ? [`… and ${formatInteger(hidden)} more (--json shows each)`] : []),
    ...refusalLines(plan.refusals, style),
  ].join('\n');
}

function renderMerges(merges: readonly PlannedMerge[], style: Style): string {
  return renderTable(
    [
      { title: 'TIME (UTC)' },
      { title: 'ROWS', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'SEGMENTS', align: 'right' },
      { title: 'AFTER', align: 'right' },
    ],
    merges.map(({ kind, range, rows, bytes, segments, segmentsAfter }) => [
      formatRange(range),
      formatInteger(rows),
      formatBytes(bytes),
      formatInteger(segments),
      kind === 'merge' ? `about ${formatInteger(segmentsAfter)}` : 'anew',
    ]),
    style,
  );
}

function render({ plan, totals }: CompactionOutcome, style: Style): string {
  const { colour } = style;
  if (plan.merges.length === 0) return nothingToMerge(plan, style);
  const { rows, before, after, bytes } = sumsOf(totals);
  const word = { done: colour.green('done'), partly: colour.yellow('partly') };
  const how = wholenessOf(changesOf(totals)) === 'done' ? word.done : word.partly;
  const became = totals.merged.some(({ planned }) => planned.kind === 'merge')
    ? `merged into ${formatInteger(after)} of`
    : 'written anew,';
  return [
    `${how} ${plan.dataset}: ${countOf(before, 'segment')} ${became} ${formatBytes(bytes)}, ${formatRows(rows)}, ${formatInteger(totals.merged.length)} of ${countOf(plan.merges.length, 'merge')}`,
    ...totals.failed.flatMap(({ planned, error }) => [
      `  ${formatRange(planned.range)} stays as it was: ${error.message}`,
      ...(error.hint === undefined ? [] : [`    ${error.hint}`]),
    ]),
  ].join('\n');
}

function nothingToMerge({ dataset, segments }: CompactionPlan, { colour }: Style): string {
  return `${colour.green('done')} ${dataset}: nothing to merge, ${countOf(segments, 'segment')}`;
}
