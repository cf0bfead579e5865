import type { Command } from 'commander';
import type { Dataset } from '../../domain/dataset.ts';
import type { DeletionRequest } from '../../jobs/deletion/rooms.ts';
import { type TableTime, tableTime } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { reportDeletion, reportDeletionPlan } from '../reports/deletion-report.ts';
import { selectDataset } from '../select-datasets.ts';
import { reasonOf, spanOf, usageOf } from '../span-and-reason.ts';

interface DeleteFlags {
  readonly where: string;
  readonly reason: string;
  readonly from?: TableTime;
  readonly to?: TableTime;
  readonly coldOnly?: true;
  readonly now?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly mayEmpty?: string;
}

const usage = usageOf('delete');

export function registerDelete(program: Command, context: CliContext): void {
  program
    .command('delete')
    .description('take rows out of the lake for good, proven that all others stay')
    .argument('<dataset>', 'whose rows')
    .requiredOption(
      '--where <condition>',
      'which rows: what may stand behind WHERE in `tierd query`',
    )
    .requiredOption('--reason <text>', 'why, for who looks at it in three years')
    .option('--from <time>', 'only rows from this time on', tableTime)
    .option('--to <time>', 'only rows up to and without this time', tableTime)
    .option('--cold-only', 'also where rows that match are in PostgreSQL, and leave these there')
    .option('--now', 'remove replaced files at once: a query that still reads one fails')
    .option('-n, --dry-run', 'show how many rows of which slices would go, and change nothing')
    .option('-f, --force', 'overrule the guards that can be overruled, and a pause')
    .option('--may-empty <dataset>', 'let all that the lake has of this dataset go')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd delete visits --where "user_id = 4711" --reason "request 2024-17" --dry-run
  $ tierd delete visits --where "user_id = 4711" --reason "request 2024-17"
  $ tierd delete visits --where "user_id = 4711" --reason "request 2024-17" --now
  $ tierd delete market_data --where "symbol = 'TEST'" --from 2024-01-15 --to 2024-01-16 --reason "test rows"`,
    )
    .action(async (name: string, flags: DeleteFlags) => {
      const { datasets } = context.loadConfig();
      const dataset = selectDataset(datasets, name);
      if (flags.mayEmpty !== undefined) selectDataset(datasets, flags.mayEmpty);
      const request = requestOf(dataset, flags);
      const force = flags.force === true;
      if (flags.dryRun === true) await dryRun(context, dataset, request, force);
      else await deleteThem(context, dataset, request, force);
    });
}

function requestOf(dataset: Dataset, flags: DeleteFlags): DeletionRequest {
  const where = flags.where.trim();
  if (where === '') throw usage('--where is empty');
  return {
    where,
    reason: reasonOf(flags.reason, usage),
    span: spanOf(dataset, flags, usage),
    coldOnly: flags.coldOnly === true,
    now: flags.now === true,
    mayEmpty: flags.force === true && flags.mayEmpty === dataset.name,
  };
}

async function dryRun(
  context: CliContext,
  dataset: Dataset,
  request: DeletionRequest,
  force: boolean,
): Promise<void> {
  const { planDeletionOf } = await import('../../jobs/delete.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { conditionRooms } = await import('../rooms/condition-rooms.ts');
  const { composeLooking, withEngine } = await import('../rooms/rooms.ts');
  await withEngine(context, async (local) => {
    const rooms = {
      ...(await composeLooking(context, 'delete')),
      ...local,
      ...conditionRooms(context, dataset, local.tempDirectory),
    };
    const results = await forEachNamed([dataset], (one) =>
      planDeletionOf(rooms, one, request, context.signal),
    );
    context.report(reportDeletionPlan(results, force));
  });
}

async function deleteThem(
  context: CliContext,
  dataset: Dataset,
  request: DeletionRequest,
  force: boolean,
): Promise<void> {
  const { deleteRows } = await import('../../jobs/delete.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { conditionRooms } = await import('../rooms/condition-rooms.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  const { narrateDeletion } = await import('../reports/narrate-deletion.ts');
  const narrator = narrateDeletion(context);
  try {
    await withRooms(context, 'delete', async (rooms) => {
      const all = {
        ...rooms,
        ...conditionRooms(context, dataset, rooms.tempDirectory),
        tell: narrator.tell,
      };
      const results = await forEachNamed([dataset], (one) =>
        deleteRows(all, one, request, { force }),
      );
      // A bar that ticks on would be drawn under the result.
      narrator.end();
      context.report(reportDeletion(results, request));
    });
  } finally {
    narrator.end();
  }
}
