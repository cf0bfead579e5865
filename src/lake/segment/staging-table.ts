/** Where a slice's rows gather inside DuckDB, on disk when memory runs short, until it is sorted. */

import type { ColumnBatch } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { type Appender, duckdb } from './bindings.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import type { DuckConnection } from './duckdb.ts';

export class StagingTable {
  readonly name: string;
  readonly #connection: DuckConnection;
  readonly #appender: Appender;
  readonly #builder: ChunkBuilder;
  #closed = false;
  #rows = 0;
  #bytes = 0;
  #hasOddFloats = false;

  private constructor(name: string, connection: DuckConnection, columnCount: number) {
    this.name = name;
    this.#connection = connection;
    this.#appender = duckdb.appender_create(connection.handle, null, name);
    const types = Array.from({ length: columnCount }, (_, column) =>
      duckdb.appender_column_type(this.#appender, column),
    );
    this.#builder = new ChunkBuilder(types);
  }

  static async create(
    connection: DuckConnection,
    name: string,
    columns: readonly ColumnPlan[],
  ): Promise<StagingTable> {
    const definitions = columns.map((plan, index) => `${stagedName(index)} ${plan.duckdbType}`);
    await connection.run(`create table ${name} (${definitions.join(', ')})`);
    return new StagingTable(name, connection, columns.length);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Roughly, before any compression. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Some float in it must not go through a dictionary. */
  get hasOddFloats(): boolean {
    return this.#hasOddFloats;
  }

  append(batch: ColumnBatch): void {
    duckdb.append_data_chunk(this.#appender, this.#builder.build(batch));
    this.#rows += batch.rows;
    this.#bytes += batchBytes(batch);
    this.#hasOddFloats ||= batch.hasOddFloats;
  }

  /** What was appended is in the table afterwards, where it can be spilled. */
  flush(): void {
    duckdb.appender_flush_sync(this.#appender);
  }

  /** All rows appended are in the table afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    duckdb.appender_close_sync(this.#appender);
  }

  /** Gives its memory and disk back, whatever state it is in. */
  async drop(): Promise<void> {
    try {
      this.close();
    } finally {
      await this.#connection.run(`drop table if exists ${this.name}`);
    }
  }
}

/** Roughly, before any compression. */
export function batchBytes({ rows, columns, heap }: ColumnBatch): number {
  const fixed = columns.reduce((sum, column) => sum + column.width, 0);
  return fixed * rows + (heap?.length ?? 0);
}

/** Names of our own: those of the table may be anything. */
export function stagedName(index: number): string {
  return `c${index}`;
}
