/** The keys of some rows of the hot store, in DuckDB, to be looked for in the lake. */
import type { ColumnBatch } from '../domain/columns/column-batch.ts';
import type { RowIdentity } from '../domain/plan/row-identity.ts';
import { sameValue, source } from './cold-matches.ts';
import { reading } from './lake-failure.ts';
import { type DuckEngine, quoteSqlName, writeFailed } from './segment/duckdb.ts';
import { readCounts } from './segment/small-results.ts';
import { StagingTable, stagedName } from './segment/staging-table.ts';

export interface KeySet {
  /** Columns are the identity's, in its order. Copies the batch, so that it may be filled again at once. */
  append(batch: ColumnBatch): void;
  /** How many rows of these files have one of the keys. Nothing may be appended afterwards. */
  countIn(paths: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

export async function openKeySet(engine: DuckEngine, identity: RowIdentity): Promise<KeySet> {
  const connection = await engine.connect();
  const table = await StagingTable.create(connection, engine.uniqueName('keys'), identity.columns);
  const same = identity.columns
    .map(
      ({ name }, index) =>
        `cold.${quoteSqlName(name)} ${sameValue(identity)} keys.${stagedName(index)}`,
    )
    .join(' and ');
  return {
    append(batch) {
      try {
        table.append(batch);
      } catch (error) {
        throw writeFailed('taking keys in', error);
      }
    },
    async countIn(paths) {
      table.close();
      if (table.rows === 0 || paths.length === 0) return 0;
      const sql = `select count(*)::double from ${source(paths)} as cold semi join ${table.name} as keys on ${same}`;
      const [rows = 0] = await reading('look for keys', () => readCounts(connection, sql));
      return rows;
    },
    async close() {
      // It dies with the engine at the latest.
      await table.drop().catch(() => undefined);
      connection.close();
    },
  };
}
