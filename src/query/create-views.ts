/** Every dataset of the lake as a view of its name, in `cold` and in `main`. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { TierdError } from '../domain/errors.ts';
import type { ChosenDataset } from './choose-datasets.ts';
import type { ColdCatalog, ColdDataset } from './cold-catalog.ts';
import { viewQuery } from './cold-view.ts';
import { quoteName } from './sql-text.ts';
import { type ViewSchema, viewSchemaOf } from './view-schema.ts';

export async function createViews(
  connection: DuckDBConnection,
  chosen: readonly ChosenDataset[],
  catalog: Pick<ColdCatalog, 'datasets'>,
  locate: (key: string) => string,
): Promise<void> {
  await connection.run('create schema cold');
  for (const { dataset, schema, segments } of chosen) {
    await createView(connection, dataset.name, viewQuery(schema, segments, locate));
  }
  // Those that the query does not name are there for SHOW TABLES, and read nothing.
  for (const dataset of catalog.datasets) {
    if (chosen.some((one) => one.dataset === dataset)) continue;
    const schema = reconcilable(dataset);
    if (schema !== null) await createView(connection, dataset.name, viewQuery(schema, [], String));
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
  query: string,
): Promise<void> {
  await connection.run(`create view cold.${quoteName(name)} as ${query}`);
  await connection.run(`create view main.${quoteName(name)} as from cold.${quoteName(name)}`);
}
