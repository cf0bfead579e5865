import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { TierdError } from '../../domain/errors.ts';
import type { VerifyResult } from '../../jobs/verify-backups.ts';
import type { CliContext } from '../context.ts';

export function registerBackupProofs(backup: Command, context: CliContext): void {
  backup
    .command('verify')
    .description('read each file again, and name what is missing or altered; needs no database')
    .argument('[backup...]', 'only these; all without it')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd backup verify\n  $ tierd backup verify latest --json',
    )
    .action((ids: readonly string[]) => verify(context, ids));

  backup
    .command('prune')
    .description('remove what none of the rules of `backup.keep` keeps')
    .option('-n, --dry-run', 'say what would go and change nothing')
    .addHelpText('after', '\nExamples:\n  $ tierd backup prune --dry-run\n  $ tierd backup prune')
    .action((flags: { readonly dryRun?: true }) => prune(context, flags.dryRun === true));

  backup
    .command('drill')
    .description('restore the newest snapshot beside the database, prove it, and remove it again')
    .addHelpText('after', '\nExamples:\n  $ tierd backup drill\n  $ tierd backup drill --json')
    .action(() => drill(context));
}

async function verify(context: CliContext, ids: readonly string[]): Promise<void> {
  const { backupPlace, withByteProgress } = await import('../rooms/backup-rooms.ts');
  const { verifyBackups } = await import('../../jobs/verify-backups.ts');
  const { reportVerified } = await import('../reports/backup-proof-report.ts');
  const place = backupPlace(context.loadConfig());
  const startedAt = context.clock.now();
  const result = await withByteProgress(context, (tell) =>
    verifyBackups(place, ids, context.signal, tell),
  );
  await logVerified(context, place.root, startedAt, result);
  context.report(reportVerified(result, place.root));
}

/** The database may be what was lost: backups are verified without it. */
async function logVerified(
  context: CliContext,
  place: string,
  startedAt: number,
  { bytes, damaged, damagedManifests }: VerifyResult,
): Promise<void> {
  const { withLedger } = await import('../rooms/ledger.ts');
  const { thisProcess } = await import('../rooms/rooms.ts');
  const { logBackupRun } = await import('../../ledger/backup-logs.ts');
  const isSound = damaged.length + damagedManifests.length === 0;
  try {
    await withLedger(context, 'backup', (db) =>
      logBackupRun(
        db,
        { id: randomUUID(), kind: 'verify', holder: thisProcess(), place, startedAt },
        {
          state: isSound ? 'done' : 'failed',
          ...{ backup: null, bytes, addedBytes: 0 },
          errorCode: isSound ? null : 'BACKUP_DAMAGED',
          errorMessage: null,
        },
      ),
    );
  } catch (error) {
    if (!(error instanceof TierdError)) throw error;
    context.logger.warn(`what was found is not in the ledger's log: ${error.message}`);
  }
}

async function prune(context: CliContext, isDry: boolean): Promise<void> {
  const { backupConfig, backupPlace, withBackupRooms } = await import('../rooms/backup-rooms.ts');
  const { planPrune, pruneBackups } = await import('../../jobs/prune-backups.ts');
  const { reportPrune } = await import('../reports/backup-proof-report.ts');
  const config = context.loadConfig();
  const { keep } = backupConfig(config);
  if (isDry) {
    context.report(reportPrune(await planPrune(backupPlace(config), keep), true));
    return;
  }
  await withBackupRooms(context, async (rooms, db) => {
    context.report(reportPrune(await pruneBackups(rooms, db, keep), false));
  });
}

async function drill(context: CliContext): Promise<void> {
  const { withByteProgress, withDrillRooms } = await import('../rooms/backup-rooms.ts');
  const { drillBackup } = await import('../../jobs/drill-backup.ts');
  const { reportDrill } = await import('../reports/backup-proof-report.ts');
  await withDrillRooms(context, async (rooms, db) => {
    const result = await withByteProgress(context, (tell) => drillBackup(rooms, db, tell));
    context.report(reportDrill(result));
  });
}
