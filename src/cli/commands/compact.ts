import type { Command } from 'commander';
import type { Dataset } from '../../domain/dataset.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { instant } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { type PausedManner, pausedManner } from '../paused-manner.ts';
import { reportCompactionPlans, reportCompactions } from '../reports/compaction-report.ts';
import { keepAll, separatePaused } from '../reports/left-out.ts';
import { selectDatasets } from '../select-datasets.ts';
import { usageOf } from '../span-and-reason.ts';

const usage = usageOf('compact');

interface CompactFlags {
  readonly rewriteBefore?: EpochMs;
  readonly dryRun?: true;
  readonly force?: true;
  readonly skipPaused?: true;
}

export function registerCompact(program: Command, context: CliContext): void {
  program
    .command('compact')
    .description('merge small segments of the lake, proven before the old ones go')
    .argument('[dataset...]', 'only these; all of them when none is named')
    .option('-n, --dry-run', 'show what would be merged and change nothing')
    .option(
      '--rewrite-before <time>',
      'also write anew what was published before: for another `parquet`, or another key of the disk or bucket',
      instant,
    )
    .option('-f, --force', 'also a paused dataset, where it is named')
    .option('--skip-paused', 'leave out what is paused, also of the datasets that are named')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd compact --dry-run
  $ tierd compact market_data
  $ tierd compact market_data --rewrite-before 2024-06-01
  $ tierd compact --json`,
    )
    .action(async (names: string[], flags: CompactFlags) => {
      const { datasets: all } = context.loadConfig();
      const datasets = names.length === 0 ? all : selectDatasets(all, names);
      const { rewriteBefore } = flags;
      if (rewriteBefore !== undefined && rewriteBefore > context.clock.now()) {
        throw usage(
          '--rewrite-before is in the future: what is written now would be written again',
        );
      }
      if (flags.dryRun === true) await dryRun(context, datasets, rewriteBefore);
      else await compact(context, datasets, pausedManner(names, flags), rewriteBefore);
    });
}

async function dryRun(
  context: CliContext,
  datasets: readonly Dataset[],
  rewriteBefore: EpochMs | undefined,
): Promise<void> {
  const { planCompactionOf } = await import('../../jobs/compact.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { composeLooking } = await import('../rooms/rooms.ts');
  const rooms = await composeLooking(context, 'compact');
  const results = await forEachNamed(datasets, (dataset) =>
    planCompactionOf(rooms, dataset, rewriteBefore),
  );
  context.report(reportCompactionPlans(results));
}

async function compact(
  context: CliContext,
  datasets: readonly Dataset[],
  paused: PausedManner,
  rewriteBefore: EpochMs | undefined,
): Promise<void> {
  const { compactDataset } = await import('../../jobs/compact.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  const { narrateCompaction } = await import('../reports/narrate-compaction.ts');
  const narrator = narrateCompaction(context);
  try {
    await withRooms(context, 'compact', async (rooms) => {
      const all = { ...rooms, tell: narrator.tell };
      const ended = await forEachNamed(datasets, (dataset) =>
        compactDataset(all, dataset, { evenIfPaused: paused === 'taken', rewriteBefore }),
      );
      const { results, leftOut } = (paused === 'left out' ? separatePaused : keepAll)(ended);
      // A bar that ticks on would be drawn under the result.
      narrator.end();
      context.report(reportCompactions(results, leftOut));
    });
  } finally {
    narrator.end();
  }
}
