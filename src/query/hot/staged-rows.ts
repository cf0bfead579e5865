/** Hot rows in a table of the engine's, which is made when the first of them come: often there are none. */
import type { ColumnBatch } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { StagingTable } from '../../lake/segment/staging-table.ts';
import type { Engine } from '../engine.ts';

export class StagedRows {
  /** As a query names it. */
  readonly table: string;
  readonly #engine: Engine;
  readonly #name: string;
  readonly #columns: readonly ColumnPlan[];
  #staged: StagingTable | null = null;

  constructor(engine: Engine, name: string, columns: readonly ColumnPlan[]) {
    this.table = `hot_rows.${name}`;
    this.#engine = engine;
    this.#name = name;
    this.#columns = columns;
  }

  readonly append = async (batch: ColumnBatch): Promise<void> => {
    this.#staged ??= await StagingTable.create(this.#engine.staging, this.#name, this.#columns);
    this.#staged.append(batch);
  };

  /** All rows that came are in the table afterwards; where none came there is no table. */
  close(): void {
    this.#staged?.close();
  }

  async drop(): Promise<void> {
    await this.#staged?.drop();
    this.#staged = null;
  }
}
