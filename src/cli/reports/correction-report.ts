/** What a file of corrections would change in the lake, or did, as it is printed. */
import { agree, countOf } from '../../domain/count.ts';
import type { CorrectionPlan } from '../../domain/plan/correction.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { CorrectionOutcome } from '../../jobs/correct.ts';
import type { CorrectionEvent } from '../../jobs/correction/rooms.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import type { CliContext, Report } from '../context.ts';
import { formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { rangeDocument } from './range-document.ts';
import { refusalLines } from './refusal-lines.ts';
import { reportDryRun, reportOutcomes } from './results.ts';

const SLICES_SHOWN = 40;

export function narrateCorrection({ logger }: CliContext): (event: CorrectionEvent) => void {
  return (event) => {
    if (event.kind !== 'corrected' || event.segments === 0) return;
    const { dataset, plan } = event;
    for (const { range, rows, changed } of plan.slices) {
      const span = rangeDocument(range);
      logger.info(
        { audit: 'correct', dataset, ...span, rows, changed },
        `${dataset} ${formatRange(range)}: ${formatRows(rows)} of the file met, ${formatInteger(changed)} changed`,
      );
    }
  };
}

export function reportCorrectionPlan(results: readonly DatasetResult<CorrectionPlan>[]): Report {
  return reportDryRun(results, {
    documentOf: planDocument,
    render: renderPlan,
    isRefused: ({ refusals }) => refusals.length > 0,
  });
}

export function reportCorrection(results: readonly DatasetResult<CorrectionOutcome>[]): Report {
  return reportOutcomes(results, [], {
    items: 'datasets',
    documentOf: ({ plan, segments }) => ({
      ...planDocument(plan),
      segments_published: segments,
    }),
    render,
    wholenessOf: () => 'done',
  });
}

function planDocument(plan: CorrectionPlan): Record<string, unknown> {
  return {
    dataset: plan.dataset,
    rows: plan.rows,
    rows_changed: plan.changed,
    rows_unknown: plan.unknown,
    unknown_keys: plan.examples,
    incomparable: plan.incomparable,
    slices: plan.slices.map(({ range, rows, changed }) => ({
      ...rangeDocument(range),
      rows,
      changed,
    })),
    refusals: plan.refusals,
  };
}

function renderPlan(plan: CorrectionPlan, style: Style): string {
  const shown = plan.slices.slice(0, SLICES_SHOWN);
  const hidden = plan.slices.length - shown.length;
  return [
    `${style.colour.bold(plan.dataset)}: ${formatInteger(plan.changed)} of ${countOf(plan.rows, 'row')} of the file would change the lake`,
    ...(shown.length === 0 ? [] : [renderSlices(plan, style)]),
    ...(hidden > 0 ? [`… and ${formatInteger(hidden)} more (--json shows each)`] : []),
    ...leftOut(plan),
    ...refusalLines(plan.refusals, style),
  ].join('\n');
}

function renderSlices({ slices }: CorrectionPlan, style: Style): string {
  return renderTable(
    [
      { title: 'TIME (UTC)' },
      { title: 'ROWS', align: 'right' },
      { title: 'CHANGED', align: 'right' },
    ],
    slices
      .slice(0, SLICES_SHOWN)
      .map(({ range, rows, changed }) => [
        formatRange(range),
        formatInteger(rows),
        formatInteger(changed),
      ]),
    style,
  );
}

function leftOut({
  unknown,
  examples,
  incomparable,
  onlyKnown,
}: CorrectionPlan): readonly string[] {
  if (!onlyKnown || unknown === 0) return [];
  const more = unknown > examples.length ? ', …' : '';
  const why =
    incomparable === null ? '' : `; slices of that time can't be compared: ${incomparable}`;
  return [
    `  left out: ${formatRows(unknown)} whose ${agree(unknown, 'key', 'keys')} ${incomparable === null ? 'the lake has no row of' : 'no row has that can be compared'} (${examples.join('; ')}${more})${why}`,
  ];
}

function render({ plan, segments }: CorrectionOutcome, { colour }: Style): string {
  const what =
    segments === 0
      ? `nothing to correct: the lake has the ${countOf(plan.rows - plan.unknown, 'row')} of the file as they are there`
      : `${formatInteger(plan.changed)} of ${countOf(plan.rows, 'row')} of the file changed the lake, ${countOf(plan.slices.length, 'slice')}; the old files go with the first job on the dataset after maintenance.grace_period`;
  return [`${colour.green('done')} ${plan.dataset}: ${what}`, ...leftOut(plan)].join('\n');
}
