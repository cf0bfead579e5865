/** Parquet files that were just written: flushed, hashed and measured, before anybody else knows of them. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { TimeColumn } from '../../domain/table.ts';
import { type Checksum, checksumOf } from '../checksum.ts';
import type { FileSystem } from '../file-system.ts';
import { writing } from '../lake-failure.ts';
import type { DuckConnection } from './duckdb.ts';
import { type FileStatistics, readFileStatistics } from './file-statistics.ts';

/** A whole file that nobody else knows of yet, flushed to the disk. */
export interface StagedSegment extends FileStatistics, Checksum {
  readonly path: string;
  /** As of `SegmentFacts`. */
  readonly footerBytes: number;
}

export async function measureFiles(
  connection: DuckConnection,
  fs: FileSystem,
  paths: readonly string[],
  held: {
    readonly columns: readonly ColumnPlan[];
    readonly timeColumn: TimeColumn;
    readonly sortBy: readonly string[];
  },
): Promise<readonly StagedSegment[]> {
  const { columns, timeColumn, sortBy } = held;
  const segments: StagedSegment[] = [];
  for (const path of paths) {
    const [checksum, statistics] = await Promise.all([
      writing(`flush ${path}`, async () => {
        await fs.syncFile(path);
        return checksumOf(fs.read(path, null));
      }),
      readFileStatistics(connection, path, columns, timeColumn, sortBy),
    ]);
    const footerBytes = await footerBytesOf(fs, path, checksum.bytes);
    segments.push({ path, ...checksum, ...statistics, footerBytes });
  }
  return segments;
}

/** Of a Parquet file the last are the length of the footer and the magic. */
const END_BYTES = 8;

async function footerBytesOf(fs: FileSystem, path: string, bytes: number): Promise<number> {
  const end = new Uint8Array(END_BYTES);
  let at = 0;
  const range = { fromInclusive: bytes - END_BYTES, toExclusive: bytes };
  for await (const chunk of fs.read(path, range)) {
    end.set(chunk, at);
    at += chunk.length;
  }
  return new DataView(end.buffer).getUint32(0, true) + END_BYTES;
}

/** What a slice is sorted by: the time column at the latest. */
export function sortColumns(sortBy: readonly string[], timeColumn: TimeColumn): string[] {
  return sortBy.includes(timeColumn.name) ? [...sortBy] : [...sortBy, timeColumn.name];
}
