/** The datasets that a query names, with the segments of each that can hold what it asks for. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ColdCatalog, ColdDataset, SegmentRef } from './cold-catalog.ts';
import { ANY } from './predicate.ts';
import { findNeeds } from './prune.ts';
import { chooseSegments } from './segment-filter.ts';
import type { AstObject } from './sql-ast.ts';
import { type ViewSchema, viewSchemaOf } from './view-schema.ts';

export interface ChosenDataset {
  readonly dataset: ColdDataset;
  readonly schema: ViewSchema;
  readonly segments: readonly SegmentRef[];
}

/** @throws TierdError COLUMN_TYPE_CHANGED for a dataset that the query names */
export async function chooseDatasets(
  connection: DuckDBConnection,
  catalog: ColdCatalog,
  statement: AstObject,
): Promise<readonly ChosenDataset[]> {
  const named = findNeeds(
    statement,
    catalog.datasets.map(({ name }) => ({ name, columns: new Map() })),
  );
  // A schema that can't be reconciled is the trouble of those queries only that name the dataset.
  const datasets = catalog.datasets
    .filter(({ name }) => named.opaque || named.datasets.has(name))
    .map((dataset) => ({ dataset, schema: viewSchemaOf(dataset) }));
  const needs = findNeeds(
    statement,
    datasets.map(({ dataset, schema }) => ({ name: dataset.name, columns: schema })),
  );
  const chosen: ChosenDataset[] = [];
  for (const { dataset, schema } of datasets) {
    const predicate = needs.opaque ? ANY : (needs.datasets.get(dataset.name) ?? ANY);
    const segments = await chooseSegments(connection, catalog, dataset, schema, predicate);
    chosen.push({ dataset, schema, segments });
  }
  return chosen;
}
