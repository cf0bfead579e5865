/** What an expiry would take out of the lake, or did, as it is printed. */
import { countOf } from '../../domain/count.ts';
import type { ExpirableSlice, ExpiryPlan, IntervalDue } from '../../domain/plan/expiry.ts';
import { standing } from '../../domain/plan/refusal.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { wholenessOf } from '../../jobs/changes-end.ts';
import { changesOf, type ExpiryOutcome, rowsExpired } from '../../jobs/expiry/outcome.ts';
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

const SLICES_SHOWN = 40;

/** Where none is named, those are looked at that have an end. */
const NONE_EXPIRES =
  'Nothing expires: no dataset has cold_days, so that all that the lake has is kept for ever.';

export function reportExpiryPlans(
  results: readonly DatasetResult<ExpiryPlan>[],
  force: boolean,
): Report {
  return reportDryRun(results, {
    documentOf: planDocument,
    render: renderPlan,
    isRefused: ({ refusals }) => standing(refusals, force).length > 0,
    ofNone: NONE_EXPIRES,
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
    wholenessOf: (outcome) => wholenessOf(changesOf(outcome)),
    ofNone: NONE_EXPIRES,
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
    intervals: plan.intervals.map(({ interval, coldDays, before, rows }) => ({
      interval,
      cold_days: coldDays,
      before: iso(before),
      rows,
    })),
    slices: plan.due.map(({ range, rows, bytes, segments }) => ({
      ...rangeDocument(range),
      rows,
      bytes,
      segments,
    })),
    slices_thinned: plan.thinned.map(({ range, chosen, rows, bytes, segments, intervals }) => ({
      ...rangeDocument(range),
      rows: chosen,
      rows_left: rows - chosen,
      bytes,
      segments,
      intervals,
    })),
    notes: plan.notes,
    refusals: plan.refusals,
  };
}

function outcomeDocument(outcome: ExpiryOutcome): Record<string, unknown> {
  const { plan, expired, thinned, failed } = outcome;
  return {
    dataset: plan.dataset,
    before: plan.before === null ? null : iso(plan.before),
    cold_rows: plan.coldRows,
    rows_expired: rowsExpired(outcome),
    slices_expired: expired.reduce((sum, { slices }) => sum + slices, 0),
    segments_expired: expired.reduce((sum, { segments }) => sum + segments, 0),
    bytes_expired: expired.reduce((sum, { bytes }) => sum + bytes, 0),
    slices_thinned: thinned.length,
    slices_failed: failed.map(({ planned, error }) => ({
      ...rangeDocument(planned.range),
      ...errorDocument(error),
    })),
    notes: plan.notes,
  };
}

const iso = (at: number): string => new Date(at).toISOString();

function renderPlan(plan: ExpiryPlan, style: Style): string {
  const slices = leavingOf(plan);
  const shown = slices.slice(0, SLICES_SHOWN);
  const hidden = slices.length - shown.length;
  return [
    headOf(plan, style),
    ...(plan.intervals.length === 0 ? [] : [renderIntervals(plan.intervals, style)]),
    ...(shown.length === 0 ? [] : [renderSlices(shown, style)]),
    ...(hidden > 0 ? [`… and ${formatInteger(hidden)} more (--json shows each)`] : []),
    ...notesOf(plan),
    ...refusalLines(plan.refusals, style),
  ].join('\n');
}

interface LeavingSlice extends Pick<ExpirableSlice, 'range' | 'bytes' | 'segments'> {
  readonly rows: number;
  readonly left: number;
}

/** Oldest first. */
function leavingOf({ due, thinned }: ExpiryPlan): readonly LeavingSlice[] {
  return [
    ...due.map((slice) => ({ ...slice, left: 0 })),
    ...thinned.map((slice) => ({ ...slice, rows: slice.chosen, left: slice.rows - slice.chosen })),
  ].sort((a, b) => a.range.fromInclusive - b.range.fromInclusive);
}

function renderIntervals(intervals: readonly IntervalDue[], style: Style): string {
  return renderTable(
    [
      { title: 'INTERVAL' },
      { title: 'COLD DAYS', align: 'right' },
      { title: 'OF BEFORE' },
      { title: 'ROWS', align: 'right' },
    ],
    intervals.map(({ interval, coldDays, before, rows }) => [
      interval,
      formatInteger(coldDays),
      iso(before).slice(0, 10),
      formatInteger(rows),
    ]),
    style,
  );
}

function headOf(plan: ExpiryPlan, { colour }: Style): string {
  const name = colour.bold(plan.dataset);
  if (plan.before === null) return `${name}: has no cold_days, and stays for ever`;
  const until = iso(plan.before).slice(0, 10);
  if (plan.rows === 0) return `${name}: nothing of before ${until} would expire`;
  return `${name}: ${formatInteger(plan.rows)} of ${formatRows(plan.coldRows)} of before ${until} would expire, and be gone`;
}

function renderSlices(slices: readonly LeavingSlice[], style: Style): string {
  const hasRest = slices.some(({ left }) => left > 0);
  return renderTable(
    [
      { title: 'TIME (UTC)' },
      { title: 'ROWS', align: 'right' },
      ...(hasRest ? [{ title: 'LEFT', align: 'right' } as const] : []),
      { title: 'BYTES', align: 'right' },
      { title: 'SEGMENTS', align: 'right' },
    ],
    slices.map(({ range, rows, left, bytes, segments }) => [
      formatRange(range),
      formatInteger(rows),
      ...(hasRest ? [formatInteger(left)] : []),
      formatBytes(bytes),
      formatInteger(segments),
    ]),
    style,
  );
}

const notesOf = ({ notes }: ExpiryPlan): readonly string[] => notes.map((note) => `  ${note}`);

function render(outcome: ExpiryOutcome, { colour }: Style): string {
  const { plan, failed } = outcome;
  const how = failed.length === 0 ? colour.green('done') : colour.yellow('partly');
  return [
    `${how} ${plan.dataset}: ${whatExpired(outcome)}`,
    ...notesOf(plan),
    ...failed.flatMap(({ planned, error }) => [
      `  ${formatRange(planned.range)} stays as it was: ${error.message}`,
      ...(error.hint === undefined ? [] : [`    ${error.hint}`]),
    ]),
  ].join('\n');
}

function whatExpired(outcome: ExpiryOutcome): string {
  const { plan, expired, thinned } = outcome;
  if (plan.before === null) return 'has no cold_days, and stays for ever';
  const rows = rowsExpired(outcome);
  if (rows === 0) return 'nothing expired';
  const segments = expired.reduce((sum, batch) => sum + batch.segments, 0);
  const bytes = expired.reduce((sum, batch) => sum + batch.bytes, 0);
  const whole =
    segments === 0
      ? []
      : [`${countOf(segments, 'segment')} of ${formatBytes(bytes)} retired whole`];
  const rest = thinned.length === 0 ? [] : [`${countOf(thinned.length, 'slice')} written anew`];
  return `${formatRows(rows)} expired, ${[...whole, ...rest].join(', ')}; the old files go after maintenance.grace_period`;
}
