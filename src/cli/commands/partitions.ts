import type { Command } from 'commander';
import type { Dataset } from '../../domain/dataset.ts';
import type { CliContext } from '../context.ts';
import { type PausedManner, pausedManner } from '../paused-manner.ts';
import { keepAll, separatePaused } from '../reports/left-out.ts';
import { reportPartitionPlans, reportPartitions } from '../reports/partition-report.ts';
import { selectDatasets } from '../select-datasets.ts';

interface PartitionFlags {
  readonly dryRun?: true;
  readonly force?: true;
  readonly skipPaused?: true;
}

export function registerPartitions(program: Command, context: CliContext): void {
  program
    .command('partitions')
    .description('make partitions of tables that are cut by time before rows come for them')
    .argument('[dataset...]', 'only these; all that have `partitions` when none is named')
    .option('-n, --dry-run', 'show what would be made and change nothing')
    .option('-f, --force', 'also a paused dataset, where it is named')
    .option('--skip-paused', 'leave out what is paused, also of the datasets that are named')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd partitions --dry-run
  $ tierd partitions market_data
  $ tierd partitions --json`,
    )
    .action(async (names: string[], flags: PartitionFlags) => {
      const { datasets: all } = context.loadConfig();
      const datasets =
        names.length === 0
          ? all.filter(({ partitions }) => partitions !== undefined)
          : selectDatasets(all, names);
      if (flags.dryRun === true) await dryRun(context, datasets);
      else await makeAll(context, datasets, pausedManner(names, flags));
    });
}

async function dryRun(context: CliContext, datasets: readonly Dataset[]): Promise<void> {
  const { planPartitionsOf } = await import('../../jobs/partitions.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { composePartitioning } = await import('../rooms/partition-rooms.ts');
  const rooms = composePartitioning(context);
  const results = await forEachNamed(datasets, (dataset) => planPartitionsOf(rooms, dataset));
  context.report(reportPartitionPlans(results));
}

async function makeAll(
  context: CliContext,
  datasets: readonly Dataset[],
  paused: PausedManner,
): Promise<void> {
  const { makePartitionsAhead } = await import('../../jobs/partitions.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { composePartitioning } = await import('../rooms/partition-rooms.ts');
  const rooms = composePartitioning(context);
  const ended = await forEachNamed(datasets, (dataset) =>
    makePartitionsAhead(rooms, dataset, { evenIfPaused: paused === 'taken' }),
  );
  const { results, leftOut } = (paused === 'left out' ? separatePaused : keepAll)(ended);
  context.report(reportPartitions(results, leftOut));
}
