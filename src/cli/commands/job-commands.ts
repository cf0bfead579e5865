/** `tierd jobs run|cancel|pause|resume`: what a person asks of the daemons. */
import { hostname, userInfo } from 'node:os';
import type { Command } from 'commander';
import { TierdError } from '../../domain/errors.ts';
import { suggest } from '../../domain/suggest.ts';
import type { Pausable } from '../../ledger/pauses.ts';
import type { CliContext } from '../context.ts';
import { jobsOf } from '../daemon/jobs.ts';
import { withDirectConnection } from '../rooms/hot-connection.ts';
import { stringify } from '../terminal/errors.ts';

export function registerJobCommands(jobs: Command, context: CliContext): void {
  jobs
    .command('run')
    .description('have the leading daemon run a job now')
    .argument('<job>', 'as in `tierd jobs list`')
    .option('-n, --dry-run', 'have it only say what would be done, and wait for that')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd jobs run rotate\n  $ tierd jobs run rotate --dry-run --json',
    )
    .action(async (job: string, flags: { readonly dryRun?: true }) => {
      if (flags.dryRun === true) await dryRun(context, job);
      else await run(context, job);
    });

  jobs
    .command('cancel')
    .description('have the leading daemon stop the run of a job: its step ends or is rolled back')
    .argument('<job>', 'as in `tierd jobs list`')
    .addHelpText('after', '\nExample:\n  $ tierd jobs cancel rotate')
    .action(async (job: string) => {
      const { commandDaemon } = await import('../daemon/client.ts');
      const answer = await commandDaemon(context.loadConfig().server, job, 'cancel');
      const { cancelled } = answer as { readonly cancelled: boolean };
      context.report({
        json: answer,
        text: () => (cancelled ? `${job}: asked to stop` : `${job}: does not run`),
      });
    });

  jobs
    .command('pause')
    .description('no schedule starts the job, or nothing moves the dataset, until it is resumed')
    .argument('[job]', 'as in `tierd jobs list`')
    .option('--dataset <name>', 'this dataset instead: no rotation and no drain touches it')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd jobs pause rotate\n  $ tierd jobs pause --dataset market_data',
    )
    .action((job: string | undefined, { dataset }: DatasetFlag) =>
      pauseIt(context, targetOf(context, job, dataset)),
    );

  jobs
    .command('resume')
    .description('end the pause of a job or a dataset')
    .argument('[job]', 'as in `tierd jobs list`')
    .option('--dataset <name>', 'this dataset instead')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd jobs resume rotate\n  $ tierd jobs resume --dataset market_data',
    )
    .action((job: string | undefined, { dataset }: DatasetFlag) =>
      resumeIt(context, targetOf(context, job, dataset)),
    );
}

interface DatasetFlag {
  readonly dataset?: string;
}

async function run(context: CliContext, job: string): Promise<void> {
  const { commandDaemon } = await import('../daemon/client.ts');
  const answer = await commandDaemon(context.loadConfig().server, job, 'run');
  const { outcome } = answer as { readonly outcome: 'start' | 'queue' | 'skip' };
  context.report({ json: answer, text: () => `${job}: ${OUTCOMES[outcome]}` });
}

const OUTCOMES = {
  start: 'started',
  queue: 'queued behind the run that is going on',
  skip: 'still runs; nothing was started',
} as const;

async function dryRun(context: CliContext, job: string): Promise<void> {
  const { awaitDryRun } = await import('../daemon/client.ts');
  const { server } = context.loadConfig();
  const found = await awaitDryRun(server, job, context.signal);
  const { command, state, error_message: problem, result } = found;
  context.report({
    json: found,
    text: () =>
      [
        `${command}: ${state.replaceAll('_', ' ')}${problem === null ? '' : `: ${problem}`}`,
        ...(result === null ? [] : [stringify(result, 2)]),
      ].join('\n'),
    exitCode: DRY_RUN_EXITS[state] ?? 1,
  });
}

/** As the command itself would have ended. */
const DRY_RUN_EXITS: Readonly<Record<string, 0 | 3 | 4 | 5>> = {
  done: 0,
  refused: 3,
  partly: 4,
  lease_held: 5,
};

interface Target {
  readonly what: Pausable;
  readonly name: string;
  /** Null when the configuration has it; else what to say of it. */
  readonly unknown: TierdError | null;
}

/** By name, and known or not: what the configuration has no more may still be paused. */
function targetOf(
  context: CliContext,
  job: string | undefined,
  dataset: string | undefined,
): Target {
  const config = context.loadConfig();
  if ((job === undefined) === (dataset === undefined)) {
    throw new TierdError({
      code: 'USAGE',
      message: 'It was not said which one job or dataset; nothing was done.',
      hint: 'Name a job as in `tierd jobs list`, or give --dataset NAME.',
    });
  }
  const isJob = job !== undefined;
  const name = job ?? dataset ?? '';
  const known = (isJob ? jobsOf(config) : config.datasets).map((one) => one.name);
  return {
    what: isJob
      ? { kind: 'job', owner: config.daemon.owner, job: name }
      : { kind: 'dataset', dataset: name },
    name,
    unknown: known.includes(name) ? null : unknownName(isJob ? 'job' : 'dataset', name, known),
  };
}

function unknownName(kind: string, name: string, known: readonly string[]): TierdError {
  const near = suggest(name, known);
  return new TierdError({
    code: 'USAGE',
    message: `There is no ${kind} ${name}; nothing was done.`,
    hint:
      near === undefined
        ? `There ${known.length === 1 ? 'is' : 'are'} ${known.join(', ') || 'none'}.`
        : `Did you mean ${near}?`,
  });
}

async function pauseIt(context: CliContext, { what, name, unknown }: Target): Promise<void> {
  if (unknown !== null) throw unknown;
  const { pause } = await import('../../ledger/pauses.ts');
  await inLedger(context, async (db) => {
    const paused = await pause(db, what, whoAsks());
    context.report({
      json: { [what.kind]: name, paused },
      text: () => `${name}: paused since ${paused.since} by ${paused.by}${WHAT_GOES_ON[what.kind]}`,
    });
  });
}

const WHAT_GOES_ON = {
  job: '; a run that is going on ends by itself, and `tierd jobs run` still starts one',
  dataset: '; a rotation of it that is going on ends by itself',
} as const;

async function resumeIt(context: CliContext, { what, name, unknown }: Target): Promise<void> {
  const { resume } = await import('../../ledger/pauses.ts');
  await inLedger(context, async (db) => {
    const wasPaused = await resume(db, what);
    if (!wasPaused && unknown !== null) throw unknown;
    context.report({
      json: { [what.kind]: name, was_paused: wasPaused },
      text: () => `${name}: ${wasPaused ? 'resumed' : 'was not paused'}`,
    });
  });
}

/** Straight to the ledger: it works without a daemon, and holds for each of them. */
async function inLedger(
  context: CliContext,
  work: Parameters<typeof withDirectConnection<void>>[2],
): Promise<void> {
  const { assertMigrated } = await import('../../ledger/migrate.ts');
  await withDirectConnection(context, 'jobs', async (db) => {
    await assertMigrated(db);
    await work(db);
  });
}

function whoAsks(): string {
  return `${userName()}@${hostname()}`;
}

/** A container may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'somebody');
  }
}
