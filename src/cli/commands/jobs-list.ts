/** `tierd jobs list`: the jobs as the daemon runs them; where none can be asked, as the file has them. */
import { nextSlot } from '../../daemon/schedule.ts';
import type { Pause, Pauses } from '../../domain/pause.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { StatusDocument } from '../../http/status-document.ts';
import type { LeaseState } from '../../ledger/lease.ts';
import type { PastRun } from '../../ledger/run-history.ts';
import type { CliContext, Report } from '../context.ts';
import { factsOf, jobsOf } from '../daemon/jobs.ts';
import type { FoundDaemon } from '../daemon/running-jobs.ts';
import { runDocument, stateText } from '../reports/run-document.ts';
import { formatRelative } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';

/** What the ledger says of jobs. */
export interface Known {
  readonly lease: LeaseState | null;
  readonly runs: readonly PastRun[];
  readonly pauses: Pauses;
}

interface Planned {
  readonly job: string;
  readonly command: string;
  readonly schedule: string;
  readonly next: EpochMs | null;
}

interface ListedJob extends Planned {
  readonly last: PastRun | undefined;
  readonly paused: Pause | null;
}

export function reportJobs(
  context: CliContext,
  { lease, runs, pauses }: Known,
  daemon: FoundDaemon,
): Report {
  const config = context.loadConfig();
  const { owner } = config.daemon;
  const now = context.clock.now();
  const inFile = jobsOf(config).map((definition): Planned => {
    const { name, command, schedule } = factsOf(definition);
    const next = definition.isLoop ? null : nextSlot(definition.schedule, now);
    return { job: name, command, schedule, next };
  });
  const { status } = daemon;
  const planned = status === null ? inFile : plannedBy(status, inFile);
  const jobs = planned.map(
    (job): ListedJob => ({
      ...job,
      last: runs.find((run) => run.job === job.job && run.owner === owner),
      paused: pauses.jobs[job.job] ?? null,
    }),
  );
  const leader = lease?.held === true ? lease.holder : null;
  const differences = status === null ? [] : differencesOf(planned, inFile);
  return {
    json: {
      owner,
      leader,
      shown: status === null ? 'file' : 'daemon',
      file: config.file,
      reload_error: status?.config.reload_error ?? null,
      differences,
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
        ...describeOrigin(daemon, config.file, differences, style),
        '',
        renderJobs(jobs, now, style),
        ...renderPauses(jobs, pauses, style),
      ].join('\n'),
  };
}

/** A standby has no times of its own: where it goes by the file's schedule, that says when. */
function plannedBy({ jobs, role }: StatusDocument, inFile: readonly Planned[]): Planned[] {
  return jobs.map(({ job, command, schedule, next_at: next }) => {
    const same = inFile.find((one) => one.job === job && one.schedule === schedule);
    const own = next === null ? null : Date.parse(next);
    return { job, command, schedule, next: role === 'leader' ? own : (same?.next ?? null) };
  });
}

/** What the file says otherwise, each in words. */
function differencesOf(running: readonly Planned[], inFile: readonly Planned[]): readonly string[] {
  const names = [...new Set([...running, ...inFile].map(({ job }) => job))];
  return names.flatMap((name) => {
    const [now, file] = [running, inFile].map((jobs) => jobs.find(({ job }) => job === name));
    if (file === undefined) return [`${name} is not in the file`];
    if (now === undefined) return [`${name} is in the file only: ${file.schedule}`];
    const what = ['schedule', 'command'] as const;
    return what.flatMap((key) =>
      now[key] === file[key] ? [] : [`${name} has the ${key} ${file[key]} in the file`],
    );
  });
}

function describeOrigin(
  daemon: FoundDaemon,
  file: string,
  differences: readonly string[],
  { colour }: Style,
): readonly string[] {
  if (daemon.status === null) {
    return [`as ${file} has them, for no daemon was asked: ${daemon.reason}`];
  }
  const { holder, config } = daemon.status;
  const origin = `as ${holder} runs them, by ${config.file} as read ${config.loaded_at ?? ''}`;
  const { reload_error: refused } = config;
  return [
    origin,
    ...(refused === null
      ? []
      : [
          colour.yellow(
            `a later reload of the file was refused, and nothing of it holds: ${refused}`,
          ),
        ]),
    ...(differences.length === 0
      ? []
      : [
          colour.yellow(
            `the file is another by now, and holds once it is reloaded: ${differences.join('; ')}`,
          ),
        ]),
  ];
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
