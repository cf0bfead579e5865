import { Argument, type Command } from 'commander';
import type { MigrationStatus } from '../../ledger/migrate.ts';
import type { CliContext, Report } from '../context.ts';

const ACTIONS = ['up', 'status'] as const;

export function registerMigrate(program: Command, context: CliContext): void {
  program
    .command('migrate')
    .description('bring the ledger, the schema "tierd" in PostgreSQL, to this version')
    .addArgument(
      new Argument('[action]', 'apply what is pending, or only show it')
        .choices(ACTIONS)
        .default('up'),
    )
    .addHelpText('after', '\nExamples:\n  $ tierd migrate\n  $ tierd migrate status --json')
    .action(async (action: (typeof ACTIONS)[number]) => {
      const { withDirectConnection } = await import('../rooms/hot-connection.ts');
      const { postgresError } = await import('../../hot/postgres-error.ts');
      const { assertWritable } = await import('../../hot/server/writable.ts');
      const { migrate, migrationStatus } = await import('../../ledger/migrate.ts');
      await withDirectConnection(context, 'migrate', async (client) => {
        try {
          if (action === 'up') await assertWritable(client);
          context.report(
            action === 'up'
              ? reportApplied(await migrate(client))
              : reportStatus(await migrationStatus(client)),
          );
        } catch (error) {
          throw postgresError(error, 'migrating the ledger (rolled back as a whole)');
        }
      });
    });
}

function reportApplied(applied: readonly string[]): Report {
  return {
    json: { applied },
    text: ({ colour }) =>
      applied.length === 0
        ? 'The ledger is up to date.'
        : applied.map((name) => `${colour.green('applied')} ${name}`).join('\n'),
  };
}

function reportStatus({ applied, pending }: MigrationStatus): Report {
  return {
    json: { applied, pending },
    text: ({ colour }) =>
      [
        ...applied.map((name) => `${colour.green('applied')} ${name}`),
        ...pending.map((name) => `${colour.yellow('pending')} ${name}`),
        ...(pending.length === 0 ? [] : ['', 'Run `tierd migrate` to apply what is pending.']),
      ].join('\n'),
  };
}
