import type { Command } from 'commander';
import { nextSlot } from '../daemon/schedule.ts';
import type { Pause, Pauses } from '../domain/pause.ts';
import type { EpochMs } from '../domain/time-range.ts';
import type { RunDocument } from '../http/routes/status-routes.ts';
import type { LeaseState } from '../ledger/lease.ts';
import type { PastRun } from '../ledger/run-history.ts';
import { wholeNumber } from './arguments.ts';
import type { CliContext, Report } from './context.ts';
import { factsOf, jobsOf } from './daemon/jobs.ts';
import { registerJobCommands } from './job-commands.ts';
import { formatDuration, formatInteger, formatRelative } from './terminal/format.ts';
import type { Style } from './terminal/style.ts';
import { renderTable } from './terminal/table.ts';

export function registerJobs(program: Command, context: CliContext): void {
  const jobs = program
    .command('jobs')
    .description('what the daemon runs, and how its runs ended')
    .addHelpText('after', '\nExamples:\n  $ tierd jobs list\n  $ tierd jobs run rotate');

  jobs
    .command('list')
    .description('the jobs of this configuration: when they run next, and their last run')
    .addHelpText('after', '\nExamples:\n  $ tierd jobs list\n  $ tierd jobs list --json')
    .action(async () => {
      context.report(reportJobs(context, await readLedger(context, null, RUNS_LOOKED_AT)));
    });

  jobs
    .command('history')
    .description('the runs that daemons and people have begun, the newest first')
    .argument('[job]', 'only this one')
    .option('--limit <count>', 'show this many', wholeNumber({ min: 1, max: 10_000 }), 20)
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd jobs history\n  $ tierd jobs history rotate --limit 100 --json',
    )
    .action(async (job: string | undefined, { limit }: { limit: number }) => {
      const { runs } = await readLedger(context, job ?? null, limit);
      context.report(reportHistory(runs));
    });

  registerJobCommands(jobs, context);
}

/** The last run of a job that is older than all of these is not shown in the list. */
const RUNS_LOOKED_AT = 1_000;

interface Known {
  readonly lease: LeaseState | null;
  readonly runs: readonly PastRun[];
  readonly pauses: Pauses;
}

async function readLedger(context: CliContext, job: string | null, limit: number): Promise<Known> {
  const config = context.loadConfig();
  const { connectForDaemon } = await import('./daemon/take-lead.ts');
  const { disconnect } = await import('../hot/connect.ts');
  const { assertMigrated } = await import('../ledger/migrate.ts');
  const { readLease } = await import('../ledger/lease.ts');
  const { listPauses } = await import('../ledger/pauses.ts');
  const { daemonLease } = await import('../ledger/job-runs.ts');
  const { listPastRuns } = await import('../ledger/run-history.ts');
  const db = await connectForDaemon(config);
  try {
    await assertMigrated(db);
    return {
      lease: await readLease(db, daemonLease(config.daemon.owner)),
      runs: await listPastRuns(db, { job, limit }),
      pauses: await listPauses(db, config.daemon.owner),
    };
  } finally {
    await disconnect(db);
  }
}

interface ListedJob {
  readonly job: string;
  readonly command: string;
  readonly schedule: string;
  readonly next: EpochMs | null;
  readonly last: PastRun | undefined;
  readonly paused: Pause | null;
}

function reportJobs(context: CliContext, { lease, runs, pauses }: Known): Report {
  const config = context.loadConfig();
  const { owner } = config.daemon;
  const now = context.clock.now();
  const jobs = jobsOf(config).map((definition): ListedJob => {
    const { name, command, schedule } = factsOf(definition);
    return {
      job: name,
      command,
      schedule,
      next: definition.isLoop ? null : nextSlot(definition.schedule, now),
      last: runs.find((run) => run.job === name && run.owner === owner),
      paused: pauses.jobs[name] ?? null,
    };
  });
  const leader = lease?.held === true ? lease.holder : null;
  return {
    json: {
      owner,
      leader,
      jobs: jobs.map(({ next, last, ...facts }) => ({
        ...facts,
        next: next === null ? null : new Date(next).toISOString(),
        last_run: last === undefined ? null : runDocument(last),
      })),
      paused_datasets: Object.entries(pauses.datasets).map(([dataset, pause]) => ({
        dataset,
        ...pause,
      })),
    },
    text: (style) =>
      [
        leader === null
          ? style.colour.yellow(`No daemon leads for the owner ${owner}: nothing is started.`)
          : `${leader} leads for the owner ${owner}`,
        '',
        renderJobs(jobs, now, style),
        ...renderPauses(jobs, pauses, style),
      ].join('\n'),
  };
}

function renderJobs(jobs: readonly ListedJob[], now: EpochMs, style: Style): string {
  return renderTable(
    [
      { title: 'JOB' },
      { title: 'SCHEDULE' },
      { title: 'NEXT' },
      { title: 'LAST' },
      { title: 'COMMAND' },
    ],
    jobs.map(({ job, schedule, next, last, command, paused }) => [
      job,
      schedule,
      paused !== null ? 'paused' : next === null ? '' : formatRelative(next, now),
      last === undefined
        ? 'never'
        : `${stateText(last)} ${formatRelative(Date.parse(last.startedAt), now)}`,
      command,
    ]),
    style,
  );
}

function renderPauses(
  jobs: readonly ListedJob[],
  pauses: Pauses,
  { colour }: Style,
): readonly string[] {
  const line = (name: string, flag: string, { since, by }: Pause): string =>
    `${colour.yellow('paused')} ${name} since ${since} by ${by}; to go on: tierd jobs resume ${flag}${name}`;
  const lines = [
    ...jobs.flatMap(({ job, paused }) => (paused === null ? [] : [line(job, '', paused)])),
    ...Object.entries(pauses.datasets).map(([name, pause]) => line(name, '--dataset ', pause)),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}

function reportHistory(runs: readonly PastRun[]): Report {
  return {
    json: { runs: runs.map(runDocument) },
    text: (style) => (runs.length === 0 ? 'No run yet.' : renderRuns(runs, style)),
  };
}

function renderRuns(runs: readonly PastRun[], style: Style): string {
  return renderTable(
    [
      { title: 'RUN', align: 'right' },
      { title: 'JOB' },
      { title: 'STARTED' },
      { title: 'TOOK', align: 'right' },
      { title: 'ROWS', align: 'right' },
      { title: 'STATE' },
      { title: 'CAUSE' },
    ],
    runs.map((run) => [
      run.id,
      run.subject === null ? run.job : `${run.job} ${run.subject}`,
      run.startedAt.slice(0, 19).replace('T', ' '),
      run.finishedAt === null
        ? ''
        : formatDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)),
      run.rowsMoved === null ? '' : formatInteger(run.rowsMoved),
      run.errorMessage === null ? stateText(run) : `${stateText(run)}: ${run.errorMessage}`,
      run.cause.replaceAll('_', ' '),
    ]),
    style,
  );
}

function stateText({ state }: PastRun): string {
  return state.replaceAll('_', ' ');
}

export function runDocument(run: PastRun): RunDocument {
  return {
    id: run.id,
    owner: run.owner,
    job: run.job,
    subject: run.subject,
    cause: run.cause,
    slot: run.slot,
    holder: run.holder,
    state: run.state,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
    attempts: run.attempts,
    rows_moved: run.rowsMoved,
    error_code: run.errorCode,
    error_message: run.errorMessage,
  };
}
