/** The datasets that a query names, with what it needs of each side. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ColdDataset, TimeHull } from './segments/cold-catalog.ts';
import { findNeeds, type QueryNeeds } from './segments/prune.ts';
import { columnOf } from './segments/query-column.ts';
import { findHull } from './segments/segment-filter.ts';
import type { Sides } from './segments/sides.ts';
import { type ViewSchema, viewSchemaOf } from './segments/view-schema.ts';
import { neededColumns } from './sql/needed-columns.ts';
import { ANY, type Predicate } from './sql/predicate.ts';
import { type AstObject, foldName } from './sql/sql-ast.ts';
import type { HotTable, Stores } from './stores.ts';

export interface ChosenDataset {
  /** By which its tables in the engine are told from those of other datasets. */
  readonly place: string;
  /** With the columns of both sides. */
  readonly dataset: ColdDataset;
  readonly schema: ViewSchema;
  readonly predicate: Predicate;
  /** No row passes the predicate outside of it. */
  readonly hull: TimeHull;
  /** The query names its cold side, or may. */
  readonly isColdWanted: boolean;
  /** Null where the query does not name its hot side, or the table is gone. */
  readonly hot: HotTable | null;
  /** Where `hot` is what a drain would leave, and the query names `hot.<name>` as well: the table as it is. */
  readonly asItIs?: HotTable | null;
}

/** @throws TierdError COLUMN_TYPE_CHANGED for a column that the query may need */
export async function chooseDatasets(
  connection: DuckDBConnection,
  stores: Stores,
  statement: AstObject,
  sides: Sides,
): Promise<readonly ChosenDataset[]> {
  const all = datasetsOf(stores);
  const named = findNeeds(
    statement,
    all.map(({ name }) => ({ name, columns: new Map() })),
  );
  // A schema that can't be reconciled is the trouble of those queries only that name the dataset.
  const datasets = all
    .filter(({ name }) => named.opaque || named.datasets.has(name))
    .map((dataset) => {
      const neededOf = (names: readonly string[]): readonly string[] =>
        named.opaque ? names : neededColumns(statement, dataset.name, names);
      return { dataset, schema: viewSchemaOf(dataset, neededOf) };
    });
  const needs = findNeeds(
    statement,
    datasets.map(({ dataset, schema }) => ({ name: dataset.name, columns: schema })),
  );
  const chosen: ChosenDataset[] = [];
  for (const { dataset, schema } of datasets) {
    const predicate = needs.opaque ? ANY : (needs.datasets.get(dataset.name) ?? ANY);
    const hull = await findHull(connection, dataset, schema, predicate);
    const isColdWanted = wantsCold(needs, sides, dataset);
    const hots = hotOf(stores, sides, dataset.name);
    const place = `t${String(chosen.length)}`;
    chosen.push({ place, dataset, schema, predicate, hull, isColdWanted, ...hots });
  }
  return chosen;
}

function hotOf(
  { hot, live }: Stores,
  sides: Sides,
  name: string,
): Pick<ChosenDataset, 'hot' | 'asItIs'> {
  if (!wantsHot(sides, name)) return { hot: null };
  const table = hot.get(name) ?? null;
  const after = live?.after.get(name);
  if (after === undefined) return { hot: table };
  const named = sides.named.get(foldName(name));
  const isAsked = sides.opaque || (named?.hotAlone ?? false);
  return { hot: after, asItIs: isAsked ? table : null };
}

function wantsCold({ opaque }: QueryNeeds, { named }: Sides, { name }: ColdDataset): boolean {
  return opaque || (named.get(foldName(name))?.cold ?? true);
}

export function wantsHot({ opaque, named }: Sides, dataset: string): boolean {
  return opaque || (named.get(foldName(dataset))?.hot ?? false);
}

type TableColumns = Pick<HotTable, 'table' | 'columns' | 'timeColumn'>;

interface Known {
  readonly cold: Pick<Stores['cold'], 'datasets'>;
  readonly hot: ReadonlyMap<string, TableColumns>;
}

/** Of either side, by name. The table comes last: it is what the next segment will look like. */
export function datasetsOf({ cold, hot }: Known): readonly ColdDataset[] {
  const inBoth = cold.datasets.map((dataset) => withHot(dataset, hot.get(dataset.name)));
  const hotAlone = [...hot]
    .filter(([name]) => !cold.datasets.some((dataset) => dataset.name === name))
    .map(([name, table]) => withHot({ name, timeColumn: timeColumnOf(table), schemas: [] }, table));
  return [...inBoth, ...hotAlone];
}

function withHot(dataset: ColdDataset, hot: TableColumns | undefined): ColdDataset {
  if (hot === undefined) return dataset;
  const schema = { columns: hot.columns.map(columnOf), segments: 0, exampleKey: hot.table };
  return { ...dataset, schemas: [...dataset.schemas, schema] };
}

function timeColumnOf({ timeColumn: { name, unit } }: TableColumns): ColdDataset['timeColumn'] {
  return unit === undefined ? { name } : { name, unit };
}
