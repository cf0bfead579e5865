import type { Command } from 'commander';
import type { Dataset } from '../../domain/dataset.ts';
import { everExpires } from '../../domain/plan/retention.ts';
import type { CliContext } from '../context.ts';
import { type PausedManner, pausedManner } from '../paused-manner.ts';
import { reportExpiries, reportExpiryPlans } from '../reports/expiry-report.ts';
import { keepAll, separatePaused } from '../reports/left-out.ts';
import { selectDatasets } from '../select-datasets.ts';

interface ExpireFlags {
  readonly dryRun?: true;
  readonly force?: true;
  readonly skipPaused?: true;
  readonly mayEmpty?: string;
}

interface Wishes {
  readonly force: boolean;
  readonly paused: PausedManner;
  readonly mayEmpty: (dataset: Dataset) => boolean;
}

export function registerExpire(program: Command, context: CliContext): void {
  program
    .command('expire')
    .description('take out of the lake what is older than cold_days; it is then gone')
    .argument(
      '[dataset...]',
      'only these; all that do not keep their rows for ever when none is named',
    )
    .option('-n, --dry-run', 'show what would expire and change nothing')
    .option('-f, --force', 'overrule the guards that can be overruled, and a pause where named')
    .option('--may-empty <dataset>', 'let all that the lake has of this one dataset expire')
    .option('--skip-paused', 'leave out what is paused, also of the datasets that are named')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd expire --dry-run
  $ tierd expire market_data
  $ tierd expire market_data --force
  $ tierd expire old_news --force --may-empty old_news`,
    )
    .action(async (names: string[], flags: ExpireFlags) => {
      const { datasets: all } = context.loadConfig();
      if (flags.mayEmpty !== undefined) selectDatasets(all, [flags.mayEmpty]);
      const datasets = names.length === 0 ? all.filter(everExpires) : selectDatasets(all, names);
      const wishes: Wishes = {
        force: flags.force === true,
        paused: pausedManner(names, flags),
        mayEmpty: ({ name }) => flags.force === true && flags.mayEmpty === name,
      };
      if (flags.dryRun === true) await dryRun(context, datasets, wishes);
      else await expire(context, datasets, wishes);
    });
}

async function dryRun(
  context: CliContext,
  datasets: readonly Dataset[],
  { force, mayEmpty }: Wishes,
): Promise<void> {
  const { planExpiryOf } = await import('../../jobs/expire.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { composeLooking, withEngine } = await import('../rooms/rooms.ts');
  await withEngine(context, async (local) => {
    const rooms = { ...(await composeLooking(context, 'expire')), ...local };
    const results = await forEachNamed(datasets, (dataset) =>
      planExpiryOf(rooms, dataset, { mayEmpty: mayEmpty(dataset) }, context.signal),
    );
    context.report(reportExpiryPlans(results, force));
  });
}

async function expire(
  context: CliContext,
  datasets: readonly Dataset[],
  { force, paused, mayEmpty }: Wishes,
): Promise<void> {
  const { expireDataset } = await import('../../jobs/expire.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  const { narrateExpiry } = await import('../reports/narrate-expiry.ts');
  await withRooms(context, 'expire', async (rooms) => {
    const all = { ...rooms, tell: narrateExpiry(context) };
    const ended = await forEachNamed(datasets, (dataset) =>
      expireDataset(all, dataset, {
        force,
        evenIfPaused: paused === 'taken',
        mayEmpty: mayEmpty(dataset),
      }),
    );
    const { results, leftOut } = (paused === 'left out' ? separatePaused : keepAll)(ended);
    context.report(reportExpiries(results, leftOut));
  });
}
