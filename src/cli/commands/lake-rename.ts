import type { Command } from 'commander';
import { agree, countOf } from '../../domain/count.ts';
import type { RenameLook } from '../../jobs/rename-dataset.ts';
import type { CliContext, Report } from '../context.ts';
import { selectDatasets } from '../select-datasets.ts';
import { confirm } from '../terminal/confirm.ts';
import { formatRows } from '../terminal/format.ts';

interface RenameFlags {
  readonly dryRun?: true;
  readonly yes?: true;
}

export function registerLakeRename(lake: Command, context: CliContext): void {
  lake
    .command('rename')
    .description('a dataset that has a new name in the configuration keeps what it has in the lake')
    .argument('<old>', 'the name that the lake knows it by')
    .argument('<new>', 'the name that it has in the configuration')
    .option('-n, --dry-run', 'say what would happen and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd lake rename candles market_data --dry-run\n  $ tierd lake rename candles market_data --yes',
    )
    .action((from: string, to: string, flags: RenameFlags) => rename(context, from, to, flags));
}

async function rename(
  context: CliContext,
  from: string,
  to: string,
  { dryRun, yes }: RenameFlags,
): Promise<void> {
  const { datasets } = context.loadConfig();
  const configured = datasets.map(({ name }) => name);
  const { lookAtRenaming, renameDataset } = await import('../../jobs/rename-dataset.ts');
  const { disconnect } = await import('../../hot/server/connect.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  for (const dataset of selectDatasets(datasets, [to])) {
    const renaming = { from, to: dataset, configured };
    await withRooms(context, 'lake', async (rooms) => {
      const db = await rooms.connect('work');
      try {
        const look = await lookAtRenaming(rooms, db, renaming);
        const { stdin, stderr, signal } = context;
        const statement = statementOf(from, to, look);
        if (dryRun === true) {
          context.report({ json: { dry_run: true, statement }, text: () => statement });
        } else if (await confirm({ statement, yes: yes === true, stdin, stderr, signal })) {
          context.report(reportRenaming(from, to, await renameDataset(rooms, db, renaming)));
        }
      } finally {
        await disconnect(db);
      }
    });
  }
}

function statementOf(from: string, to: string, { segments, rows, isDone }: RenameLook): string {
  if (isDone) return `The ledger has ${from} as ${to} already.`;
  return `This makes ${from} ${to} in the ledger, with ${countOf(segments, 'live segment')} of ${formatRows(Number(rows))}. No file moves: what is in the folder ${from} stays there, and what comes lies in ${to}.`;
}

function reportRenaming(from: string, to: string, { segments, rows, isDone }: RenameLook): Report {
  return {
    json: { from, to, segments, rows: Number(rows), was_renamed_before: isDone },
    text: ({ colour }) =>
      isDone
        ? `${colour.green('as it was')} ${from} is ${to} already, with ${countOf(segments, 'segment')}`
        : `${colour.green('renamed')} ${from} to ${to}: ${countOf(segments, 'segment')} ${agree(segments, 'is', 'are')} found under that name`,
  };
}
