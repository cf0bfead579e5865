/** The `datasets` section: one entry for each table that tierd looks after. */
import { z } from 'zod';
import type { ColumnChoice, Dataset } from '../domain/dataset.ts';
import type { TableRef } from '../domain/table.ts';
import { DEFAULT_OWNER } from './daemon-section.ts';
import { choice, columnName, flag, text, textList, timeZoneNamed, wholeNumber } from './fields.ts';
import { type GuardsFile, guardsOverride, resolveLimits } from './guards.ts';
import { partitionsField, resolvePartitions } from './partitions-field.ts';
import {
  coldDays,
  coldDaysByInterval,
  hotDays,
  hotIntervals,
  type StorageFile,
} from './storage-section.ts';

/** Safe as a directory, as an unquoted SQL name and in a shell. */
export const DATASET_NAME = /^[a-z][a-z0-9_]{0,62}$/;
export const DATASET_NAME_EXPECTED =
  'a dataset name: lower-case letters, digits and _, beginning with a letter, at most 63 long';

const TABLE_EXPECTED =
  'a table as the catalogue spells it: name or schema.name, with "double quotes" around a part that holds a dot';

const COLUMN_EXPECTED =
  'native, text or "decimal(digits,scale)", in quotes, with 1 to 38 digits, of which scale follow the point';
const COLUMN_CHOICE = /^(native|text|decimal\(([1-9]|[12]\d|3[0-8]),(\d|[12]\d|3[0-8])\))$/;

const columnChoice = z
  .string({ error: COLUMN_EXPECTED })
  .regex(COLUMN_CHOICE, { error: COLUMN_EXPECTED })
  .refine(scaleFits, { error: COLUMN_EXPECTED })
  .meta({ description: 'How the column is held in Parquet.', expects: COLUMN_EXPECTED });

function scaleFits(columnChoice: string): boolean {
  const [, , digits = 0, scale = 0] = COLUMN_CHOICE.exec(columnChoice) ?? [];
  return Number(scale) <= Number(digits);
}

const VECTOR_ROWS = 2048;
const ROW_GROUP_EXPECTED = 'a multiple of 2,048 rows, from 2,048 to 1,048,576';

/** zstd at its lowest level: bars came out smaller than at 3, other tables 5 % larger, in less time. */
const ZSTD_LEVEL = 1;

const parquet = z.strictObject({
  codec: choice(['zstd', 'snappy', 'gzip', 'uncompressed'], 'How columns are compressed.').default(
    'zstd',
  ),
  zstd_level: wholeNumber(
    { min: 1, max: 22 },
    `Higher is smaller and slower to write; reading takes as long. ${ZSTD_LEVEL} when left out.`,
  ).optional(),
  row_group_rows: z
    .int({ error: ROW_GROUP_EXPECTED })
    .min(VECTOR_ROWS, { error: ROW_GROUP_EXPECTED, abort: true })
    .max(512 * VECTOR_ROWS, { error: ROW_GROUP_EXPECTED, abort: true })
    .refine((rows) => rows % VECTOR_ROWS === 0, { error: ROW_GROUP_EXPECTED })
    .meta({
      description:
        'At most so many rows lie in a row group, the least that a query reads: fewer where they would take more than 32 MB.',
      expects: ROW_GROUP_EXPECTED,
    })
    .default(30 * VECTOR_ROWS),
});

