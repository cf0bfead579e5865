import type { Command } from 'commander';
import type { BackupKind } from '../../domain/backup/manifest.ts';
import { wholeNumber } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { registerBackupProofs } from './backup-proofs.ts';
import { registerBackupRestore } from './backup-restore.ts';

interface TakeFlags {
  readonly newPlace?: true;
}

export function registerBackup(program: Command, context: CliContext): void {
  const backup = program
    .command('backup')
    .description('database and lake, of one instant, kept apart, proven, and restored')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd backup snapshot\n  $ tierd backup drill\n  $ tierd backup list',
    );

  registerTaking(
    backup,
    context,
    'snapshot',
    'a dump of the database and the lake’s files, of one snapshot of the ledger',
  );
  registerTaking(backup, context, 'dump', 'the database alone; kept once while it says the same');

  backup
    .command('list')
    .description('what there is, the newest first; asks no database')
    .addHelpText('after', '\nExamples:\n  $ tierd backup list\n  $ tierd backup list --json')
    .action(() => list(context));

  backup
    .command('runs')
    .description('what `tierd backup` did, when, and how it ended')
    .option('--limit <n>', 'so many, the newest first', wholeNumber({ min: 1, max: 10_000 }), 20)
    .addHelpText('after', '\nExamples:\n  $ tierd backup runs\n  $ tierd backup runs --limit 100')
    .action(({ limit }: { readonly limit: number }) => runs(context, limit));

  registerBackupProofs(backup, context);
  registerBackupRestore(backup, context);
}

function registerTaking(
  backup: Command,
  context: CliContext,
  kind: BackupKind,
  description: string,
): void {
  backup
    .command(kind)
    .description(description)
    .option('--new-place', 'begin anew where the ledger knows of backups that are not there')
    .addHelpText('after', `\nExamples:\n  $ tierd backup ${kind}\n  $ tierd backup ${kind} --json`)
    .action((flags: TakeFlags) => take(context, kind, flags));
}

async function take(context: CliContext, kind: BackupKind, flags: TakeFlags): Promise<void> {
  const { withBackupRooms, withByteProgress } = await import('../rooms/backup-rooms.ts');
  const { takeBackup } = await import('../../jobs/take-backup.ts');
  const { reportTaken } = await import('../reports/backup-report.ts');
  const begun = performance.now();
  const wish = { kind, anew: flags.newPlace === true };
  await withBackupRooms(context, async (rooms, db) => {
    const taken = await withByteProgress(context, (tell) => takeBackup(rooms, db, wish, tell));
    context.report(reportTaken(taken, rooms.place.root, performance.now() - begun));
  });
}

async function list(context: CliContext): Promise<void> {
  const { backupPlace } = await import('../rooms/backup-rooms.ts');
  const { readBackupMarker } = await import('../../lake/backup/backup-place.ts');
  const { listBackups } = await import('../../lake/backup/manifest-files.ts');
  const { reportList } = await import('../reports/backup-report.ts');
  const place = backupPlace(context.loadConfig());
  // Of a directory that is something else nothing is listed as if it were empty.
  await readBackupMarker(place);
  context.report(reportList(await listBackups(place), place.root, context.clock.now()));
}

async function runs(context: CliContext, limit: number): Promise<void> {
  const { withLedger } = await import('../rooms/ledger.ts');
  const { listBackupRuns } = await import('../../ledger/backup-logs.ts');
  const { reportRuns } = await import('../reports/backup-report.ts');
  await withLedger(context, 'backup', async (db) => {
    context.report(reportRuns(await listBackupRuns(db, limit), context.clock.now()));
  });
}
