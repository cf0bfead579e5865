/** What files that are ingested come to, or did, as it is printed. */
import { basename } from 'node:path';
import { agree, countOf } from '../../domain/count.ts';
import type { IngestedFile, IngestPlan } from '../../domain/plan/ingest.ts';
import { standing } from '../../domain/plan/refusal.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { IngestOutcome } from '../../jobs/ingest.ts';
import { sourceOf } from '../../jobs/ingestion/letters.ts';
import type { IngestEvent } from '../../jobs/ingestion/rooms.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import type { CliContext, Report } from '../context.ts';
import { formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { rangeDocument } from './range-document.ts';
import { refusalLines } from './refusal-lines.ts';
import { reportDryRun, reportOutcomes } from './results.ts';

const [SLICES_SHOWN, FILES_SHOWN] = [40, 20];

export function narrateIngest({ logger }: CliContext): (event: IngestEvent) => void {
  return (event) => {
    const { dataset } = event;
    if (event.kind === 'read') {
      const { path, rows, rejected } = event;
      const none = rejected === 0 ? '' : `, ${formatInteger(rejected)} of them none of the table's`;
      logger.info(
        { dataset, path, rows, rejected },
        `${dataset}: read ${path}, ${formatRows(rows)}${none}`,
      );
    }
    if (event.kind === 'ingested') {
      const { range, cold, hot, segments } = event;
      logger.info(
        { audit: 'ingest', dataset, ...rangeDocument(range), cold, hot, segments },
        `${dataset} ${formatRange(range)}: ${formatRows(cold)} into the lake, ${formatRows(hot)} into PostgreSQL`,
      );
    }
  };
}

export function reportIngestPlan(
  results: readonly DatasetResult<readonly IngestPlan[]>[],
  others: number,
  force: boolean,
): Report {
  return reportDryRun(results, {
    documentOf: (plans) => planDocument(plans, others),
    render: (plans, style) =>
      [...plans.map((plan) => renderPlan(plan, style)), ...tellOthers(others)].join('\n'),
    isRefused: (plans) => plans.some(({ refusals }) => standing(refusals, force).length > 0),
  });
}

export function reportIngest(
  results: readonly DatasetResult<IngestOutcome>[],
  others: number,
): Report {
  return reportOutcomes(results, [], {
    items: 'datasets',
    documentOf: ({ plans, totals }) => ({
      ...planDocument(plans, others),
      rows_cold: totals.cold,
      rows_hot: totals.hot,
      segments_published: totals.segments,
      bytes_published: totals.bytes,
    }),
    render: (outcome, style) => [render(outcome, style), ...tellOthers(others)].join('\n'),
    wholenessOf: () => 'done',
  });
}

function planDocument(plans: readonly IngestPlan[], others: number): Record<string, unknown> {
  const sum = (of: (plan: IngestPlan) => number): number =>
    plans.reduce((all, plan) => all + of(plan), 0);
  return {
    dataset: plans[0]?.dataset,
    on_conflict: plans[0]?.onConflict,
    files: plans
      .flatMap(({ files }) => files)
      .map(({ path, bytes, rows, rejected, reasons, leftOut }) => ({
        path,
        bytes,
        rows,
        rejected,
        reasons,
        left_out: leftOut,
      })),
    files_of_other_formats: others,
    slices: plans.flatMap(({ slices }) =>
      slices.map(({ range, cold, hot }) => ({
        ...rangeDocument(range),
        rows_cold: cold,
        rows_hot: hot,
      })),
    ),
    rows_known: sum(({ conflicts }) => conflicts.known),
    conflicts: {
      in_files: sum(({ conflicts }) => conflicts.repeated),
      hot: sum(({ conflicts }) => conflicts.hot),
      cold: sum(({ conflicts }) => conflicts.cold),
      keys: plans.flatMap(({ conflicts }) => conflicts.examples),
    },
    notes: plans.flatMap(({ notes }) => notes),
    refusals: plans.flatMap(({ refusals }) => refusals),
  };
}

function renderPlan(plan: IngestPlan, style: Style): string {
  const { slices, notes, refusals } = plan;
  const [cold, hot] = [sumOf(plan, 'cold'), sumOf(plan, 'hot')];
  const hidden = slices.length - SLICES_SHOWN;
  return [
    `${style.colour.bold(plan.dataset)}: ${formatRows(cold)} would go into the lake, ${formatRows(hot)} into PostgreSQL`,
    renderFiles(plan.files, style),
    ...(slices.length === 0 ? [] : [renderSlices(plan, style)]),
    ...(hidden > 0 ? [`… and ${formatInteger(hidden)} more slices (--json shows each)`] : []),
    ...tellMet(plan),
    ...tellRejected(plan, 'would become'),
    ...notes.map((note) => `note: ${note}`),
    ...refusalLines(refusals, style),
  ].join('\n');
}

function sumOf({ slices }: IngestPlan, side: 'cold' | 'hot'): number {
  return slices.reduce((sum, slice) => sum + slice[side], 0);
}

function renderFiles(files: readonly IngestedFile[], style: Style): string {
  const hidden = files.length - FILES_SHOWN;
  const table = renderTable(
    [
      { title: 'FILE' },
      { title: 'ROWS', align: 'right' },
      { title: 'REJECTED', align: 'right' },
      { title: '' },
    ],
    files
      .slice(0, FILES_SHOWN)
      .map(({ path, rows, rejected, leftOut }) => [
        basename(path),
        leftOut === null ? formatInteger(rows) : '',
        leftOut === null ? formatInteger(rejected) : '',
        leftOut === null ? '' : `left out: ${leftOut}`,
      ]),
    style,
  );
  return hidden > 0 ? `${table}\n… and ${formatInteger(hidden)} more files` : table;
}

function renderSlices({ slices }: IngestPlan, style: Style): string {
  return renderTable(
    [
      { title: 'TIME (UTC)' },
      { title: 'LAKE', align: 'right' },
      { title: 'POSTGRESQL', align: 'right' },
    ],
    slices
      .slice(0, SLICES_SHOWN)
      .map(({ range, cold, hot }) => [formatRange(range), formatInteger(cold), formatInteger(hot)]),
    style,
  );
}

function tellMet({ conflicts, onConflict }: IngestPlan): readonly string[] {
  const { known, repeated, hot, cold, examples } = conflicts;
  const differing = repeated + hot + cold;
  const done =
    onConflict === 'skip' ? 'left out' : onConflict === 'replace' ? 'replacing' : 'in the way';
  return [
    ...(known === 0
      ? []
      : [`  left out: ${formatRows(known)} that ${agree(known, 'is', 'are')} there already`]),
    ...(differing === 0
      ? []
      : [
          `  ${done}: ${formatRows(differing)} whose ${agree(differing, 'key has', 'keys have')} other values (${formatInteger(repeated)} in the files, ${formatInteger(hot)} in PostgreSQL, ${formatInteger(cold)} in the lake): ${examples.join('; ')}`,
        ]),
  ];
}

function tellRejected({ dataset, files }: IngestPlan, verb: string): readonly string[] {
  const rejected = files.reduce((sum, file) => sum + file.rejected, 0);
  if (rejected === 0) return [];
  return [
    `  rejected: ${formatRows(rejected)} ${verb} ${agree(rejected, 'a dead letter', 'dead letters')} of ${sourceOf(dataset)}`,
    ...files.flatMap(({ path, reasons }) =>
      reasons.map((reason) => `    ${basename(path)} ${reason}`),
    ),
  ];
}

function tellOthers(others: number): readonly string[] {
  return others === 0 ? [] : [`  ${countOf(others, 'file')} of other formats left alone`];
}

function render({ plans, totals }: IngestOutcome, { colour }: Style): string {
  const dataset = plans[0]?.dataset ?? '';
  const what =
    totals.slices === 0
      ? 'nothing to bring in: all rows of the files are where they belong'
      : `${formatRows(totals.cold)} into the lake, ${formatRows(totals.hot)} into PostgreSQL, ${countOf(totals.slices, 'slice')}`;
  return [
    `${colour.green('done')} ${dataset}: ${what}`,
    ...plans.flatMap((plan) => [
      ...tellMet(plan),
      ...tellRejected(plan, 'became'),
      ...plan.notes.map((note) => `note: ${note}`),
    ]),
    ...plans
      .flatMap(({ files }) => files)
      .filter(({ leftOut }) => leftOut !== null)
      .slice(0, FILES_SHOWN)
      .map(({ path, leftOut }) => `  left out: ${basename(path)}, ${leftOut ?? ''}`),
  ].join('\n');
}
