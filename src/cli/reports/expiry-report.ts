/** What an expiry would take out of the lake, or did, as it is printed. */
import { countOf } from '../../domain/count.ts';
import type { ExpirableSlice, ExpiryPlan } from '../../domain/plan/expiry.ts';
import { standing } from '../../domain/plan/refusal.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { ExpiryOutcome } from '../../jobs/expire.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import type { Report } from '../context.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import type { LeftOut } from './left-out.ts';
import { rangeDocument } from './range-document.ts';
import { refusalLines } from './refusal-lines.ts';
import { reportDryRun, reportOutcomes } from './results.ts';

const SLICES_SHOWN = 40;

export function reportExpiryPlans(
  results: readonly DatasetResult<ExpiryPlan>[],
  force: boolean,
): Report {
  return reportDryRun(results, {
    documentOf: planDocument,
    render: renderPlan,
    isRefused: ({ refusals }) => standing(refusals, force).length > 0,
  });
}

export function reportExpiries(
  results: readonly DatasetResult<ExpiryOutcome>[],
  leftOut: readonly LeftOut[],
): Report {
  return reportOutcomes(results, leftOut, {
    items: 'datasets',
    documentOf: outcomeDocument,
    render,
    wholenessOf: () => 'done',
  });
}

function planDocument(plan: ExpiryPlan): Record<string, unknown> {
  return {
    dataset: plan.dataset,
    before: plan.before === null ? null : iso(plan.before),
    cold_rows: plan.coldRows,
    rows: plan.rows,
    bytes: plan.bytes,
    segments: plan.segments,
    slices: plan.due.map(({ range, rows, bytes, segments }) => ({
      ...rangeDocument(range),
      rows,
      bytes,
      segments,
    })),
    notes: plan.notes,
    refusals: plan.refusals,
  };
}

function outcomeDocument({ plan, expired }: ExpiryOutcome): Record<string, unknown> {
  return {
    dataset: plan.dataset,
    before: plan.before === null ? null : iso(plan.before),
    cold_rows: plan.coldRows,
    rows_expired: expired.reduce((sum, { rows }) => sum + rows, 0),
    slices_expired: expired.reduce((sum, { slices }) => sum + slices, 0),
    segments_expired: expired.reduce((sum, { segments }) => sum + segments, 0),
    bytes_expired: expired.reduce((sum, { bytes }) => sum + bytes, 0),
    notes: plan.notes,
  };
}

const iso = (at: number): string => new Date(at).toISOString();

function renderPlan(plan: ExpiryPlan, style: Style): string {
  const shown = plan.due.slice(0, SLICES_SHOWN);
  const hidden = plan.due.length - shown.length;
  return [
    headOf(plan, style),
    ...(shown.length === 0 ? [] : [renderSlices(shown, style)]),
    ...(hidden > 0 ? [`… and ${formatInteger(hidden)} more (--json shows each)`] : []),
    ...notesOf(plan),
    ...refusalLines(plan.refusals, style),
  ].join('\n');
}

function headOf(plan: ExpiryPlan, { colour }: Style): string {
  const name = colour.bold(plan.dataset);
  if (plan.before === null) return `${name}: has no cold_days, and stays for ever`;
  const until = iso(plan.before).slice(0, 10);
  if (plan.due.length === 0) return `${name}: nothing of before ${until} would expire`;
  return `${name}: ${formatInteger(plan.rows)} of ${formatRows(plan.coldRows)} of before ${until} would expire, and be gone`;
}

function renderSlices(slices: readonly ExpirableSlice[], style: Style): string {
  return renderTable(
    [
      { title: 'TIME (UTC)' },
      { title: 'ROWS', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'SEGMENTS', align: 'right' },
    ],
    slices.map(({ range, rows, bytes, segments }) => [
      formatRange(range),
      formatInteger(rows),
      formatBytes(bytes),
      formatInteger(segments),
    ]),
    style,
  );
}

const notesOf = ({ notes }: ExpiryPlan): readonly string[] => notes.map((note) => `  ${note}`);

function render({ plan, expired }: ExpiryOutcome, { colour }: Style): string {
  const rows = expired.reduce((sum, batch) => sum + batch.rows, 0);
  const bytes = expired.reduce((sum, batch) => sum + batch.bytes, 0);
  const segments = expired.reduce((sum, batch) => sum + batch.segments, 0);
  const what =
    plan.before === null
      ? 'has no cold_days, and stays for ever'
      : expired.length === 0
        ? 'nothing expired'
        : `${formatRows(rows)} expired, ${countOf(segments, 'segment')} of ${formatBytes(bytes)}, which go after maintenance.grace_period`;
  return [`${colour.green('done')} ${plan.dataset}: ${what}`, ...notesOf(plan)].join('\n');
}
