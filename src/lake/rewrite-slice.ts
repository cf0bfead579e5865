/** The rows of a slice of the lake that stay in it, as new files that are not yet published. */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { ParquetForm } from '../domain/dataset.ts';
import type { TimeColumn } from '../domain/table.ts';
import type { FileSystem } from './file-system.ts';
import { interrupted } from './lake-failure.ts';
import { type DuckConnection, type DuckEngine, writeFailed } from './segment/duckdb.ts';
import { writeParquetFiles } from './segment/parquet-files.ts';
import { stageSelect } from './segment/stage-select.ts';
import { measureFiles, type StagedSegment, sortColumns } from './segment/staged-files.ts';
import { diskFull } from './segment-writer.ts';

export interface Rewriting {
  readonly engine: DuckEngine;
  readonly fs: FileSystem;
  readonly signal: AbortSignal;
  /** All files of the slice. */
  readonly paths: readonly string[];
  /** The slice's own. */
  readonly columns: readonly ColumnPlan[];
  /** SQL of the rows of one of its files that stay, in the columns' order. */
  readonly selectStaying: (path: string) => string;
  readonly timeColumn: TimeColumn;
  readonly sortBy: readonly string[];
  /** An existing directory, absolute; the files appear in it as `<prefix>-1-0001.parquet` and so on. */
  readonly directory: string;
  readonly namePrefix: string;
  readonly targetFileBytes: number;
  readonly form: ParquetForm;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The slice's own columns are kept, whatever the table has become. Each of its files is written anew
 * on its own, so that the large rows of one do not gather with those of others. DuckDB holds the rows
 * of a file, on disk when memory runs short. Throws SEGMENT_WRITE_FAILED, LAKE_FULL, LAKE_UNWRITABLE.
 */
export async function rewriteSlice(rewriting: Rewriting): Promise<readonly StagedSegment[]> {
  const { engine, fs, signal, columns, paths, timeColumn } = rewriting;
  const known = new Set(columns.map(({ name }) => name));
  const sortBy = sortColumns(rewriting.sortBy, timeColumn).filter((name) => known.has(name));
  const connection = await engine.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const written: string[] = [];
    for (const [index, path] of paths.entries()) {
      written.push(...(await rewriteFile(rewriting, connection, path, index, sortBy)));
    }
    return await measureFiles(connection, fs, written, { columns, timeColumn, sortBy });
  } catch (error) {
    if (signal.aborted) throw interrupted('rewrite a slice', signal.reason);
    throw diskFull(error, rewriting.directory) ?? writeFailed('rewriting a slice', error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.close();
  }
}

async function rewriteFile(
  rewriting: Rewriting,
  connection: DuckConnection,
  path: string,
  index: number,
  sortBy: readonly string[],
): Promise<readonly string[]> {
  const { engine, fs, columns, directory, targetFileBytes, form, metadata } = rewriting;
  const name = engine.uniqueName('rewritten');
  const namePrefix = `${rewriting.namePrefix}-${String(index + 1)}`;
  try {
    const table = await stageSelect(connection, name, columns, rewriting.selectStaying(path));
    if (table.rows === 0) return [];
    const target = { directory, namePrefix, columns, sortBy, targetFileBytes, form, metadata };
    return await writeParquetFiles(connection, fs, table, target);
  } finally {
    // The table dies with the engine at the latest.
    await connection.run(`drop table if exists ${name}`).catch(() => undefined);
  }
}
