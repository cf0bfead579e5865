/** A slice's rows, batch by batch, into sorted Parquet files that are not yet published. */
import type { ColumnBatch } from '../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { ParquetForm } from '../domain/dataset.ts';
import type { TierdError } from '../domain/errors.ts';
import type { TimeColumn } from '../domain/table.ts';
import type { FileSystem } from './file-system.ts';
import { writeFailure } from './lake-failure.ts';
import { type DuckConnection, type DuckEngine, writeFailed } from './segment/duckdb.ts';
import { bytesToWrite } from './segment/memory-shares.ts';
import { writeParquetFiles } from './segment/parquet-files.ts';
import { measureFiles, type StagedSegment, sortColumns } from './segment/staged-files.ts';
import { StagingTable } from './segment/staging-table.ts';
import { WideRows } from './segment/wide-rows.ts';

export interface SegmentWriterOptions {
  /** Shared with other writers and the verifier; it outlives the writer. */
  readonly engine: DuckEngine;
  readonly fs: FileSystem;
  readonly columns: readonly ColumnPlan[];
  readonly timeColumn: TimeColumn;
  /** Names of columns; the time column is appended when absent. */
  readonly sortBy: readonly string[];
  /** An existing directory, absolute; the files appear in it as `<prefix>-0001.parquet` and so on. */
  readonly directory: string;
  readonly namePrefix: string;
  /** No file is larger, unless a single row is. */
  readonly targetFileBytes: number;
  readonly form: ParquetForm;
}

export interface SegmentWriter {
  /**
   * Copies the batch: it may be filled again at once, or when the promise settles. Throws
   * SEGMENT_WRITE_FAILED.
   */
  append(batch: ColumnBatch): Promise<void> | undefined;
  /**
   * Sorts, encodes and flushes, on DuckDB's threads; returns the files in sort order, none when no
   * row was appended. `metadata` goes into the footer of each. Throws SEGMENT_WRITE_FAILED,
   * LAKE_FULL or LAKE_UNWRITABLE; files of a failed attempt may remain in the directory.
   */
  finish(metadata: Readonly<Record<string, string>>): Promise<readonly StagedSegment[]>;
  /** Stops and forgets everything but files already written. May be called at any time, and twice. */
  abandon(): Promise<void>;
}

export async function openSegmentWriter(options: SegmentWriterOptions): Promise<SegmentWriter> {
  const { engine, columns } = options;
  const connection = await engine.connect();
  try {
    const table = await StagingTable.create(connection, engine.uniqueName('slice'), columns);
    return new DuckSegmentWriter(options, connection, table);
  } catch (error) {
    connection.close();
    throw writeFailed('making a staging table', error);
  }
}

class DuckSegmentWriter implements SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly #connection: DuckConnection;
  readonly #table: StagingTable;
  readonly #wide: WideRows;
  #ended: Promise<void> | null = null;
  #finishing: Promise<unknown> = Promise.resolve();

  constructor(options: SegmentWriterOptions, connection: DuckConnection, table: StagingTable) {
    this.#options = options;
    this.#connection = connection;
    this.#table = table;
    this.#wide = new WideRows(options.engine, connection, options.columns);
  }

  append(batch: ColumnBatch): Promise<void> | undefined {
    if (this.#wide.takes(batch)) return this.#appendWide(batch);
    try {
      this.#table.append(batch);
    } catch (error) {
      throw writeFailed('taking rows in', error);
    }
    return undefined;
  }

  async #appendWide(batch: ColumnBatch): Promise<void> {
    try {
      await this.#wide.append(batch);
    } catch (error) {
      throw writeFailed('taking rows in', error);
    }
  }

  async finish(metadata: Readonly<Record<string, string>>): Promise<readonly StagedSegment[]> {
    const finishing = this.#finish(metadata);
    this.#finishing = finishing;
    try {
      return await finishing;
    } catch (error) {
      throw diskFull(error, this.#options.directory) ?? writeFailed('sorting and encoding', error);
    } finally {
      await this.#end();
    }
  }

  async abandon(): Promise<void> {
    if (this.#ended === null) this.#connection.interrupt();
    // What it failed with has been told to whoever called `finish`.
    await this.#finishing.catch(() => undefined);
    await this.#end();
  }

  async #finish(metadata: Readonly<Record<string, string>>): Promise<readonly StagedSegment[]> {
    const { fs, columns, timeColumn } = this.#options;
    const sortBy = sortColumns(this.#options.sortBy, timeColumn);
    const paths: string[] = [];
    for (const [index, table] of [this.#table, ...this.#wide.tables].entries()) {
      paths.push(...(await this.#writeTable(table, index, sortBy, metadata)));
    }
    return measureFiles(this.#connection, fs, paths, { columns, timeColumn, sortBy });
  }

  async #writeTable(
    table: StagingTable,
    index: number,
    sortBy: readonly string[],
    metadata: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const { engine, fs, columns, directory, namePrefix: prefix } = this.#options;
    const { targetFileBytes, form } = this.#options;
    table.close();
    if (table.rows === 0) return [];
    const namePrefix = index === 0 ? prefix : `${prefix}-wide-${index}`;
    const target = { directory, namePrefix, columns, sortBy, targetFileBytes, form, metadata };
    const need = bytesToWrite(table.bytes, index > 0, engine.memoryLimitBytes);
    return engine.memory.hold(need, async () => {
      const paths = await writeParquetFiles(this.#connection, fs, table, target);
      await table.drop();
      return paths;
    });
  }

  #end(): Promise<void> {
    this.#ended ??= Promise.all([this.#table, ...this.#wide.tables].map((table) => table.drop()))
      .then(() => undefined)
      // The table dies with the engine at the latest.
      .catch(() => undefined)
      .finally(() => this.#connection.close());
    return this.#ended;
  }
}

/** DuckDB passes on only as text what the system said; its spill files lie in another directory. */
export function diskFull(error: unknown, directory: string): TierdError | null {
  const text = error instanceof Error ? error.message : '';
  const isFull = /No space left on device|Disk quota exceeded/u.test(text);
  if (!isFull || !text.includes(directory)) return null;
  const asSystemError = Object.assign(new Error(text, { cause: error }), { code: 'ENOSPC' });
  return writeFailure(`write ${directory}`, asSystemError);
}
