import type { Command } from 'commander';
import { MAX_HOT_DAYS } from '../../config/storage-section.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { describeObstacles } from '../../domain/plan/part-hazards.ts';
import type { RotationPlan } from '../../domain/plan/plan.ts';
import { standing } from '../../domain/plan/refusal.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { wholeNumber } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { keepAll, separatePaused } from '../reports/left-out.ts';
import { reportPlans } from '../reports/plan-report.ts';
import { reportRotations } from '../reports/rotation-report.ts';
import { selectDatasets } from '../select-datasets.ts';
import { confirm } from '../terminal/confirm.ts';
import { formatBytes, formatRows } from '../terminal/format.ts';

interface CleanupFlags {
  readonly analyzeOnly?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly yes?: true;
  readonly hotDays?: number;
}

export function registerCleanup(program: Command, context: CliContext): void {
  program
    .command('cleanup')
    .description(
      'the first move of an existing table to the hot window: shows what leaves, and asks',
    )
    .argument('[dataset...]', 'only these; all of them when none is named')
    .option('--analyze-only', 'say where the rows are and what is due, nothing else')
    .option('-n, --dry-run', 'show the plan and change nothing')
    .option(
      '--hot-days <days>',
      'keep this many days instead of the configured hot_days',
      wholeNumber({ min: 0, max: MAX_HOT_DAYS }),
    )
    .option('-f, --force', 'overrule the guards that can be overruled')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd cleanup --analyze-only
  $ tierd cleanup market_data --hot-days 60 --dry-run
  $ tierd cleanup market_data --yes`,
    )
    .action(async (names: string[], flags: CleanupFlags) => {
      const datasets = chosen(context, names, flags);
      if (flags.analyzeOnly === true) await analyze(context, datasets);
      else await cleanUp(context, datasets, flags, names.length === 0);
    });
}

function chosen(
  context: CliContext,
  names: readonly string[],
  { hotDays }: CleanupFlags,
): readonly Dataset[] {
  const { datasets } = context.loadConfig();
  const named = names.length === 0 ? datasets : selectDatasets(datasets, names);
  // The share of the table is the guard that this verb replaces by its question.
  return named.map((dataset) => ({
    ...dataset,
    hotDays: hotDays ?? dataset.hotDays,
    limits: { ...dataset.limits, maxShare: 1 },
  }));
}

async function analyze(context: CliContext, datasets: readonly Dataset[]): Promise<void> {
  const { readStatus } = await import('../../jobs/status.ts');
  const { reportStatus } = await import('./status.ts');
  const { composeLooking } = await import('../rooms/rooms.ts');
  const status = await readStatus(await composeLooking(context, 'cleanup'), datasets, null);
  const configured = context.loadConfig().datasets.map(({ name }) => name);
  context.report(reportStatus(status, [], configured, context.clock.now()));
}

async function cleanUp(
  context: CliContext,
  datasets: readonly Dataset[],
  flags: CleanupFlags,
  leaveOutPaused: boolean,
): Promise<void> {
  const { planRotationOf, rotateDataset } = await import('../../jobs/rotate.ts');
  const { forEachNamed, outcomesOf } = await import('../../jobs/rotate-all.ts');
  const { withLookingEngine, withRooms } = await import('../rooms/rooms.ts');
  // What is paused is refused before anybody is asked; a look at it is free.
  const looks = await withLookingEngine(context, 'cleanup', (looking) =>
    forEachNamed(datasets, (dataset) =>
      planRotationOf(looking, dataset, { leaveOutPaused: leaveOutPaused || flags.dryRun !== true }),
    ),
  );
  const separate = leaveOutPaused ? separatePaused : keepAll;
  const { results: plans, leftOut } = separate(looks);
  const force = flags.force === true;
  const due = outcomesOf(plans);
  // Nobody is asked for what a guard would refuse after the answer.
  if (flags.dryRun === true || !due.some((plan) => willMove(plan, force))) {
    context.report(reportPlans(plans, force, leftOut));
    return;
  }
  const yes = await confirm({
    statement: statementOf(due, force),
    yes: flags.yes === true,
    stdin: context.stdin,
    stderr: context.stderr,
    signal: context.signal,
  });
  if (!yes) {
    context.report({ json: { done: false }, text: () => 'Nothing was changed.' });
    return;
  }
  const { narrate } = await import('../reports/narrate-rotation.ts');
  const narrator = narrate(context);
  try {
    await withRooms(context, 'cleanup', async (own) => {
      const rooms = { ...own, emit: narrator.emit };
      const all = await forEachNamed(datasets, (dataset) =>
        rotateDataset(rooms, dataset, { force }).finally(() => {
          narrator.over(dataset.name);
        }),
      );
      const { results, leftOut: paused } = separate(all);
      narrator.end();
      context.report(reportRotations(results, paused));
    });
  } finally {
    narrator.end();
  }
}

function willMove(plan: RotationPlan, force: boolean): boolean {
  return rowsLeaving(plan, force) > 0 && standing(plan.refusals, force).length === 0;
}

/** Without those of moves that are refused by themselves. */
function rowsLeaving({ rows, moves }: RotationPlan, force: boolean): number {
  const refused = moves.filter((move) => standing(move.obstacles, force).length > 0);
  return rows - refused.reduce((sum, move) => sum + move.rows, 0);
}

const OBSTACLES_SHOWN = 10;

/** Names each table, how many of its rows leave and which: what a person says yes to. */
export function statementOf(plans: readonly RotationPlan[], force: boolean): string {
  const moving = plans
    .filter((plan) => willMove(plan, force))
    .map((plan) => `  ${movesOf(plan, force)}`);
  const refused = plans.flatMap((plan) =>
    [...standing(plan.refusals, force), ...describeObstacles(plan, force, OBSTACLES_SHOWN)].map(
      ({ message }) => `  ${plan.table}: ${message}`,
    ),
  );
  return [
    'This moves to the lake, and deletes from PostgreSQL once proven:',
    ...moving,
    ...(refused.length === 0 ? [] : ['These stay, for a guard refuses them:', ...refused]),
  ].join('\n');
}

function movesOf(plan: RotationPlan, force: boolean): string {
  const { table, cutoffs } = plan;
  const rows = rowsLeaving(plan, force);
  const bytes = plan.rows === 0 ? 0 : (plan.estimatedHotBytes * rows) / plan.rows;
  const others =
    cutoffs.closed === null
      ? ''
      : ` and, of intervals that do not stay hot, those before ${boundary(cutoffs.closed)}`;
  return `${formatRows(rows)} (about ${formatBytes(Math.round(bytes))}) of ${table}: those before ${boundary(cutoffs.aged)}${others}`;
}

/** A day where it is one; slices of an hour end within it. */
function boundary(at: EpochMs): string {
  const text = new Date(at).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : `${text.slice(0, 16)}Z`;
}
