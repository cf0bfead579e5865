/** Every dataset as views of its name: in `cold`, in `hot`, and both together in `main`. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { TierdError } from '../domain/errors.ts';
import type { ChosenDataset } from './choose-datasets.ts';
import type { ColdDataset } from './cold-catalog.ts';
import { emptyQuery, viewQuery } from './cold-view.ts';
import type { HotRows } from './hot-rows.ts';
import { quoteName } from './sql-text.ts';
import { type ViewSchema, viewSchemaOf } from './view-schema.ts';

export interface LoadedDataset extends ChosenDataset {
  /** Null where its hot side is not read. */
  readonly hotRows: HotRows | null;
}

/** @param others those that the query does not name: there for SHOW TABLES, and read nothing */
export async function createViews(
  connection: DuckDBConnection,
  loaded: readonly LoadedDataset[],
  others: readonly ColdDataset[],
  locate: (key: string) => string,
): Promise<void> {
  await connection.run('create schema cold');
  await connection.run('create schema hot');
  for (const { dataset, schema, segments, hotRows } of loaded) {
    const cold = viewQuery(schema, segments, locate);
    await createView(connection, dataset.name, cold, hotRows?.query ?? emptyQuery(schema));
  }
  for (const dataset of others) {
    const schema = reconcilable(dataset);
    if (schema === null) continue;
    await createView(connection, dataset.name, emptyQuery(schema), emptyQuery(schema));
  }
}

function reconcilable(dataset: ColdDataset): ViewSchema | null {
  try {
    return viewSchemaOf(dataset);
  } catch (error) {
    // Told to whoever names the dataset; this query does not.
    if (error instanceof TierdError && error.code === 'COLUMN_TYPE_CHANGED') return null;
    throw error;
  }
}

async function createView(
  connection: DuckDBConnection,
  name: string,
  cold: string,
  hot: string,
): Promise<void> {
  const view = quoteName(name);
  await connection.run(`create view cold.${view} as ${cold}`);
  await connection.run(`create view hot.${view} as ${hot}`);
  await connection.run(`create view main.${view} as from cold.${view} union all from hot.${view}`);
}