const dataset = z.strictObject({
  table: z
    .string({ error: TABLE_EXPECTED })
    .refine((table) => parseTable(table) !== undefined, { error: TABLE_EXPECTED })
    .meta({
      description:
        "The table, spelled as in the catalogue. The schema is `public` unless given; the dataset's own name when left out.",
      expects: 'name or schema.name',
      examples: ['market_data', 'trading.candles_1m'],
    })
    .optional(),
  time_column: columnName('The column that says how old a row is.', 'timestamp'),
  time_unit: choice(
    ['s', 'ms', 'us', 'ns'],
    'For a time column of integers: what they count since 1970.',
  ).optional(),
  time_zone: timeZoneNamed(
    'For a `timestamp without time zone` or a `date`: the zone whose local time it tells, UTC when left out. By it a day is closed when it is over there.',
  ).optional(),
  interval_column: columnName(
    'The column that `hot_intervals` and `cold_days_by_interval` speak of.',
    'interval',
  ).optional(),
  hot_days: hotDays('Instead of storage.lifecycle.hot_days.').optional(),
  cold_days: coldDays('Instead of storage.lifecycle.cold_days.').optional(),
  far_days: coldDays('Instead of storage.lifecycle.far_days.').optional(),
  cold_days_by_interval: coldDaysByInterval(
    'Instead of storage.lifecycle.cold_days_by_interval, and of `cold_days`.',
  ).optional(),
  hot_intervals: hotIntervals('Instead of storage.lifecycle.hot_intervals.').optional(),
  partitions: partitionsField
    .meta({
      description:
        'For a table with PARTITION BY RANGE of its time column: its partitions are made ahead by `tierd partitions`, which the daemon starts every hour. Left out, somebody else makes them.',
    })
    .optional(),
  slice: choice(
    ['hour', 'day', 'month'],
    'The piece, in UTC, that is moved and proven at a time, and the folder it goes to.',
  ).default('day'),
  sort_by: textList(
    'columns',
    'Sort segments by these columns: put first what queries filter by. The time column is appended.',
    ['symbol', 'timestamp'],
  ).default([]),
  columns: z
    .record(z.string(), columnChoice, {
      error: 'a mapping of column names to native, text or decimal(digits,scale)',
    })
    .default({})
    .meta({
      description:
        'For a column whose default is not wanted: `text` keeps it as exact text, `native` as the closest exact type, `decimal(38,10)` a numeric as a number of 38 digits, 10 of them after the point; a value that does not fit is refused, never rounded.',
      expects: 'column: native, text or decimal(digits,scale)',
      examples: [{ volume: 'text', price: 'decimal(38,10)' }],
    }),
  portable: flag(
    'Only what every engine reads alike: uuid and time columns as text; infinite times, and a number whose type changed, are refused.',
  ).default(false),
  iceberg: flag('Whether it is an Iceberg table as well. `lake.iceberg` when left out.').optional(),
  verify: choice(
    ['standard', 'independent'],
    'How a published segment is proven. `independent` reads every value again with a second Parquet reader: slower, trusts less.',
  ).default('standard'),
  on_cold_duplicate: choice(
    ['refuse', 'newest', 'keep-both'],
    'What becomes of a late row whose unique key the lake already has: `newest` replaces the row in the lake, `refuse` leaves the day hot and says so, `keep-both` moves it beside the other. Of a table without a unique key both are kept.',
  ).default('newest'),
  target_file_mb: wholeNumber(
    { min: 1, max: 4096 },
    'A slice that is larger is cut into several files of at most this many MB.',
    'a whole number of MB',
  ).default(256),
  parquet: parquet
    .prefault({})
    .meta({ description: 'How segments are written. What lies in the lake stays as it is.' }),
  auto_rotation: flag(
    'Whether the schedule, and a `tierd rotate` without names, include this dataset.',
  ).default(true),
  owner: text(
    'The group of daemons that looks after it: those with the same `daemon.owner`.',
  ).default(DEFAULT_OWNER),
  guards: guardsOverride
    .prefault({})
    .meta({ description: 'Instead of storage.lifecycle.guards, key by key.' }),
});

export const datasetsSection = z
  .record(z.string(), dataset, { error: 'a mapping of dataset names to their settings' })
  .refine((datasets) => Object.keys(datasets).length > 0, { error: 'at least one dataset' })
  .meta({ propertyNames: { type: 'string', pattern: DATASET_NAME.source } });

export type DatasetFile = z.output<typeof dataset>;
export type DatasetsFile = z.output<typeof datasetsSection>;

export function resolveDatasets(
  datasets: DatasetsFile,
  storage: StorageFile,
  lake: { readonly minFreeBytes: number; readonly iceberg: boolean },
): Dataset[] {
  return Object.entries(datasets).map(([name, file]) =>
    resolveDataset(name, withInherited(file, storage), lake),
  );
}

export function resolveOwners(datasets: DatasetsFile): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(datasets).map(([name, { owner }]) => [name, owner]));
}

export type EffectiveDataset = Omit<DatasetFile, 'hot_days' | 'guards'> & {
  readonly hot_days: number;
  readonly guards: GuardsFile;
};

