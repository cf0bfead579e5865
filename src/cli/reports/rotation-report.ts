/** What a rotation did, as it is printed at its end. */

import { countOf } from '../../domain/count.ts';
import type { RowsAgain } from '../../domain/plan/rows-again.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { RotationOutcome } from '../../jobs/rotate.ts';
import { type DatasetResult, errorsOf, exitCodeOf } from '../../jobs/rotate-all.ts';
import { againOf, wholenessOf } from '../../jobs/rotation/outcome.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { type LeftOut, leftOutDocument, renderLeftOut } from './left-out.ts';

export function reportRotations(
  results: readonly DatasetResult<RotationOutcome>[],
  leftOut: readonly LeftOut[] = [],
): Report {
  return {
    json: { datasets: results.map(documentOf), left_out: leftOutDocument(leftOut) },
    text: (style) =>
      [
        ...results.flatMap((result) => ('outcome' in result ? [render(result, style)] : [])),
        ...renderLeftOut(leftOut, style),
      ].join('\n'),
    failures: errorsOf(results),
    exitCode: exitCodeOf(results, ({ totals }) => wholenessOf(totals)),
  };
}

function documentOf(result: DatasetResult<RotationOutcome>): unknown {
  if ('error' in result) return { dataset: result.dataset, ...errorDocument(result.error) };
  const { totals, recovered, plan, vacuumWarnings } = result.outcome;
  const again = againOf(totals);
  return {
    dataset: result.dataset,
    rows_moved: Number(sumOf(result.outcome, 'rows')),
    bytes_written: Number(sumOf(result.outcome, 'bytes')),
    segments: totals.moved.reduce((sum, move) => sum + move.segments, 0),
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
    recovered: { moves: recovered.moves, objects: recovered.objects },
    notes: plan.notes,
    warnings: vacuumWarnings,
  };
}

function render(
  result: Extract<DatasetResult<RotationOutcome>, { readonly outcome: unknown }>,
  style: Style,
): string {
  const { colour } = style;
  const { totals, plan, vacuumWarnings } = result.outcome;
  const rows = formatRows(sumOf(result.outcome, 'rows'));
  const bytes = formatBytes(Number(sumOf(result.outcome, 'bytes')));
  const word = totals.failed.length === 0 ? colour.green('done') : colour.yellow('partly');
  const head =
    plan.moves.length === 0
      ? `${colour.green('done')} ${result.dataset}: nothing is due`
      : `${word} ${result.dataset}: ${rows} moved into ${bytes} of Parquet, ${String(totals.moved.length)} of ${countOf(plan.moves.length, 'move')}`;
  return [
    head,
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

function renderAgain({ rows, changed, dropped }: RowsAgain): string[] {
  if (rows === 0) return [];
  const found = `  ${formatRows(rows)} had a key that the lake had already: ${formatInteger(changed)} with other values`;
  return [`${found}, ${formatInteger(dropped)} equal and only taken from the hot store`];
}

function sumOf({ totals }: RotationOutcome, what: 'rows' | 'bytes'): bigint {
  return totals.moved.reduce((sum, move) => sum + move[what], 0n);
}
