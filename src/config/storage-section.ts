/** The `storage` section: the life of a row, for all datasets that do not say otherwise. */
import { z } from 'zod';
import { cron, flag, textList, wholeNumber } from './fields.ts';
import { guardsSection } from './guards.ts';

export interface LifecycleConfig {
  readonly hotDays: number;
  readonly hotIntervals?: readonly string[];
  /** Rotate after a backfill. */
  readonly archiveOnBackfill: boolean;
  readonly autoRotation: { readonly enabled: boolean; readonly schedule: string };
}

export const MAX_HOT_DAYS = 36_500;

export function hotDays(description: string): z.ZodInt {
  return wholeNumber({ min: 0, max: MAX_HOT_DAYS }, description, 'a whole number of days');
}

export function coldDays(description: string): z.ZodInt {
  return wholeNumber({ min: 1, max: MAX_HOT_DAYS }, description, 'a whole number of days');
}

export function coldDaysByInterval(
  description: string,
): z.ZodRecord<z.ZodString, ReturnType<typeof coldDays>> {
  return z
    .record(z.string(), coldDays('Days to keep rows of this interval.'), {
      error: 'a mapping of intervals to days',
    })
    .meta({
      description,
      expects: 'interval: days',
      examples: [{ '1m': 30, '5m': 90, '15m': 180, '1h': 365, '1d': 2555 }],
    });
}

export function hotIntervals(description: string): z.ZodArray<z.ZodString> {
  return textList('intervals', description, ['1day']);
}

const lifecycle = z.strictObject({
  hot_days: hotDays(
    'Days to keep in PostgreSQL. Older rows go to the lake; of a chunk or partition that is longer than a slice, when its last day is older.',
  ).default(30),
  cold_days: coldDays(
    'Days to keep at all: `tierd expire` takes older rows out of the lake, and then they are gone. More than hot_days. For ever when left out.',
  ).optional(),
  cold_days_by_interval: coldDaysByInterval(
    'Instead of cold_days, for datasets with an `interval_column`: days to keep rows of each interval. Rows of an interval that is not named stay for ever.',
  ).optional(),
  far_days: coldDays(
    'Days to keep near: `tierd tier` sends older segments to `lake.far`. More than hot_days. For ever when left out.',
  ).optional(),
  hot_intervals: hotIntervals(
    'For datasets with an `interval_column`: only rows of these intervals stay for hot_days. Rows of other intervals leave as soon as their slice is closed.',
  ).optional(),
  archive_on_backfill: flag(
    'Rotate after a backfill. Has no effect yet: this version has no backfill.',
  ).default(true),
  auto_rotation: z
    .strictObject({
      enabled: flag(
        'Whether `tierd run`, and `tierd rotate` without names, rotate anything; with false the latter refuses unless forced.',
      ).default(true),
      schedule: cron(
        'When `tierd run` rotates, as in crontab: minute hour day month weekday, in the zone of schedules.rotate.time_zone.',
      ).default('0 2 * * *'),
    })
    .prefault({})
    .meta({ description: 'The daily rotation.' }),
  guards: guardsSection
    .prefault({})
    .meta({ description: 'When a rotation must refuse, and how hard it may press the database.' }),
});

export const storageSection = z.strictObject({
  lifecycle: lifecycle.prefault({}).meta({
    description: 'What holds for every dataset that does not say otherwise.',
  }),
});

export type StorageFile = z.output<typeof storageSection>;

export function resolveLifecycle(file: StorageFile): LifecycleConfig {
  const { hot_days, hot_intervals, archive_on_backfill, auto_rotation } = file.lifecycle;
  return {
    hotDays: hot_days,
    ...(hot_intervals === undefined ? {} : { hotIntervals: hot_intervals }),
    archiveOnBackfill: archive_on_backfill,
    autoRotation: auto_rotation,
  };
}
