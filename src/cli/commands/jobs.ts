import type { Command } from 'commander';
import type { PastRun } from '../../ledger/run-history.ts';
import { wholeNumber } from '../arguments.ts';
import type { CliContext, Report } from '../context.ts';
import { runDocument, stateText } from '../reports/run-document.ts';
import { formatDuration, formatInteger } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { registerJobCommands } from './job-commands.ts';
import { type Known, reportJobs } from './jobs-list.ts';

export function registerJobs(program: Command, context: CliContext): void {
  const jobs = program
    .command('jobs')
    .description('what the daemon runs, and how its runs ended')
    .addHelpText('after', '\nExamples:\n  $ tierd jobs list\n  $ tierd jobs run rotate');

  jobs
    .command('list')
    .description('the jobs as the daemon runs them: when they run next, and their last run')
    .addHelpText('after', '\nExamples:\n  $ tierd jobs list\n  $ tierd jobs list --json')
    .action(async () => {
      const known = await readLedger(context, null, RUNS_LOOKED_AT);
      const { lookForDaemon } = await import('../daemon/running-jobs.ts');
      const daemon = await lookForDaemon(context.loadConfig());
      context.report(reportJobs(context, known, daemon));
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

async function readLedger(context: CliContext, job: string | null, limit: number): Promise<Known> {
  const config = context.loadConfig();
  const { connectForDaemon } = await import('../daemon/take-lead.ts');
  const { disconnect } = await import('../../hot/server/connect.ts');
  const { assertMigrated } = await import('../../ledger/migrate.ts');
  const { readLease } = await import('../../ledger/lease.ts');
  const { listPauses } = await import('../../ledger/pauses.ts');
  const { daemonLease } = await import('../../ledger/job-runs.ts');
  const { listPastRuns } = await import('../../ledger/run-history.ts');
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
