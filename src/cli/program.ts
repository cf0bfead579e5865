/** The command tree. A verb is one file with one `register…` function, listed in `VERBS`. */
import { Option } from 'commander';
import { LOG_LEVELS } from '../config/log-section.ts';
import { TierdCommand } from './command.ts';
import { registerAdopt } from './commands/adopt.ts';
import { registerAlerts } from './commands/alerts.ts';
import { registerAttach, registerDetach } from './commands/attach.ts';
import { registerAudit } from './commands/audit.ts';
import { registerBackup } from './commands/backup.ts';
import { registerCleanup } from './commands/cleanup.ts';
import { registerCompact } from './commands/compact.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConfig } from './commands/config.ts';
import { registerCorrect } from './commands/correct.ts';
import { registerDeadLetters } from './commands/dead-letters.ts';
import { registerDelete } from './commands/delete.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerDrain } from './commands/drain.ts';
import { registerExpire } from './commands/expire.ts';
import { registerExport } from './commands/export.ts';
import { registerHold } from './commands/hold.ts';
import { registerIngest } from './commands/ingest.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerJobs } from './commands/jobs.ts';
import { registerLake } from './commands/lake.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerPartitions } from './commands/partitions.ts';
import { registerQuery } from './commands/query.ts';
import { registerRestore } from './commands/restore.ts';
import { registerRotate } from './commands/rotate.ts';
import { registerRun } from './commands/run-daemon.ts';
import { registerScrub } from './commands/scrub.ts';
import { registerStatus } from './commands/status.ts';
import { registerTier } from './commands/tier.ts';
import { registerUnpin } from './commands/unpin.ts';
import { type CliContext, type CliIo, createContext } from './context.ts';
import { readVersion } from './version.ts';

/** In the order of `tierd --help`: the daily ones first. */
const VERBS: readonly ((program: TierdCommand, context: CliContext) => void)[] = [
  registerRun,
  registerDrain,
  registerRotate,
  registerStatus,
  registerJobs,
  registerAlerts,
  registerCleanup,
  registerQuery,
  registerIngest,
  registerExport,
  registerRestore,
  registerUnpin,
  registerCompact,
  registerTier,
  registerPartitions,
  registerExpire,
  registerHold,
  registerDelete,
  registerCorrect,
  registerScrub,
  registerDeadLetters,
  registerLake,
  registerAdopt,
  registerAttach,
  registerDetach,
  registerAudit,
  registerBackup,
  registerDoctor,
  registerInspect,
  registerConfig,
  registerMigrate,
  registerCompletion,
];

export function createProgram(io: CliIo): { program: TierdCommand; context: CliContext } {
  const program = new TierdCommand('tierd');
  program
    .description(
      'Moves rows of time-series tables from Redis to PostgreSQL and on to a Parquet lake as\nthey age, proves each move before it deletes anything, and answers queries.',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand('help [command]', 'explain a command')
    .addOption(new Option('-c, --config <file>', 'use this configuration file'))
    .addOption(new Option('--json', 'print the result as one JSON document on stdout'))
    .addOption(
      new Option('-q, --quiet', 'no progress, only warnings and errors').conflicts('verbose'),
    )
    .addOption(new Option('-v, --verbose', 'also say what is done on the way'))
    .addOption(
      new Option('--log-level <level>', 'the least severe message on stderr').choices(LOG_LEVELS),
    )
    .addOption(new Option('--no-color', 'no colours (as does NO_COLOR in the environment)'))
    .addOption(new Option('--stack', 'with an error, say where in the program it arose'))
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .addHelpText(
      'after',
      `
Exit codes:
  0 done   1 failed   2 bad usage or configuration   3 refused by a guard
  4 partly done, nothing lost   5 another tierd holds the lease   130 interrupted

Examples:
  $ tierd config check
  $ tierd doctor
  $ tierd cleanup --dry-run
  $ tierd status
  $ tierd rotate --help`,
    );
  program.hook('preAction', () => {
    program.throwProblems();
  });
  const context = createContext(io, program);
  for (const register of VERBS) register(program, context);
  return { program, context };
}
