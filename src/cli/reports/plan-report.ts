/** The plan as `--dry-run` prints it. */
import { countOf } from '../../domain/count.ts';
import { EXIT, type ExitCode } from '../../domain/errors.ts';
import { describeObstacles } from '../../domain/plan/part-hazards.ts';
import type { PlannedMove, RotationPlan } from '../../domain/plan/plan.ts';
import { standing } from '../../domain/plan/refusal.ts';
import { type EpochMs, formatRange } from '../../domain/time/time-range.ts';
import { type DatasetResult, errorsOf, exitCodeOf, outcomesOf } from '../../jobs/rotate-all.ts';
import type { Report } from '../context.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { type LeftOut, leftOutDocument, renderLeftOut } from './left-out.ts';
import { refusalLines } from './refusal-lines.ts';
import { documentsOf } from './results.ts';

export function reportPlans(
  results: readonly DatasetResult<RotationPlan>[],
  force: boolean,
  leftOut: readonly LeftOut[] = [],
): Report {
  const code = exitCodeOf(results, () => 'done');
  return {
    json: {
      dry_run: true,
      datasets: documentsOf(results, planDocument),
      left_out: leftOutDocument(leftOut),
    },
    text: (style) =>
      [
        ...outcomesOf(results).map((plan) => renderPlan(plan, force, style)),
        ...renderLeftOut(leftOut, style),
      ].join('\n\n'),
    failures: errorsOf(results),
    exitCode: code === EXIT.done ? exitCodeOfRefusals(results, force) : code,
  };
}

/** What the run would end with, were it to end as planned. */
function exitCodeOfRefusals(
  results: readonly DatasetResult<RotationPlan>[],
  force: boolean,
): ExitCode {
  const plans = outcomesOf(results);
  if (plans.some((plan) => standing(plan.refusals, force).length > 0)) return EXIT.refused;
  const moves = plans.flatMap((plan) => plan.moves);
  const left = moves.filter((move) => standing(move.obstacles, force).length > 0);
  if (left.length === 0) return EXIT.done;
  return left.length === moves.length ? EXIT.refused : EXIT.partly;
}

function planDocument(plan: RotationPlan): unknown {
  return {
    dataset: plan.dataset,
    table: plan.table,
    table_kind: plan.tableKind,
    cutoff: new Date(plan.cutoffs.aged).toISOString(),
    rows: plan.rows,
    estimated_hot_bytes: plan.estimatedHotBytes,
    again: plan.again,
    moves: plan.moves.map((move) => ({
      lane: move.lane,
      removal: move.removal,
      from: new Date(move.range.fromInclusive).toISOString(),
      to: new Date(move.range.toExclusive).toISOString(),
      rows: move.rows,
      slices: move.slices.length,
      parts: move.parts.map((part) => `${part.ref.schema}.${part.ref.name}`),
      refusals: move.obstacles,
    })),
    refusals: plan.refusals,
    notes: plan.notes,
  };
}

/** More lines than this say less than their sum. */
const MOVES_SHOWN = 20;
const OBSTACLES_SHOWN = 10;

function renderPlan(plan: RotationPlan, force: boolean, style: Style): string {
  const { colour } = style;
  const { aged, closed } = plan.cutoffs;
  const others =
    closed === null ? '' : `, and ${minute(closed)} UTC for intervals that do not stay hot`;
  const head = `${colour.bold(plan.dataset)}: ${formatRows(plan.rows)} of ${plan.table} (${plan.tableKind}) are due, in ${countOf(plan.moves.length, 'move')}, about ${formatBytes(plan.estimatedHotBytes)}; the cutoff is ${minute(aged)} UTC${others}`;
  const all = plan.moves.length > MOVES_SHOWN ? byMonth(plan.moves) : plan.moves.map(lineOf);
  const shown = all.slice(0, MOVES_SHOWN);
  const hidden = all.slice(MOVES_SHOWN);
  const lines = [head];
  if (shown.length > 0) lines.push(renderMoves(shown, style));
  if (hidden.length > 0) {
    const rows = hidden.reduce((sum, line) => sum + line.rows, 0);
    lines.push(
      `… and ${formatInteger(hidden.length)} months more with ${formatRows(rows)} (--json shows each move)`,
    );
  }
  for (const note of plan.notes) lines.push(`${colour.cyan('note')}: ${note}`);
  lines.push(...refusalLines(plan.refusals, style));
  for (const { message, hint } of describeObstacles(plan, force, OBSTACLES_SHOWN)) {
    lines.push(`${colour.red('refused')}: ${message}`, `  ${hint}`);
  }
  return lines.join('\n');
}

const minute = (at: EpochMs): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** One move, or those of a month that are removed in the same way. */
interface MoveLine {
  readonly range: string;
  readonly rows: number;
  readonly slices: number;
  readonly removal: string;
}

function lineOf(move: PlannedMove): MoveLine {
  const { range, rows, slices } = move;
  return { range: formatRange(range), rows, slices: slices.length, removal: removalOf(move) };
}

/** By the month in which they begin; in the order of the first of each. */
function byMonth(moves: readonly PlannedMove[]): readonly MoveLine[] {
  const lines = new Map<string, { line: MoveLine; parts: number }>();
  for (const move of moves) {
    const month = new Date(move.range.fromInclusive).toISOString().slice(0, 7);
    const key = `${month} ${move.lane} ${move.removal}`;
    const { line, parts } = lines.get(key) ?? { line: null, parts: 0 };
    const together = parts + move.parts.length;
    lines.set(key, {
      parts: together,
      line: {
        range: month,
        rows: (line?.rows ?? 0) + move.rows,
        slices: (line?.slices ?? 0) + move.slices.length,
        removal:
          move.removal === 'drop' && together > 1
            ? `drop ${String(together)} parts`
            : removalOf(move),
      },
    });
  }
  return [...lines.values()].map(({ line }) => line);
}

function renderMoves(moves: readonly MoveLine[], style: Style): string {
  return renderTable(
    [
      { title: 'RANGE' },
      { title: 'ROWS', align: 'right' },
      { title: 'FILES OF' },
      { title: 'REMOVAL' },
    ],
    moves.map(({ range, rows, slices, removal }) => [
      range,
      formatInteger(rows),
      `${formatInteger(slices)} ${slices === 1 ? 'slice' : 'slices'}`,
      removal,
    ]),
    style,
  );
}

function removalOf(move: PlannedMove): string {
  if (move.removal === 'drop') {
    return `drop ${move.parts.map((part) => part.ref.name).join(', ')}`;
  }
  return move.lane === 'interval' ? 'delete rows of other intervals' : 'delete rows';
}
