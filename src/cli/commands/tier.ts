import type { Command } from 'commander';
import type { Dataset } from '../../domain/dataset.ts';
import type { CliContext } from '../context.ts';
import { type PausedManner, pausedManner } from '../paused-manner.ts';
import { keepAll, separatePaused } from '../reports/left-out.ts';
import { reportTieringPlans, reportTierings } from '../reports/tiering-report.ts';
import { selectDatasets } from '../select-datasets.ts';

interface TierFlags {
  readonly dryRun?: true;
  readonly force?: true;
  readonly skipPaused?: true;
}

export function registerTier(program: Command, context: CliContext): void {
  program
    .command('tier')
    .description('send what is older than far_days to the far place of the lake, proven there')
    .argument('[dataset...]', 'only these; all that have far_days when none is named')
    .option('-n, --dry-run', 'show what would go and change nothing')
    .option('-f, --force', 'also a paused dataset, where it is named')
    .option('--skip-paused', 'leave out what is paused, also of the datasets that are named')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd tier --dry-run
  $ tierd tier market_data`,
    )
    .action(async (names: string[], flags: TierFlags) => {
      const { datasets: all } = context.loadConfig();
      const datasets =
        names.length === 0
          ? all.filter(({ farDays }) => farDays !== undefined)
          : selectDatasets(all, names);
      if (flags.dryRun === true) await dryRun(context, datasets);
      else await tier(context, datasets, pausedManner(names, flags));
    });
}

async function dryRun(context: CliContext, datasets: readonly Dataset[]): Promise<void> {
  const { planTieringOf } = await import('../../jobs/tier.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { composeLooking } = await import('../rooms/rooms.ts');
  const rooms = await composeLooking(context, 'tier');
  const results = await forEachNamed(datasets, (dataset) => planTieringOf(rooms, dataset));
  context.report(reportTieringPlans(results));
}

async function tier(
  context: CliContext,
  datasets: readonly Dataset[],
  paused: PausedManner,
): Promise<void> {
  const { tierDataset } = await import('../../jobs/tier.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  const { farDiskOf } = await import('../rooms/far-disk.ts');
  const { narrateTiering } = await import('../reports/narrate-tiering.ts');
  const farDisk = farDiskOf(context.loadConfig());
  const narrator = narrateTiering(context);
  try {
    await withRooms(context, 'tier', async (rooms) => {
      const all = { ...rooms, farDisk, tell: narrator.tell };
      const ended = await forEachNamed(datasets, (dataset) =>
        tierDataset(all, dataset, { evenIfPaused: paused === 'taken' }),
      );
      const { results, leftOut } = (paused === 'left out' ? separatePaused : keepAll)(ended);
      // A bar that ticks on would be drawn under the result.
      narrator.end();
      context.report(reportTierings(results, leftOut));
    });
  } finally {
    narrator.end();
  }
}
