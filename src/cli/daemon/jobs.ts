/** The configuration's schedules as the daemon's jobs: what it would type, and when. */
import type { TierdConfig } from '../../config/load.ts';
import { type JobSchedule, SCHEDULED_BACKUPS } from '../../config/schedules-section.ts';
import type { JobDefinition } from '../../daemon/job.ts';
import type { JobFacts } from '../../daemon/state.ts';
import { everExpires } from '../../domain/plan/retention.ts';

/** Attempts come no further apart than this. */
const MAX_RETRY_DELAY_MS = 30 * 60_000;
/** A command that loops and fails is begun again this soon, and later each time. */
const LOOP_RETRY_DELAY_MS = 1_000;

/** Those of this daemon's owner; none for what has nothing to do here. */
export function jobsOf(config: TierdConfig): readonly JobDefinition[] {
  const isOurs = (dataset: string): boolean => config.owners[dataset] === config.daemon.owner;
  const ours = config.datasets.filter(({ name }) => isOurs(name));
  const areAllOurs = ours.length === config.datasets.length;
  const jobs = config.schedules.jobs.flatMap((schedule): JobDefinition[] => {
    if (schedule.job === 'rotate') {
      const rotated = ours.filter(({ autoRotation }) => autoRotation).map(({ name }) => name);
      if (rotated.length === 0) return [];
      // A person who names a paused dataset is refused; a schedule leaves it out.
      const argv = ['rotate', ...(areAllOurs ? [] : [...rotated, '--skip-paused'])];
      return [define(config, schedule, 'rotate', argv, [...argv, '--dry-run'])];
    }
    if (schedule.job === 'compact') {
      const argv = [
        'compact',
        ...(areAllOurs ? [] : [...ours.map(({ name }) => name), '--skip-paused']),
      ];
      return ours.length === 0 ? [] : [define(config, schedule, 'compact', argv, null)];
    }
    if (schedule.job === 'expire') {
      const expiring = ours.filter(everExpires);
      if (expiring.length === 0) return [];
      const names = areAllOurs ? [] : [...expiring.map(({ name }) => name), '--skip-paused'];
      const argv = ['expire', ...names];
      return [define(config, schedule, 'expire', argv, [...argv, '--dry-run'])];
    }
    if (schedule.job === 'tier') {
      const going = ours.filter(({ farDays }) => farDays !== undefined);
      if (going.length === 0) return [];
      const names = areAllOurs ? [] : [...going.map(({ name }) => name), '--skip-paused'];
      const argv = ['tier', ...names];
      return [define(config, schedule, 'tier', argv, [...argv, '--dry-run'])];
    }
    if (schedule.job === 'partitions') {
      const made = ours.filter(({ partitions }) => partitions !== undefined);
      if (made.length === 0) return [];
      const names = areAllOurs ? [] : [...made.map(({ name }) => name), '--skip-paused'];
      const argv = ['partitions', ...names];
      const job = define(config, schedule, 'partitions', argv, [...argv, '--dry-run']);
      return [{ ...job, beginsAtStart: true }];
    }
    const backup = SCHEDULED_BACKUPS.find((kind) => schedule.job === `backup-${kind}`);
    if (backup !== undefined) {
      const argv = ['backup', backup];
      // Each has need of the whole database, whoever owns what: they wait for each other by a lease.
      const dryRun = backup === 'prune' ? [...argv, '--dry-run'] : null;
      return [define(config, schedule, schedule.job, argv, dryRun)];
    }
    if (areAllOurs) return [define(config, schedule, 'scrub', ['scrub'], null)];
    return ours.map(({ name }) => define(config, schedule, `scrub:${name}`, ['scrub', name], null));
  });
  return [...jobs, ...drainOf(config, isOurs)];
}

/** For the state that people look at. */
export function factsOf({ name, argv, schedule, isLoop }: JobDefinition): JobFacts {
  return {
    name,
    command: ['tierd', ...argv].join(' '),
    schedule: isLoop
      ? 'all the time'
      : schedule.kind === 'cron'
        ? `${schedule.pattern} ${schedule.timeZone}`
        : `every ${String(schedule.everyMs / 1000)} s`,
  };
}

function define(
  config: TierdConfig,
  file: JobSchedule,
  name: string,
  argv: readonly string[],
  dryRunArgv: JobDefinition['dryRunArgv'],
): JobDefinition {
  return {
    name,
    argv,
    dryRunArgv,
    schedule: file.schedule,
    isLoop: false,
    jitterMs: file.jitterMs,
    overlap: file.overlap,
    catchUp: file.catchUp,
    timeoutMs: file.timeoutMs,
    retry: {
      retries: file.retries,
      firstDelayMs: file.retryDelayMs,
      maxDelayMs: MAX_RETRY_DELAY_MS,
    },
    circuit: config.daemon.circuit,
  };
}

/** One process that goes on, not one every few seconds. */
function drainOf(
  { drain, schedules, daemon }: TierdConfig,
  isOurs: (dataset: string) => boolean,
): readonly JobDefinition[] {
  const enabled = drain.sources.filter((source) => source.enabled);
  const ours = enabled.filter(({ dataset }) => isOurs(dataset.name));
  if (!schedules.drain || ours.length === 0) return [];
  const names = ours.length === enabled.length ? [] : ours.map(({ name }) => name);
  return [
    {
      name: 'drain',
      argv: ['drain', ...names, '--follow'],
      dryRunArgv: ['drain', ...names, '--dry-run'],
      schedule: { kind: 'every', everyMs: drain.intervalMs },
      isLoop: true,
      jitterMs: 0,
      overlap: 'skip',
      catchUp: false,
      timeoutMs: null,
      retry: {
        retries: 0,
        firstDelayMs: LOOP_RETRY_DELAY_MS,
        maxDelayMs: MAX_RETRY_DELAY_MS,
      },
      circuit: daemon.circuit,
    },
  ];
}
