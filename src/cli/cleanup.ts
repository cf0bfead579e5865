import type { Command } from 'commander';
import { MAX_HOT_DAYS } from '../config/storage-section.ts';
import type { Dataset } from '../domain/dataset.ts';
import type { RotationPlan } from '../domain/plan.ts';
import { wholeNumber } from './arguments.ts';
import type { CliContext } from './context.ts';
import { keepAll, separatePaused } from './left-out.ts';
import { reportPlans } from './plan-report.ts';
import { reportRotations } from './rotation-report.ts';
import { selectDatasets } from './select-datasets.ts';
import { confirm } from './terminal/confirm.ts';
import { formatBytes, formatRows } from './terminal/format.ts';

interface CleanupFlags {
  readonly analyzeOnly?: true;
  readonly dryRun?: true;
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
  const { readStatus } = await import('../jobs/status.ts');
  const { reportStatus } = await import('./status.ts');
  const { composeLooking } = await import('./rooms.ts');
  const status = await readStatus(await composeLooking(context, 'cleanup'), datasets, null);
  context.report(reportStatus(status, [], context.clock.now()));
}

async function cleanUp(
  context: CliContext,
  datasets: readonly Dataset[],
  flags: CleanupFlags,
  leaveOutPaused: boolean,
): Promise<void> {
  const { planRotationOf, rotateDataset } = await import('../jobs/rotate.ts');
  const { forEachNamed } = await import('../jobs/rotate-all.ts');
  const { composeLooking, withRooms } = await import('./rooms.ts');
  const looking = await composeLooking(context, 'cleanup');
  // What is paused is refused before anybody is asked; a look at it is free.
  const looks = await forEachNamed(datasets, (dataset) =>
    planRotationOf(looking, dataset, { leaveOutPaused: leaveOutPaused || flags.dryRun !== true }),
  );
  const separate = leaveOutPaused ? separatePaused : keepAll;
  const { results: plans, leftOut } = separate(looks);
  const due = plans.flatMap((result) => ('outcome' in result ? [result.outcome] : []));
  if (flags.dryRun === true || due.every((plan) => plan.rows === 0)) {
    context.report(reportPlans(plans, false, leftOut));
    return;
  }
  const yes = await confirm({
    statement: statementOf(due),
    yes: flags.yes === true,
    stdin: context.stdin,
    stderr: context.stderr,
    signal: context.signal,
  });
  if (!yes) {
    context.report({ json: { done: false }, text: () => 'Nothing was changed.' });
    return;
  }
  const { narrate } = await import('./narrate-rotation.ts');
  const narrator = narrate(context);
  try {
    await withRooms(context, 'cleanup', narrator.emit, async (rooms) => {
      const all = await forEachNamed(datasets, (dataset) =>
        rotateDataset(rooms, dataset, { force: false }),
      );
      const { results, leftOut: paused } = separate(all);
      context.report(reportRotations(results, paused));
    });
  } finally {
    narrator.end();
  }
}

/** Names each table and how many of its rows leave: what a person says yes to. */
function statementOf(plans: readonly RotationPlan[]): string {
  const lines = plans
    .filter((plan) => plan.rows > 0)
    .map(
      (plan) =>
        `  ${formatRows(plan.rows)} (about ${formatBytes(plan.estimatedHotBytes)}) of ${plan.table}, those before ${new Date(plan.cutoffs.aged).toISOString().slice(0, 10)}`,
    );
  return `This moves to the lake, and deletes from PostgreSQL once proven:\n${lines.join('\n')}`;
}