/** The dataset with everything it inherits from `storage.lifecycle` written out. */
export function withInherited(file: DatasetFile, storage: StorageFile): EffectiveDataset {
  const { lifecycle } = storage;
  const intervals = file.hot_intervals ?? lifecycle.hot_intervals;
  return {
    ...file,
    hot_days: file.hot_days ?? lifecycle.hot_days,
    ...inheritedColdDays(file, storage),
    ...inheritedFarDays(file, storage),
    // A dataset without the column is not touched by the intervals of the others.
    ...(file.interval_column === undefined || intervals === undefined
      ? {}
      : { hot_intervals: intervals }),
    guards: { ...lifecycle.guards, ...definedOf(file.guards) },
  };
}

type ColdDays = Pick<DatasetFile, 'cold_days' | 'cold_days_by_interval'>;

/** At most one of the two. What the dataset says of itself comes first. */
function inheritedColdDays(file: DatasetFile, { lifecycle }: StorageFile): ColdDays {
  const { cold_days, cold_days_by_interval, interval_column } = file;
  if (cold_days_by_interval !== undefined) return { cold_days_by_interval };
  if (cold_days !== undefined) return { cold_days };
  const byInterval = lifecycle.cold_days_by_interval;
  // A dataset without the column is not touched by the intervals of the others.
  if (interval_column !== undefined && byInterval !== undefined) {
    return { cold_days_by_interval: byInterval };
  }
  return lifecycle.cold_days === undefined ? {} : { cold_days: lifecycle.cold_days };
}

function inheritedFarDays(
  file: DatasetFile,
  { lifecycle }: StorageFile,
): Pick<DatasetFile, 'far_days'> {
  const farDays = file.far_days ?? lifecycle.far_days;
  return farDays === undefined ? {} : { far_days: farDays };
}

function resolveDataset(
  name: string,
  file: EffectiveDataset,
  lake: { readonly minFreeBytes: number; readonly iceberg: boolean },
): Dataset {
  const table = parseTable(file.table ?? name);
  if (table === undefined) throw new RangeError(`datasets.${name}.table was not checked`);
  return {
    name,
    table,
    timeColumn: file.time_column,
    ...(file.time_unit === undefined ? {} : { timeUnit: file.time_unit }),
    ...(file.time_zone === undefined ? {} : { timeZone: file.time_zone }),
    slice: file.slice,
    hotDays: file.hot_days,
    ...(file.cold_days === undefined ? {} : { coldDays: file.cold_days }),
    ...(file.far_days === undefined ? {} : { farDays: file.far_days }),
    ...(file.cold_days_by_interval === undefined
      ? {}
      : { coldDaysByInterval: file.cold_days_by_interval }),
    ...(file.interval_column === undefined ? {} : { intervalColumn: file.interval_column }),
    ...(file.hot_intervals === undefined ? {} : { hotIntervals: file.hot_intervals }),
    ...(file.partitions === undefined ? {} : { partitions: resolvePartitions(file.partitions) }),
    autoRotation: file.auto_rotation,
    sortBy: file.sort_by.includes(file.time_column)
      ? file.sort_by
      : [...file.sort_by, file.time_column],
    // The schema has let through nothing else.
    columns: file.columns as Readonly<Record<string, ColumnChoice>>,
    portable: file.portable,
    iceberg: file.iceberg ?? lake.iceberg,
    verify: file.verify,
    onColdDuplicate: file.on_cold_duplicate,
    targetFileBytes: file.target_file_mb * 1024 * 1024,
    parquet: {
      codec: file.parquet.codec,
      zstdLevel: file.parquet.zstd_level ?? ZSTD_LEVEL,
      rowGroupRows: file.parquet.row_group_rows,
    },
    limits: resolveLimits(file.guards, lake.minFreeBytes),
  };
}

/** `name`, `schema.name`, either part in double quotes; undefined when it is none of these. */
/** A part is in quotes, or has neither quote nor dot, and no blank at its ends. */
const PART = String.raw`"(?:[^"]|"")+"|[^".\s](?:[^".]*[^".\s])?`;
const TABLE = new RegExp(String.raw`^(?:(${PART})\.)?(${PART})$`);

export function parseTable(text: string): TableRef | undefined {
  const match = TABLE.exec(text);
  const name = match?.[2];
  return name === undefined
    ? undefined
    : { schema: unquote(match?.[1] ?? 'public'), name: unquote(name) };
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that hold undefined, which would hide what they are laid over. */
function definedOf<T extends object>(value: T): Defined<T> {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}
