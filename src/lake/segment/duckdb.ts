/**
 * DuckDB through its C interface, which is what lets a column cross as one copy of bytes.
 * One engine per job: its memory limit is shared by all that write and verify at the same time.
 */
import { TierdError } from '../../domain/errors.ts';
import { type Connection, type Database, type DataChunk, duckdb, type Result } from './bindings.ts';
import { MemoryShares } from './memory-shares.ts';

export interface EngineOptions {
  /** What DuckDB's buffers may use together; beyond it they go to `tempDirectory`. */
  readonly memoryLimitBytes: number;
  /** An existing directory of this job alone. */
  readonly tempDirectory: string;
  readonly threads: number;
}

export class DuckEngine {
  readonly memoryLimitBytes: number;
  /** For whoever needs much of it at once, and can't spill that. */
  readonly memory: MemoryShares;
  readonly #database: Database;
  #names = 0;

  private constructor(database: Database, memoryLimitBytes: number) {
    this.#database = database;
    this.memoryLimitBytes = memoryLimitBytes;
    this.memory = new MemoryShares(memoryLimitBytes);
  }

  static async open(options: EngineOptions): Promise<DuckEngine> {
    const config = duckdb.create_config();
    const settings = {
      threads: String(options.threads),
      memory_limit: `${options.memoryLimitBytes} bytes`,
      temp_directory: options.tempDirectory,
      // Nothing is ever loaded from the network or from the user's home.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    };
    for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, value);
    return new DuckEngine(await duckdb.open(':memory:', config), options.memoryLimitBytes);
  }

  async connect(): Promise<DuckConnection> {
    const connection = new DuckConnection(await duckdb.connect(this.#database));
    // Timestamps as text, in statistics, must not depend on the machine.
    await connection.run("set TimeZone = 'UTC'");
    return connection;
  }

  /** A name for a table that no other writer of this engine uses. */
  uniqueName(prefix: string): string {
    this.#names += 1;
    return `${prefix}_${this.#names}`;
  }

  close(): void {
    duckdb.close_sync(this.#database);
  }
}

/** One query at a time. */
export class DuckConnection {
  readonly handle: Connection;

  constructor(handle: Connection) {
    this.handle = handle;
  }

  async run(sql: string): Promise<void> {
    await duckdb.query(this.handle, sql);
  }

  /** Runs a query whose result is small, and waits for all of it. */
  async materialise(sql: string): Promise<DataChunk[]> {
    const result = await duckdb.query(this.handle, sql);
    const chunks: DataChunk[] = [];
    for (;;) {
      const chunk = await duckdb.fetch_chunk(result);
      if (!hasRows(chunk)) return chunks;
      chunks.push(chunk);
    }
  }

  /**
   * The result's chunks of up to 2,048 rows, as they are made.
   *
   * An error after the first chunk, and an interrupt, look like the end of the result: DuckDB's
   * C interface returns no chunk and the bindings don't ask why. So this is only for callers that
   * know how many rows there must be.
   */
  async *stream(sql: string): AsyncGenerator<DataChunk> {
    const statement = await duckdb.prepare(this.handle, sql);
    try {
      const result = await duckdb.execute_prepared_streaming(statement);
      let next = duckdb.fetch_chunk(result);
      try {
        for (;;) {
          const chunk = await next;
          if (!hasRows(chunk)) return;
          // Made on another thread while the caller works on this one.
          next = duckdb.fetch_chunk(result);
          yield chunk;
        }
      } finally {
        await this.#endOf(result, next);
      }
    } finally {
      // Like an unread result, it would keep the whole database alive until it is collected.
      duckdb.destroy_prepare_sync(statement);
    }
  }

  /** Runs a result to its end, which is near once it is interrupted; `next` is being fetched. */
  async #endOf(result: Result, next: Promise<DataChunk | null>): Promise<void> {
    // What it fails with is the end as well: whoever read on has seen it, and nobody else will.
    let chunk = await next.catch(() => null);
    while (hasRows(chunk)) {
      this.interrupt();
      chunk = await duckdb.fetch_chunk(result).catch(() => null);
    }
  }

  /** Stops what runs: its promise rejects within milliseconds. */
  interrupt(): void {
    duckdb.interrupt(this.handle);
  }

  close(): void {
    duckdb.disconnect_sync(this.handle);
  }
}

/** A chunk without rows is the end of a result, as no chunk is. */
function hasRows(chunk: DataChunk | null): chunk is DataChunk {
  return chunk !== null && duckdb.data_chunk_get_size(chunk) > 0;
}

export function quoteSqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteSqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Whatever DuckDB says while a segment is made: out of disk, out of memory, a defect. */
export function writeFailed(step: string, cause: unknown): TierdError {
  if (cause instanceof TierdError) return cause;
  // What follows a blank line advises settings of DuckDB's own, which nobody can reach here.
  const [text = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n\n', 1);
  return new TierdError({
    code: 'SEGMENT_WRITE_FAILED',
    message: `Writing a segment failed (${step}): ${text}. Nothing was deleted.`,
    hint: writeHint(text),
    cause,
  });
}

function writeHint(text: string): string {
  if (/No space left on device|Disk quota exceeded|max_temp_directory_size/u.test(text)) {
    return 'Free space where maintenance.temp_dir is, or point it to a larger disk, then run the same command again.';
  }
  if (/^Out of Memory Error|allocat/iu.test(text)) {
    return 'Raise maintenance.memory_limit (its default, 256MB, serves most tables; it should be at least eight times the largest value of a row), or lower maintenance.threads; then run the same command again.';
  }
  return 'Look at the disks of the lake and of maintenance.temp_dir (`tierd doctor`), then run the same command again.';
}
