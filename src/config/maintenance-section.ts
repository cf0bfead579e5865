/** The `maintenance` section: what is done after a move, and what the work may use. */
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { duration, flag, size, text, wholeNumber } from './fields.ts';
import { parseDuration, parseSize } from './units.ts';

export interface MaintenanceConfig {
  readonly vacuum: {
    readonly enabled: boolean;
    readonly analyze: boolean;
    readonly truncate: boolean;
  };
  /** How long the bytes of a replaced segment stay for readers that still know it. */
  readonly gracePeriodMs: number;
  /** For DuckDB, which is only a part of the process. */
  readonly memoryLimitBytes: number;
  /** Of a query. */
  readonly threads: number;
  /** Of a job, whose own thread works beside them. */
  readonly jobThreads: number;
  /** Absolute; what DuckDB spills when a sort outgrows its memory. */
  readonly tempDirectory: string;
}

export const maintenanceSection = z.strictObject({
  vacuum: z
    .strictObject({
      enabled: flag('VACUUM a table after rows were deleted from it.').default(true),
      analyze: flag("Refresh the planner's statistics in the same go.").default(true),
      truncate: flag(
        'Give free pages at the end of the table back to the disk. Takes a lock that stops every reader for a moment.',
      ).default(false),
    })
    .prefault({})
    .meta({ description: 'After a deletion. Dropped chunks and partitions need none.' }),
  grace_period: duration(
    'How long the files of a replaced segment stay in the lake for queries that still read them; the first rotation of the dataset after that removes them.',
  ).default('1d'),
  memory_limit: size(
    'Memory for DuckDB: at least eight times the largest value of a row. Much below the default, long slices cannot be sorted. The process needs about 200MB besides, and more where values have many MB.',
  ).default('256MB'),
  threads: wholeNumber(
    { min: 1, max: 256 },
    'Threads for DuckDB: all of them for a query, all but one for a job, which reads and proves beside it.',
  ).default(2),
  temp_dir: text(
    "Directory where DuckDB spills what does not fit in memory_limit. The system's temporary directory when left out.",
  ).optional(),
});

export type MaintenanceFile = z.output<typeof maintenanceSection>;

export function resolveMaintenance(
  file: MaintenanceFile,
  fileDirectory: string,
): MaintenanceConfig {
  return {
    vacuum: file.vacuum,
    gracePeriodMs: parseDuration(file.grace_period),
    memoryLimitBytes: parseSize(file.memory_limit),
    threads: file.threads,
    jobThreads: Math.max(1, file.threads - 1),
    tempDirectory: file.temp_dir === undefined ? tmpdir() : resolve(fileDirectory, file.temp_dir),
  };
}
