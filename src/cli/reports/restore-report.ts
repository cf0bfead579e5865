/** What a restore would do, or did, as it is printed. */
import { EXIT } from '../../domain/errors.ts';
import { formatUntil } from '../../domain/plan/pins.ts';
import { standing } from '../../domain/plan/refusal.ts';
import { dueSlices, type PlannedSlice, type RestorePlan } from '../../domain/plan/restore-plan.ts';
import { formatTable } from '../../domain/table.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { type RestoreOutcome, rowsOf, wholenessOf } from '../../jobs/restore.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { rangeDocument } from './range-document.ts';
import { refusalLines } from './refusal-lines.ts';

const SLICES_SHOWN = 40;

/** Exits as the restore would. */
export function reportRestorePlan(plan: RestorePlan, force: boolean): Report {
  const due = dueSlices(plan);
  const refused = due.filter(({ obstacles }) => standing(obstacles, force).length > 0);
  const isRefused = due.length > 0 && standing(plan.refusals, force).length > 0;
  const isAllRefused = refused.length > 0 && refused.length === due.length;
  return {
    json: { dry_run: true, ...documentOf(plan) },
    text: (style) => renderPlan(plan, style),
    exitCode:
      isRefused || isAllRefused ? EXIT.refused : refused.length > 0 ? EXIT.partly : EXIT.done,
  };
}

export function reportRestore({ plan, totals }: RestoreOutcome): Report {
  return {
    json: {
      ...documentOf(plan),
      rows_restored: rowsOf(totals),
      slices_restored: totals.restored.length,
      slices_failed: totals.failed.map(({ planned, error }) => ({
        ...rangeDocument(planned.range),
        ...errorDocument(error),
      })),
    },
    text: (style) => render({ plan, totals }, style),
    exitCode: EXIT[wholenessOf(totals)],
  };
}

function documentOf(plan: RestorePlan): Record<string, unknown> {
  return {
    dataset: plan.dataset,
    ...rangeDocument(plan.span),
    where: plan.where,
    into: plan.target,
    stays_cold: plan.keepsCold,
    pinned_until:
      plan.keepsCold || plan.pinUntil === null ? null : new Date(plan.pinUntil).toISOString(),
    rows: plan.rows,
    bytes: plan.bytes,
    slices: plan.slices.map((slice) => ({
      ...rangeDocument(slice.range),
      rows: slice.rows,
      rows_in_slice: slice.allRows,
      bytes: slice.bytes,
      segments: slice.segments,
      already_there: slice.isThere,
      partitions_made: slice.partitions.map(({ ref }) => formatTable(ref)),
      refusals: slice.obstacles,
    })),
    refusals: plan.refusals,
    notes: plan.notes,
  };
}

function renderPlan(plan: RestorePlan, style: Style): string {
  const { colour } = style;
  if (plan.slices.length === 0) return nothingCold(plan, style);
  const stay = plan.keepsCold
    ? 'stay in the lake as well'
    : `are pinned ${formatUntil(plan.pinUntil)}`;
  const shown = plan.slices.slice(0, SLICES_SHOWN);
  const hidden = plan.slices.length - shown.length;
  return [
    `${colour.bold(plan.dataset)}: ${formatRows(plan.rows)} of ${formatInteger(dueSlices(plan).length)} slices (${formatBytes(plan.bytes)}) would come into ${plan.target} and ${stay}`,
    renderSlices(shown, style),
    ...(hidden > 0 ? [`… and ${formatInteger(hidden)} more (--json shows each)`] : []),
    ...plan.notes.map((note) => `${colour.cyan('note')}: ${note}`),
    ...refusalLines(plan.refusals, style),
    ...hintsOf(plan).map((hint) => `  ${hint}`),
  ].join('\n');
}

function renderSlices(slices: readonly PlannedSlice[], style: Style): string {
  return renderTable(
    [
      { title: 'SLICE' },
      { title: 'ROWS', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'REFUSED FOR' },
    ],
    slices.map(({ range, rows, allRows, bytes, isThere, obstacles }) => [
      formatRange(range),
      rows === allRows
        ? formatInteger(rows)
        : `${formatInteger(rows)} of ${formatInteger(allRows)}`,
      formatBytes(bytes),
      isThere ? 'is there already' : obstacles.map(({ message }) => message).join('; '),
    ]),
    style,
  );
}

function hintsOf({ slices }: RestorePlan): readonly string[] {
  return [...new Set(slices.flatMap(({ obstacles }) => obstacles.map(({ hint }) => hint)))];
}

function render({ plan, totals }: RestoreOutcome, style: Style): string {
  const { colour } = style;
  if (plan.slices.length === 0) return nothingCold(plan, style);
  const word = totals.failed.length === 0 ? colour.green('done') : colour.yellow('partly');
  const stay = plan.keepsCold ? 'still cold as well' : `pinned ${formatUntil(plan.pinUntil)}`;
  return [
    `${word} ${plan.dataset}: ${formatRows(rowsOf(totals))} restored into ${plan.target}, ${formatInteger(totals.restored.length)} of ${formatInteger(dueSlices(plan).length)} slices, ${stay}`,
    ...totals.failed.flatMap(({ planned, error }) => [
      `  ${formatRange(planned.range)} stays cold: ${error.message}`,
      ...(error.hint === undefined ? [] : [`    ${error.hint}`]),
    ]),
  ].join('\n');
}

function nothingCold({ dataset, where }: RestorePlan, { colour }: Style): string {
  const what = where === null ? 'nothing' : 'no such row';
  return `${colour.green('done')} ${dataset}: ${what} of that time is in the lake`;
}
