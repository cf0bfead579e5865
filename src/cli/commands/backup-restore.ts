import { resolve } from 'node:path';
import type { Command } from 'commander';
import { bytesOf, type NamedBackup } from '../../domain/backup/manifest.ts';
import { countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import type { CliContext, Report } from '../context.ts';
import { backupDocument } from '../reports/backup-report.ts';
import { confirm } from '../terminal/confirm.ts';
import { formatBytes, formatDuration } from '../terminal/format.ts';

interface RestoreFlags {
  readonly toDatabase: string;
  readonly toLake: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function registerBackupRestore(backup: Command, context: CliContext): void {
  backup
    .command('restore')
    .description(
      'a snapshot into an empty database and an empty folder; needs nothing but the backups',
    )
    .argument('<backup>', 'as `tierd backup list` has it, or `latest`')
    .requiredOption('--to-database <url>', 'an empty database that is there already')
    .requiredOption('--to-lake <directory>', 'an empty or new one, as `lake.path` is to name it')
    .option('-n, --dry-run', 'say whether it could be, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd backup restore latest --to-database postgres://localhost/restored --to-lake /srv/restored --dry-run\n  $ tierd backup restore 20261201T050102Z-0f3a5c7e9b1d --to-database postgres://localhost/restored --to-lake /srv/restored --yes',
    )
    .action((id: string, flags: RestoreFlags) => restore(context, id, flags));
}

async function restore(context: CliContext, id: string, flags: RestoreFlags): Promise<void> {
  const { restoreRooms, withByteProgress } = await import('../rooms/backup-rooms.ts');
  const { lookAtRestore, restoreBackup } = await import('../../jobs/restore-backup.ts');
  const { chooseBackup } = await import('../../jobs/backup/choose-backup.ts');
  const { listBackups } = await import('../../lake/backup/manifest-files.ts');
  const { readBackupMarker } = await import('../../lake/backup/backup-place.ts');
  const { describeDatabase } = await import('../../hot/server/connect.ts');
  const url = databaseUrl(flags.toDatabase);
  const rooms = restoreRooms(context);
  await readBackupMarker(rooms.place);
  const backup = chooseBackup(rooms.place, await listBackups(rooms.place), id);
  const wish = { backup, url, lakePath: resolve(context.workingDirectory, flags.toLake) };
  await lookAtRestore(rooms, wish);
  const to = `${describeDatabase(url)} and ${wish.lakePath}`;
  const statement = `This restores ${backup.id}, taken ${new Date(backup.takenAt).toISOString()}: a dump of ${formatBytes(backup.dump.bytes)} and ${countOf(backup.segments.length, 'segment')} (${formatBytes(bytesOf(backup.segments))}), into ${to}.`;
  if (flags.dryRun === true) {
    context.report({
      json: { dry_run: true, backup: backupDocument(backup), statement },
      text: () => statement,
    });
    return;
  }
  const { stdin, stderr, signal } = context;
  if (!(await confirm({ statement, yes: flags.yes === true, stdin, stderr, signal }))) return;
  const begun = performance.now();
  await withByteProgress(context, (tell) => restoreBackup(rooms, wish, tell));
  context.report(reportRestored(backup, to, wish.lakePath, performance.now() - begun));
}

/** Told without it: it may hold a password. */
function databaseUrl(text: string): string {
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new TierdError({
    code: 'USAGE',
    message: '--to-database is no URL of a PostgreSQL database; nothing was done.',
    hint: 'postgres://user:password@host:5432/database, with special characters in the password percent-encoded',
  });
}

function reportRestored(
  backup: NamedBackup,
  to: string,
  lakePath: string,
  elapsedMs: number,
): Report {
  return {
    json: { restored: backupDocument(backup), to_lake: lakePath, seconds: elapsedMs / 1000 },
    text: ({ colour }) =>
      [
        `${colour.green('restored')} ${backup.id} into ${to} (${formatDuration(elapsedMs)})`,
        `  Let \`postgres.url\` and \`lake.path\` in a configuration name the two, and \`tierd query\` answers as it did then.`,
        '  To go on with them: `tierd lake take-over`, and ANALYZE, for statistics are not in a dump.',
      ].join('\n'),
  };
}
