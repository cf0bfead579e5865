/** What a rotation did, as it is printed at its end. */

import { countOf } from '../../domain/count.ts';
import type { RowsAgain } from '../../domain/plan/rows-again.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { RotationOutcome } from '../../jobs/rotate.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import { againOf, wholenessOf } from '../../jobs/rotation/outcome.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import type { LeftOut } from './left-out.ts';
import { reportOutcomes } from './results.ts';

export function reportRotations(
  results: readonly DatasetResult<RotationOutcome>[],
  leftOut: readonly LeftOut[] = [],
): Report {
  return reportOutcomes(results, leftOut, {
    items: 'datasets',
    documentOf,
    render,
    wholenessOf: ({ totals }) => wholenessOf(totals),
  });
}

function documentOf(outcome: RotationOutcome): unknown {
  const { totals, recovered, plan, vacuumWarnings, tableBytes } = outcome;
  const again = againOf(totals);
  return {
    dataset: plan.dataset,
    rows_moved: Number(sumOf(outcome, 'rows')),
    bytes_written: Number(sumOf(outcome, 'bytes')),
    segments: totals.moved.reduce((sum, move) => sum + move.segments, 0),
    table_bytes_before: tableBytes.before,
    table_bytes_after: tableBytes.after,
    rows_again: again.rows,
    rows_changed: again.changed,
    rows_dropped: again.dropped,
    moves_planned: plan.moves.length,
    moves_done: totals.moved.length,
    moves_failed: totals.failed.map(({ range, error }) => ({
      from: new Date(range.fromInclusive).toISOString(),
      to: new Date(range.toExclusive).toISOString(),
      ...errorDocument(error),
    })),
    recovered: { moves: recovered.moves, objects: recovered.files },
    notes: plan.notes,
    warnings: vacuumWarnings,
  };
}

function render(outcome: RotationOutcome, style: Style): string {
  const { colour } = style;
  const { totals, plan, vacuumWarnings } = outcome;
  const rows = formatRows(sumOf(outcome, 'rows'));
  const bytes = formatBytes(Number(sumOf(outcome, 'bytes')));
  const word = totals.failed.length === 0 ? colour.green('done') : colour.yellow('partly');
  const head =
    plan.moves.length === 0
      ? `${colour.green('done')} ${plan.dataset}: nothing is due`
      : `${word} ${plan.dataset}: ${rows} moved into ${bytes} of Parquet, ${String(totals.moved.length)} of ${countOf(plan.moves.length, 'move')}`;
  return [
    head,
    ...renderSizes(outcome),
    ...renderAgain(againOf(totals)),
    ...totals.failed.flatMap(({ range, error }, index) => [
      `  ${formatRange(range)} stays hot: ${error.message}`,
      // Once for all in a row that ask for the same.
      ...(error.hint === undefined || error.hint === totals.failed[index + 1]?.error.hint
        ? []
        : [`    ${error.hint}`]),
    ]),
    ...vacuumWarnings.map((warning) => `  ${colour.yellow('warning')}: ${warning}`),
  ].join('\n');
}

/** Nothing where nothing moved: others write into the table meanwhile. */
function renderSizes({ totals, tableBytes: { before, after } }: RotationOutcome): string[] {
  if (totals.moved.length === 0 || before === null || after === null) return [];
  const sizes = `  the table takes ${formatBytes(after)}, ${formatBytes(before)} before`;
  return [before > after ? `${sizes}: ${formatBytes(before - after)} are free again` : sizes];
}

function renderAgain({ rows, changed, dropped }: RowsAgain): string[] {
  if (rows === 0) return [];
  const found = `  ${formatRows(rows)} had a key that the lake had already: ${formatInteger(changed)} with other values`;
  return [`${found}, ${formatInteger(dropped)} equal and only taken from the hot store`];
}

function sumOf({ totals }: RotationOutcome, what: 'rows' | 'bytes'): bigint {
  return totals.moved.reduce((sum, move) => sum + move[what], 0n);
}
