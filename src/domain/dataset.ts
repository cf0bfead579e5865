/** One configured dataset, with every default filled in. Made by `config/load`. */
import type { IntegerTimeUnit, TableRef } from './table.ts';
import type { CalendarStep, SliceUnit } from './time/time-range.ts';

/**
 * How a column is held in the lake: as its type's native Parquet type, as exact text, or, for a
 * `numeric`, as a decimal of so many digits, of which so many follow the point.
 */
export type ColumnChoice = 'native' | 'text' | `decimal(${number},${number})`;

/**
 * What becomes of a late row whose key the lake has: `refuse` keeps it hot, `newest` puts it in the
 * place of the older one, `keep-both` doubles it.
 */
export type ColdDuplicatePolicy = 'refuse' | 'newest' | 'keep-both';

export type VerifyLevel = 'standard' | 'independent';

export type ParquetCodec = 'zstd' | 'snappy' | 'gzip' | 'uncompressed';

/** How a segment's bytes are made; what is read from it is the same. */
export interface ParquetForm {
  readonly codec: ParquetCodec;
  /** Of zstd, 1 to 22; other codecs have none. */
  readonly zstdLevel: number;
  /** At most so many rows lie in a row group; a multiple of 2,048. */
  readonly rowGroupRows: number;
}

/** Partitions that are made before rows come for them. */
export interface PartitionsSetting {
  /** How long each is; null: as long as the newest one. */
  readonly every: CalendarStep | null;
  readonly aheadMs: number;
  /** Whose days and months cut a `timestamptz`; UTC when left out. */
  readonly timeZone?: string;
}

export interface Dataset {
  readonly name: string;
  readonly table: TableRef;
  readonly timeColumn: string;
  /** Required when the time column is an integer. */
  readonly timeUnit?: IntegerTimeUnit;
  /** Whose local time a time column without a zone tells; UTC when left out. */
  readonly timeZone?: string;
  readonly slice: SliceUnit;
  /** Rows older than this many days leave the hot store. */
  readonly hotDays: number;
  /** Rows older than this many days leave the lake, and are gone; left out they stay for ever. */
  readonly coldDays?: number;
  /** Segments whose rows are all older than this many days go to the lake's far place; left out they stay near. */
  readonly farDays?: number;
  /** Instead of `coldDays`, by the value of the interval column; rows of others stay for ever. */
  readonly coldDaysByInterval?: Readonly<Record<string, number>>;
  /** With `hotIntervals`: rows of other intervals leave as soon as their slice is closed. */
  readonly intervalColumn?: string;
  readonly hotIntervals?: readonly string[];
  /** Left out, the table's partitions are made by somebody else. */
  readonly partitions?: PartitionsSetting;
  /** Whether the schedule and a `tierd rotate` without names include it. */
  readonly autoRotation: boolean;
  /** Segments are sorted by these columns; the time column is appended when absent. */
  readonly sortBy: readonly string[];
  /** Per column, where the type's default is not what is wanted. */
  readonly columns: Readonly<Record<string, ColumnChoice>>;
  /** Only what every engine reads alike: uuid and time as text, no infinite times. */
  readonly portable: boolean;
  /** Whether its segments are an Iceberg table as well. */
  readonly iceberg: boolean;
  readonly verify: VerifyLevel;
  readonly onColdDuplicate: ColdDuplicatePolicy;
  readonly targetFileBytes: number;
  readonly parquet: ParquetForm;
  readonly limits: RotationLimits;
}

/** What a rotation may do to the source, and when it must refuse. */
export interface RotationLimits {
  /** 0 is no limit. */
  readonly maxRowsPerSecond: number;
  readonly pauseBetweenSlicesMs: number;
  /** Refuse to move more than this share of a table's rows in one run, 0..1. */
  readonly maxShare: number;
  /** Tables below this many rows are exempt from `maxShare`. */
  readonly maxShareMinRows: number;
  /** `max_clock_skew`: refuse when the clock is further than this from the database's, or behind the last run. */
  readonly maxClockSkewMs: number;
  /** `max_clock_jump`, 30 days unless configured: refuse when the clock is further than this ahead of the last run. */
  readonly maxClockJumpMs: number;
  /** Refuse when rows lie further in the future than this. */
  readonly maxFutureMs: number;
  /** Stop, keeping what is done, when a replica lags more. 0 is no limit. */
  readonly maxReplicaLagMs: number;
  /** Free disk to keep, in bytes, beyond what the rotation itself needs. */
  readonly minFreeBytes: number;
}
