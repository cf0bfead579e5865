/** The rows of a slice of the lake that late rows do not replace, as new files that are not yet published. */
import type { TimeColumn } from '../domain/table.ts';
import { type Meeting, selectUnmatched } from './cold-matches.ts';
import type { FileSystem } from './file-system.ts';
import { interrupted } from './lake-failure.ts';
import { type DuckConnection, writeFailed } from './segment/duckdb.ts';
import { writeParquetFiles } from './segment/parquet-files.ts';
import { stageSelect } from './segment/stage-select.ts';
import { measureFiles, type StagedSegment, sortColumns } from './segment/staged-files.ts';
import { diskFull } from './segment-writer.ts';

export interface Rewriting {
  /** `cold` is the slice: all of its files. */
  readonly meeting: Meeting;
  readonly fs: FileSystem;
  readonly timeColumn: TimeColumn;
  readonly sortBy: readonly string[];
  /** An existing directory, absolute; the files appear in it as `<prefix>-1-0001.parquet` and so on. */
  readonly directory: string;
  readonly namePrefix: string;
  readonly targetFileBytes: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The slice's own columns are kept, whatever the table has become. Each of its files is written anew
 * on its own, so that the large rows of one do not gather with those of others. DuckDB holds the rows
 * of a file, on disk when memory runs short. Throws SEGMENT_WRITE_FAILED, LAKE_FULL, LAKE_UNWRITABLE.
 */
export async function rewriteSlice(rewriting: Rewriting): Promise<readonly StagedSegment[]> {
  const { meeting, fs, timeColumn } = rewriting;
  const { columns, paths } = meeting.cold;
  const known = new Set(columns.map(({ name }) => name));
  const sortBy = sortColumns(rewriting.sortBy, timeColumn).filter((name) => known.has(name));
  const connection = await meeting.engine.connect();
  const onAbort = (): void => connection.interrupt();
  meeting.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const written: string[] = [];
    for (const [index, path] of paths.entries()) {
      written.push(...(await rewriteFile(rewriting, connection, path, index, sortBy)));
    }
    return await measureFiles(connection, fs, written, { columns, timeColumn, sortBy });
  } catch (error) {
    if (meeting.signal.aborted) throw interrupted('rewrite a slice', meeting.signal.reason);
    throw diskFull(error, rewriting.directory) ?? writeFailed('rewriting a slice', error);
  } finally {
    meeting.signal.removeEventListener('abort', onAbort);
    connection.close();
  }
}

async function rewriteFile(
  { meeting, fs, directory, namePrefix: prefix, targetFileBytes, metadata }: Rewriting,
  connection: DuckConnection,
  path: string,
  index: number,
  sortBy: readonly string[],
): Promise<readonly string[]> {
  const { columns } = meeting.cold;
  const name = meeting.engine.uniqueName('rewritten');
  const namePrefix = `${prefix}-${String(index + 1)}`;
  try {
    const table = await stageSelect(connection, name, columns, selectUnmatched(meeting, path));
    if (table.rows === 0) return [];
    const target = { directory, namePrefix, columns, sortBy, targetFileBytes, metadata };
    return await writeParquetFiles(connection, fs, table, target);
  } finally {
    // The table dies with the engine at the latest.
    await connection.run(`drop table if exists ${name}`).catch(() => undefined);
  }
}
