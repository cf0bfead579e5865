/** The `schedules` section: when the daemon runs which job, and what it does when one fails. */
import { z } from 'zod';
import type { DatasetsFile } from './datasets-section.ts';
import { choice, cron, duration, flag, timeZoneNamed, wholeNumber } from './fields.ts';
import type { StorageFile } from './storage-section.ts';
import { parseDuration } from './units.ts';

/** In the order in which they make sense. */
export const SCHEDULED_BACKUPS = ['snapshot', 'dump', 'verify', 'drill', 'prune'] as const;

export type ScheduledBackup = (typeof SCHEDULED_BACKUPS)[number];

/** One job of the daemon, as configured. */
export interface JobSchedule {
  readonly job:
    | 'rotate'
    | 'compact'
    | 'expire'
    | 'tier'
    | 'partitions'
    | 'scrub'
    | `backup-${ScheduledBackup}`;
  readonly schedule:
    | { readonly kind: 'cron'; readonly pattern: string; readonly timeZone: string }
    | { readonly kind: 'every'; readonly everyMs: number };
  readonly jitterMs: number;
  readonly overlap: 'skip' | 'queue-one';
  readonly catchUp: boolean;
  /** Null is no limit. */
  readonly timeoutMs: number | null;
  readonly retries: number;
  readonly retryDelayMs: number;
}

export interface SchedulesConfig {
  readonly jobs: readonly JobSchedule[];
  /** Whether `tierd run` follows the live store where something is to be drained. */
  readonly drain: boolean;
}

const timeZone = timeZoneNamed(
  'The zone that the cron fields speak of. A fixed hour that a change of clocks leaves out comes when the clock jumps, one that it repeats comes once; every hour comes in each of the two.',
);

const job = {
  cron: cron('When, as in crontab: minute hour day month weekday.').optional(),
  every: duration(
    'Instead of `cron`: at the multiples of this since 1970 in UTC, so that 6h means 0, 6, 12 and 18 hours.',
  ).optional(),
  time_zone: timeZone.default('UTC'),
  jitter: duration(
    'Wait up to this long at random, so that many machines do not begin at the same instant.',
  ).default('0s'),
  overlap: choice(
    ['skip', 'queue-one'],
    'What becomes of a time that finds the job still running: it is left out, or it has its run right after.',
  ).default('skip'),
  catch_up: flag(
    'When times went by while no daemon led: run once at the start, however many they were.',
  ).default(true),
  timeout: duration(
    'A run that takes longer is asked to stop, and killed if it does not. 0s is no limit.',
  ).default('0s'),
  retries: wholeNumber(
    { min: 0, max: 100 },
    'How often a run is tried again when its failure may pass by itself.',
  ).default(3),
  retry_delay: duration(
    'Before the first of these; it doubles each time, up to 30 minutes, and varies by half.',
  ).default('30s'),
};

export const schedulesSection = z.strictObject({
  rotate: z.strictObject(job).prefault({}).meta({
    description:
      'The rotation. Its time is storage.lifecycle.auto_rotation.schedule unless `cron` or `every` stands here.',
  }),
  compact: z.strictObject(job).prefault({}).meta({
    description: 'Merging small segments of the lake. Only with `cron` or `every`.',
  }),
  expire: z.strictObject(job).prefault({}).meta({
    description:
      'Taking out of the lake what is older than cold_days. Only with `cron` or `every`, and of datasets that have `cold_days` or `cold_days_by_interval`.',
  }),
  tier: z.strictObject(job).prefault({}).meta({
    description:
      'Sending to `lake.far` what is older than far_days. Only with `cron` or `every`, and of datasets that have `far_days`.',
  }),
  partitions: z.strictObject(job).prefault({}).meta({
    description:
      'Making partitions ahead, of datasets that have `partitions`. Every hour, and at the start, unless `cron` or `every` stands here.',
  }),
  scrub: z.strictObject(job).prefault({}).meta({
    description: 'Reading the lake again. Only with `cron` or `every`.',
  }),
  backup: z
    .strictObject({
      snapshot: z
        .strictObject(job)
        .prefault({})
        .meta({ description: 'Database and lake of one instant.' }),
      dump: z.strictObject(job).prefault({}).meta({ description: 'The database alone.' }),
      verify: z
        .strictObject(job)
        .prefault({})
        .meta({ description: 'Reading the files of all backups again.' }),
      drill: z.strictObject(job).prefault({}).meta({
        description: 'Restoring the newest snapshot beside the database, and proving it.',
      }),
      prune: z
        .strictObject(job)
        .prefault({})
        .meta({ description: 'Removing what no rule of backup.keep keeps.' }),
    })
    .prefault({})
    .meta({
      description:
        'What `tierd backup` does by itself, where the section `backup` says where. Each only with `cron` or `every`.',
    }),
  drain: z
    .strictObject({
      enabled: flag(
        'Follow the live store all the time, every drain.interval, where drain.sources has any.',
      ).default(true),
    })
    .prefault({})
    .meta({ description: 'The drain: one process that goes on until the daemon stops.' }),
});

export type SchedulesFile = z.output<typeof schedulesSection>;

export function resolveSchedules(
  file: SchedulesFile,
  storage: StorageFile,
  datasets: DatasetsFile,
): SchedulesConfig {
  const { enabled, schedule } = storage.lifecycle.auto_rotation;
  const { rotate, compact, expire, tier, partitions, scrub, backup } = file;
  const rotation =
    rotate.cron === undefined && rotate.every === undefined
      ? { ...rotate, cron: schedule }
      : rotate;
  const making = hasTimes(partitions) ? partitions : { ...partitions, every: HOURLY };
  const makesAhead = Object.values(datasets).some((dataset) => dataset.partitions !== undefined);
  return {
    jobs: [
      ...(enabled ? [resolveJob('rotate', rotation)] : []),
      ...(hasTimes(compact) ? [resolveJob('compact', compact)] : []),
      ...(hasTimes(expire) ? [resolveJob('expire', expire)] : []),
      ...(hasTimes(tier) ? [resolveJob('tier', tier)] : []),
      ...(makesAhead ? [resolveJob('partitions', making)] : []),
      ...(hasTimes(scrub) ? [resolveJob('scrub', scrub)] : []),
      ...SCHEDULED_BACKUPS.flatMap((kind) =>
        hasTimes(backup[kind]) ? [resolveJob(`backup-${kind}`, backup[kind])] : [],
      ),
    ],
    drain: file.drain.enabled,
  };
}

/** Often enough that the next one mends what one could not do, long before midnight. */
const HOURLY = '1h';

function hasTimes({ cron, every }: SchedulesFile['scrub']): boolean {
  return cron !== undefined || every !== undefined;
}

function resolveJob(name: JobSchedule['job'], file: SchedulesFile['rotate']): JobSchedule {
  const timeoutMs = parseDuration(file.timeout);
  return {
    job: name,
    schedule:
      file.every === undefined
        ? { kind: 'cron', pattern: file.cron ?? '', timeZone: file.time_zone }
        : { kind: 'every', everyMs: parseDuration(file.every) },
    jitterMs: parseDuration(file.jitter),
    overlap: file.overlap,
    catchUp: file.catch_up,
    timeoutMs: timeoutMs === 0 ? null : timeoutMs,
    retries: file.retries,
    retryDelayMs: parseDuration(file.retry_delay),
  };
}
