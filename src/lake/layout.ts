/**
 * Where a segment lies: plain Hive partitions in UTC, so that any engine reads the lake without
 * tierd, and a name that carries the hash of its content, so that two different objects never
 * want the same place.
 *
 *     day    market_data/year=2024/month=01/day=15/market_data_20240115-0f3a….parquet
 *     hour   market_data/year=2024/month=01/day=15/hour=06/market_data_20240115T06-0f3a….parquet
 *     month  market_data/year=2024/month=01/market_data_202401-0f3a….parquet
 *
 * Readers that take folders for columns would show the folder's `year` in place of the table's own:
 * where a table has a column of such a name the folders are `tierd_year=2024` and so on.
 */
import { TierdError } from '../domain/errors.ts';
import type { EpochMs, SliceUnit, TimeRange } from '../domain/time/time-range.ts';
import { floorToUnit, formatRange, nextUnit } from '../domain/time/time-range.ts';

export interface SegmentPlace {
  readonly dataset: string;
  readonly unit: SliceUnit;
  /** The start of the hour, day or month. */
  readonly start: EpochMs;
  /** The first 12 hex digits of the object's SHA-256. */
  readonly contentId: string;
}

const CONTENT_ID_DIGITS = 12;
const FOLDERS: readonly string[] = ['year', 'month', 'day', 'hour'];
const PREFIX = 'tierd_';
/** A plain directory name, and no underscore in front: Hive readers skip such directories. */
const DATASET = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const CONTENT_ID = /^[0-9a-f]{12,64}$/;

/**
 * @param range lies within one `unit`, in the years 1 to 9999
 * @param contentId at least 12 lower-case hex digits of the object's SHA-256; the first 12 are used
 * @param columns the names of the segment's columns
 */
export function segmentKey(
  dataset: string,
  range: TimeRange,
  unit: SliceUnit,
  contentId: string,
  columns: readonly string[] = [],
): string {
  const start = floorToUnit(range.fromInclusive, unit);
  if (!DATASET.test(dataset)) throw unplaceable(`"${dataset}" is no name of a dataset`);
  if (!CONTENT_ID.test(contentId)) throw unplaceable(`"${contentId}" is no content id`);
  if (range.toExclusive <= range.fromInclusive || range.toExclusive > nextUnit(start, unit)) {
    throw unplaceable(`${formatRange(range)} does not lie within one ${unit}`);
  }
  const year = new Date(start).getUTCFullYear();
  if (year < 1 || year > 9999) {
    throw unplaceable(`${formatRange(range)} is outside of the years 1 to 9999`);
  }
  const place = { dataset, unit, start, contentId: contentId.slice(0, CONTENT_ID_DIGITS) };
  return keyOf(place, folderPrefix(columns));
}

/** Engines compare names of columns without regard to case. */
function folderPrefix(columns: readonly string[]): string {
  const taken = new Set(columns.map((name) => name.toLowerCase()));
  let prefix = '';
  while (FOLDERS.some((folder) => taken.has(prefix + folder))) prefix += PREFIX;
  return prefix;
}

/** Null when the key is none that `segmentKey` makes. */
export function parseSegmentKey(key: string): SegmentPlace | null {
  const match = SEGMENT_KEY.exec(key);
  if (match?.groups === undefined) return null;
  const {
    dataset = '',
    prefix = '',
    contentId = '',
    year = '',
    month = '',
    day,
    hour,
  } = match.groups;
  const start = utc(Number(year), Number(month), Number(day ?? 1), Number(hour ?? 0));
  const unit = hour !== undefined ? 'hour' : day !== undefined ? 'day' : 'month';
  const place: SegmentPlace = { dataset, unit, start, contentId };
  // Catches what the pattern allows and the calendar does not, and file names of another partition.
  return Number(year) >= 1 && keyOf(place, prefix) === key ? place : null;
}

const SEGMENT_KEY = new RegExp(
  [
    '^(?<dataset>[A-Za-z0-9][A-Za-z0-9_-]*)',
    '/(?<prefix>(?:tierd_)*)year=(?<year>[0-9]{4})/\\k<prefix>month=(?<month>[0-9]{2})',
    '(?:/\\k<prefix>day=(?<day>[0-9]{2})(?:/\\k<prefix>hour=(?<hour>[0-9]{2}))?)?',
    '/[^/]+-(?<contentId>[0-9a-f]{12})[.]parquet$',
  ].join(''),
);

function keyOf({ dataset, unit, start, contentId }: SegmentPlace, prefix: string): string {
  const { directory, stamp } = partitionOf(new Date(start), unit, prefix);
  return `${dataset}/${directory}/${dataset}_${stamp}-${contentId}.parquet`;
}

function partitionOf(
  date: Date,
  unit: SliceUnit,
  prefix: string,
): { directory: string; stamp: string } {
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  const month = two(date.getUTCMonth() + 1);
  const day = two(date.getUTCDate());
  const hour = two(date.getUTCHours());
  const byMonth = `${prefix}year=${year}/${prefix}month=${month}`;
  switch (unit) {
    case 'month':
      return { directory: byMonth, stamp: `${year}${month}` };
    case 'day':
      return { directory: `${byMonth}/${prefix}day=${day}`, stamp: `${year}${month}${day}` };
    case 'hour':
      return {
        directory: `${byMonth}/${prefix}day=${day}/${prefix}hour=${hour}`,
        stamp: `${year}${month}${day}T${hour}`,
      };
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `Date.UTC` that does not read the years 0 to 99 as 1900 to 1999. */
function utc(year: number, month: number, day: number, hour: number): EpochMs {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour);
  return date.getTime();
}

function unplaceable(problem: string): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: `A segment has no place in the lake: ${problem}. Nothing was written.`,
    hint: 'This is a defect of tierd: please report it with this message.',
  });
}
