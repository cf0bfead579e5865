import type { Command } from 'commander';
import { countOf } from '../../domain/count.ts';
import type { SwitchLook } from '../../jobs/switch-lake.ts';
import type { CliContext, Report } from '../context.ts';
import { confirm } from '../terminal/confirm.ts';
import { formatBytes } from '../terminal/format.ts';

interface SwitchFlags {
  readonly to: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function registerLakeSwitch(lake: Command, context: CliContext): void {
  lake
    .command('switch')
    .description('make the copy the lake; the old place is left as it is, and refused from then on')
    .requiredOption('--to <file>', 'the file that was given to `tierd lake copy`')
    .option('-n, --dry-run', 'say what would happen and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd lake switch --to new_config.yaml --dry-run\n  $ tierd lake switch --to new_config.yaml --yes',
    )
    .action((flags: SwitchFlags) => switchTo(context, flags));
}

async function switchTo(context: CliContext, { to, dryRun, yes }: SwitchFlags): Promise<void> {
  const { withLakeMove } = await import('../rooms/copy-target.ts');
  const { lookAtSwitch, switchLake } = await import('../../jobs/switch-lake.ts');
  await withLakeMove(context, 'lake-switch', to, async ({ rooms, db, target, file }) => {
    const places = { from: rooms.store.place, to: target.store.place, file };
    const look = await lookAtSwitch(rooms, db, target);
    const statement = statementOf(look, places);
    const { stdin, stderr, signal } = context;
    const isSure = yes === true || look.isDone;
    if (dryRun === true) {
      context.report({ json: { dry_run: true, statement }, text: () => statement });
    } else if (await confirm({ statement, yes: isSure, stdin, stderr, signal })) {
      const { file: before } = context.loadConfig();
      context.report(reportSwitch(await switchLake(rooms, db, target), { ...places, before }));
    }
  });
}

interface Places {
  readonly from: string;
  readonly to: string;
  /** The configuration that names `to`. */
  readonly file: string;
}

function statementOf({ isDone, segments, bytes }: SwitchLook, { from, to }: Places): string {
  return isDone
    ? `${to} is this ledger's lake already.`
    : `This makes ${to} the lake of this ledger, with ${countOf(segments, 'segment')} (${formatBytes(bytes)}) that are proven to be there. ${from} is left as it is, and whoever is configured for it is refused from then on.`;
}

function reportSwitch(
  { segments, bytes }: SwitchLook,
  { from, to, file, before }: Places & { readonly before: string },
): Report {
  const next =
    file === before
      ? 'The configuration names it already.'
      : `Put ${file} in the place of ${before}, and restart the daemon: until then its jobs and queries are refused.`;
  const old =
    from === to
      ? []
      : [
          `${from} is left as it is. Remove it by hand once nobody reads it: docs/operations.md, "Moving the lake".`,
        ];
  return {
    json: { switched: true, place: to, from: from === to ? null : from, segments, bytes },
    text: ({ colour }) =>
      [
        `${colour.green('switched')} ${to} is the lake now: ${countOf(segments, 'segment')} (${formatBytes(bytes)})`,
        next,
        ...old,
      ].join('\n'),
  };
}
