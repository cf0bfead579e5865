import type { Command } from 'commander';
import { countOf } from '../../domain/count.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { type TableTime, tableTime } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { rangeDocument } from '../reports/range-document.ts';
import { selectDataset } from '../select-datasets.ts';
import { spanOf, usageOf } from '../span-and-reason.ts';

interface UnpinFlags {
  readonly from?: TableTime;
  readonly to?: TableTime;
}

export function registerUnpin(program: Command, context: CliContext): void {
  program
    .command('unpin')
    .description('let rotations take rows again that `tierd restore` has pinned')
    .argument('<dataset>', 'whose pins')
    .option('--from <time>', 'only pins of this time and later', tableTime)
    .option('--to <time>', 'only pins of before this time', tableTime)
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd unpin market_data\n  $ tierd unpin market_data --from 2024-01-15 --to 2024-01-18',
    )
    .action(async (name: string, flags: UnpinFlags) => {
      const dataset = selectDataset(context.loadConfig().datasets, name);
      const span = spanOf(dataset, flags, usageOf('unpin'));
      const { unpinDataset } = await import('../../jobs/unpin.ts');
      const { composeByHand } = await import('../rooms/rooms.ts');
      const rooms = await composeByHand(context, 'unpin');
      const gone = await unpinDataset(rooms, name, span);
      for (const range of gone) {
        context.logger.info(
          { audit: 'unpin', dataset: name, range: formatRange(range) },
          `${name} ${formatRange(range)}: unpinned`,
        );
      }
      context.report({
        json: {
          dataset: name,
          unpinned: gone.map(rangeDocument),
        },
        text: ({ colour }) =>
          gone.length === 0
            ? `${colour.green('done')} ${name}: nothing was pinned`
            : `${colour.green('done')} ${name}: ${countOf(gone.length, 'pin')} released; what has aged leaves with the next rotation`,
      });
    });
}
