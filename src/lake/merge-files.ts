/** The rows of several files of the lake as fewer, sorted ones that are not yet published. */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { ParquetForm } from '../domain/dataset.ts';
import type { TimeColumn } from '../domain/table.ts';
import { source } from './cold-matches.ts';
import type { FileSystem } from './file-system.ts';
import { interrupted } from './lake-failure.ts';
import { type DuckEngine, quoteSqlName, writeFailed } from './segment/duckdb.ts';
import { writeParquetFiles } from './segment/parquet-files.ts';
import { stageSelect } from './segment/stage-select.ts';
import { measureFiles, type StagedSegment, sortColumns } from './segment/staged-files.ts';
import { diskFull } from './segment-writer.ts';

export interface Merging {
  readonly engine: DuckEngine;
  readonly fs: FileSystem;
  readonly signal: AbortSignal;
  /** All written with `columns`. */
  readonly paths: readonly string[];
  readonly columns: readonly ColumnPlan[];
  readonly timeColumn: TimeColumn;
  /** Of these, columns that the files have. */
  readonly sortBy: readonly string[];
  /** An existing directory, absolute; the files appear in it as `merged-0001.parquet` and so on. */
  readonly directory: string;
  readonly targetFileBytes: number;
  readonly form: ParquetForm;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * DuckDB holds the rows, on disk when memory runs short. That they are the same rows is for the
 * verifier to say. Throws SEGMENT_WRITE_FAILED, LAKE_FULL, LAKE_UNWRITABLE, INTERRUPTED.
 */
export async function mergeFiles(merging: Merging): Promise<readonly StagedSegment[]> {
  const { engine, fs, signal, paths, columns, timeColumn, directory } = merging;
  const { targetFileBytes, form, metadata } = merging;
  const known = new Set(columns.map(({ name }) => name));
  const sortBy = sortColumns(merging.sortBy, timeColumn).filter((name) => known.has(name));
  const connection = await engine.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener('abort', onAbort, { once: true });
  const name = engine.uniqueName('merged');
  try {
    const names = columns.map((column) => quoteSqlName(column.name)).join(', ');
    const select = `select ${names} from ${source(paths)}`;
    const table = await stageSelect(connection, name, columns, select);
    const namePrefix = 'merged';
    const target = { directory, namePrefix, columns, sortBy, targetFileBytes, form, metadata };
    const files = await writeParquetFiles(connection, fs, table, target);
    return await measureFiles(connection, fs, files, { columns, timeColumn, sortBy });
  } catch (error) {
    if (signal.aborted) throw interrupted('merge segments', signal.reason);
    throw diskFull(error, directory) ?? writeFailed('merging segments', error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // The table dies with the engine at the latest.
    await connection.run(`drop table if exists ${name}`).catch(() => undefined);
    connection.close();
  }
}
