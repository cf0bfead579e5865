import type { Command } from 'commander';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { instant, type TableTime, tableTime, wholeNumber } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { reportHold, reportHolds } from '../reports/hold-report.ts';
import { withLedger } from '../rooms/ledger.ts';
import { selectDataset } from '../select-datasets.ts';
import { reasonOf, spanOf, usageOf } from '../span-and-reason.ts';

interface SetFlags {
  readonly reason: string;
  readonly from?: TableTime;
  readonly to?: TableTime;
  readonly until?: EpochMs;
}

const usage = usageOf('hold');

export function registerHold(program: Command, context: CliContext): void {
  const hold = program
    .command('hold')
    .description('keep time of a dataset in the lake, however old it is')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd hold set market_data --reason "case 17"\n  $ tierd hold list',
    );

  hold
    .command('set')
    .description('nothing of it expires until the hold ends or is lifted')
    .argument('<dataset>', 'whose rows')
    .requiredOption('--reason <text>', 'why, for who looks at it in three years')
    .option('--from <time>', 'from this time on; from the beginning without it', tableTime)
    .option('--to <time>', 'up to and without this time; for ever without it', tableTime)
    .option('--until <time>', 'the hold ends then by itself; when it is lifted without it', instant)
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd hold set market_data --reason "case 17"\n  $ tierd hold set market_data --from 2024-01-01 --to 2024-04-01 --reason "audit" --until 2027-01-01',
    )
    .action((dataset: string, flags: SetFlags) => set(context, dataset, flags));

  hold
    .command('list')
    .description('what is held, why, by whom')
    .argument('[dataset]', 'only of this dataset')
    .addHelpText('after', '\nExample:\n  $ tierd hold list --json')
    .action((dataset: string | undefined) => list(context, dataset));

  hold
    .command('lift')
    .description('end a hold: what is old enough expires with the next run')
    .argument('<number>', 'as `tierd hold list` has it', wholeNumber({ min: 1, max: 2 ** 53 - 1 }))
    .requiredOption('--reason <text>', 'why it is no longer needed')
    .addHelpText('after', '\nExample:\n  $ tierd hold lift 3 --reason "case 17 is closed"')
    .action((id: number, { reason }: Pick<SetFlags, 'reason'>) => lift(context, id, reason));
}

async function set(context: CliContext, name: string, flags: SetFlags): Promise<void> {
  const dataset = selectDataset(context.loadConfig().datasets, name);
  const until = flags.until ?? null;
  if (until !== null && until <= context.clock.now()) throw usage('--until is over already');
  const wish = {
    dataset: name,
    range: spanOf(dataset, flags, usage),
    reason: reasonOf(flags.reason, usage),
    until,
  };
  const { setHold } = await import('../../jobs/hold.ts');
  const { composeByHand } = await import('../rooms/rooms.ts');
  const hold = await setHold(await composeByHand(context, 'hold'), wish);
  context.report(reportHold('held', hold));
}

/** Also of datasets that are no longer configured. */
async function list(context: CliContext, dataset: string | undefined): Promise<void> {
  const { listHolds } = await import('../../ledger/holds.ts');
  await withLedger(context, 'hold', async (db) => {
    context.report(reportHolds(await listHolds(db, dataset ?? null), context.clock.now()));
  });
}

async function lift(context: CliContext, id: number, reason: string): Promise<void> {
  const { endHold } = await import('../../jobs/hold.ts');
  const { composeByHand } = await import('../rooms/rooms.ts');
  const rooms = await composeByHand(context, 'hold');
  context.report(reportHold('lifted', await endHold(rooms, String(id), reasonOf(reason, usage))));
}
