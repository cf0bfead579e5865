import type { Command } from 'commander';
import { countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import { type EpochMs, formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import { instant } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { rangeDocument } from '../reports/range-document.ts';
import { selectDatasets } from '../select-datasets.ts';

interface UnpinFlags {
  readonly from?: EpochMs;
  readonly to?: EpochMs;
}

export function registerUnpin(program: Command, context: CliContext): void {
  program
    .command('unpin')
    .description('let rotations take rows again that `tierd restore` has pinned')
    .argument('<dataset>', 'whose pins')
    .option('--from <time>', 'only pins of this time and later', instant)
    .option('--to <time>', 'only pins of before this time', instant)
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd unpin market_data\n  $ tierd unpin market_data --from 2024-01-15 --to 2024-01-18',
    )
    .action(async (name: string, flags: UnpinFlags) => {
      selectDatasets(context.loadConfig().datasets, [name]);
      const { unpinDataset } = await import('../../jobs/unpin.ts');
      const { composeByHand } = await import('../rooms/rooms.ts');
      const rooms = await composeByHand(context, 'unpin');
      const gone = await unpinDataset(rooms, name, spanOf(flags));
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

const BEGINNING: EpochMs = Date.parse('0001-01-01T00:00:00Z');
const END: EpochMs = Date.parse('9999-12-31T00:00:00Z');

/** Null is all of time. */
function spanOf({ from, to }: UnpinFlags): TimeRange | null {
  if (from === undefined && to === undefined) return null;
  const span = { fromInclusive: from ?? BEGINNING, toExclusive: to ?? END };
  if (span.fromInclusive < span.toExclusive) return span;
  throw new TierdError({
    code: 'USAGE',
    message: '--to must be later than --from; nothing was done.',
    hint: 'See `tierd unpin --help`.',
  });
}
