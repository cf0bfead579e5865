import { type Command, InvalidArgumentError } from 'commander';
import type { Dataset } from '../../domain/dataset.ts';
import { PIN_DAYS } from '../../domain/plan/pins.ts';
import type { TableRef } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { RestoreWish } from '../../jobs/restore/rooms.ts';
import { instant, type TableTime, tableTime } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { selectDataset } from '../select-datasets.ts';
import { timeOf, usageOf } from '../span-and-reason.ts';

const usage = usageOf('restore');

interface RestoreFlags {
  readonly from: TableTime;
  readonly to: TableTime;
  readonly where?: string;
  readonly into?: string;
  readonly keepCold?: true;
  readonly pinUntil?: EpochMs | 'never';
  readonly dryRun?: true;
  readonly force?: true;
}

export function registerRestore(program: Command, context: CliContext): void {
  program
    .command('restore')
    .description('bring rows back from the lake into PostgreSQL, proven before they leave the lake')
    .argument('<dataset>', 'whose rows')
    .requiredOption('--from <time>', 'from this time on', tableTime)
    .requiredOption('--to <time>', 'up to and without this time', tableTime)
    .option('--where <condition>', 'only rows of which this is true, as `tierd query` reads it')
    .option('--into <table>', 'copy them into this table, made where it is missing; they stay cold')
    .option('--keep-cold', 'say that they stay cold, which needs --into')
    .option(
      '--pin-until <time>',
      `how long rotations leave them hot, or never, for ever (default: ${String(PIN_DAYS)} days)`,
      pinEnd,
    )
    .option('-n, --dry-run', 'show the plan and change nothing')
    .option(
      '-f, --force',
      'take whole slices, let triggers fire, go past foreign keys that are not checked, write into unlogged tables and paused datasets',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tierd restore market_data --from 2024-01-15 --to 2024-01-18 --dry-run
  $ tierd restore market_data --from 2024-01-15 --to 2024-01-18 --pin-until 2024-06-01
  $ tierd restore market_data --from 2024-01-01 --to 2024-02-01 --into audit.january
  $ tierd restore market_data --from 2024-01-15 --to 2024-01-18 --where "symbol = 'AAPL'"`,
    )
    .action(async (name: string, flags: RestoreFlags) => {
      const dataset = selectDataset(context.loadConfig().datasets, name);
      const request = requestOf(dataset, flags, context.clock.now());
      if (flags.dryRun === true) await dryRun(context, dataset, request, flags.force === true);
      else await restore(context, dataset, request, flags.force === true);
    });
}

function pinEnd(text: string): EpochMs | 'never' {
  if (text === 'never') return 'never';
  try {
    return instant(text);
  } catch {
    throw new InvalidArgumentError('a UTC date or time, such as 2024-06-01, or never');
  }
}

function requestOf(dataset: Dataset, flags: RestoreFlags, now: EpochMs): RestoreWish {
  const { where, into, keepCold, pinUntil } = flags;
  const from = timeOf(dataset, flags.from, usage);
  const to = timeOf(dataset, flags.to, usage);
  if (from >= to) throw usage('--to must be later than --from');
  if (where?.trim() === '') throw usage('--where is empty');
  if (keepCold === true && into === undefined) {
    throw usage(
      '--keep-cold needs --into: in the table itself and in the lake each row would be read twice',
    );
  }
  if (into !== undefined && pinUntil !== undefined) {
    throw usage('--pin-until is for rows that come back into their own table, not for --into');
  }
  if (pinUntil !== undefined && pinUntil !== 'never' && pinUntil <= now) {
    throw usage('--pin-until is over already, and the next rotation would take the rows again');
  }
  return {
    span: { fromInclusive: from, toExclusive: to },
    where: where?.trim() ?? null,
    into: into === undefined ? null : tableOf(into, dataset),
    pinUntil: pinUntil === 'never' ? null : (pinUntil ?? 'default'),
  };
}

/** `schema.table`, or a table beside the dataset's own. */
function tableOf(text: string, dataset: Dataset): TableRef {
  const parts = text.split('.');
  if (parts.length > 2 || parts.some((part) => part === '')) {
    throw usage(`--into ${text} is no table: write schema.table`);
  }
  const [schema = '', name = ''] = parts.length === 2 ? parts : [dataset.table.schema, text];
  const isOwn = schema === dataset.table.schema && name === dataset.table.name;
  if (isOwn) throw usage(`--into ${text} is the dataset's own table: leave --into out`);
  return { schema, name };
}

async function dryRun(
  context: CliContext,
  dataset: Dataset,
  request: RestoreWish,
  force: boolean,
): Promise<void> {
  const { planRestoreOf } = await import('../../jobs/restore.ts');
  const { conditionRooms } = await import('../rooms/condition-rooms.ts');
  const { composeLooking, withEngine } = await import('../rooms/rooms.ts');
  const { reportRestorePlan } = await import('../reports/restore-report.ts');
  await withEngine(context, async (local) => {
    const rooms = {
      ...(await composeLooking(context, 'restore')),
      ...local,
      ...conditionRooms(context, dataset, local.tempDirectory),
    };
    const plan = await planRestoreOf(rooms, dataset, request, context.signal);
    context.report(reportRestorePlan(plan, force));
  });
}

async function restore(
  context: CliContext,
  dataset: Dataset,
  request: RestoreWish,
  force: boolean,
): Promise<void> {
  const { restoreDataset } = await import('../../jobs/restore.ts');
  const { conditionRooms } = await import('../rooms/condition-rooms.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  const { narrateRestore } = await import('../reports/narrate-restore.ts');
  const { reportRestore } = await import('../reports/restore-report.ts');
  const narrator = narrateRestore(context);
  try {
    await withRooms(context, 'restore', async (rooms) => {
      const all = {
        ...rooms,
        ...conditionRooms(context, dataset, rooms.tempDirectory),
        tell: narrator.tell,
      };
      const outcome = await restoreDataset(all, dataset, request, { force });
      // A bar that ticks on would be drawn under the result.
      narrator.end();
      context.report(reportRestore(outcome));
    });
  } finally {
    narrator.end();
  }
}
