/**
 * Rows so large that a vector of them would not fit into memory. DuckDB sorts, writes and reads
 * 2,048 rows at a time, whatever they weigh, so these gather in tables of few rows: each becomes a
 * file of its own, whose one row group is small because it has not more.
 */
import type { ColumnBatch } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { DuckConnection, DuckEngine } from './duckdb.ts';
import { batchBytes, StagingTable } from './staging-table.ts';

const VECTOR_ROWS = 2048;
/** Of the engine's memory: a sort holds its rows twice, and a writer holds them encoded besides. */
const VECTOR_SHARE = 1 / 4;
const TABLE_SHARE = 1 / 8;
/** A row is copied into a vector, from there into the appender, and by its flush into the table. */
const APPEND_COPIES = 3;

export class WideRows {
  readonly #engine: DuckEngine;
  readonly #connection: DuckConnection;
  readonly #columns: readonly ColumnPlan[];
  readonly #tables: StagingTable[] = [];

  constructor(engine: DuckEngine, connection: DuckConnection, columns: readonly ColumnPlan[]) {
    this.#engine = engine;
    this.#connection = connection;
    this.#columns = columns;
  }

  get tables(): readonly StagingTable[] {
    return this.#tables;
  }

  takes(batch: ColumnBatch): boolean {
    const ofVector = (batchBytes(batch) / batch.rows) * VECTOR_ROWS;
    return ofVector > this.#engine.memoryLimitBytes * VECTOR_SHARE;
  }

  async append(batch: ColumnBatch): Promise<void> {
    const bytes = batchBytes(batch);
    const last = this.#tables.at(-1);
    const limit = this.#engine.memoryLimitBytes * TABLE_SHARE;
    const fits = last !== undefined && last.bytes + bytes <= limit;
    const table = fits ? last : await this.#begin();
    await this.#engine.memory.hold(bytes * APPEND_COPIES, () => {
      table.append(batch);
      // What the appender holds can't be spilled, and what is in the table can.
      table.flush();
      return Promise.resolve();
    });
  }

  async #begin(): Promise<StagingTable> {
    this.#tables.at(-1)?.close();
    const name = this.#engine.uniqueName('wide');
    const table = await StagingTable.create(this.#connection, name, this.#columns);
    this.#tables.push(table);
    return table;
  }
}
