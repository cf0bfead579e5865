/** What a query would read, and why no more: said before anything is read. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { EstimateParts, FetchEstimate } from '../lake/segment-files.ts';
import type { ChosenDataset } from './choose-datasets.ts';
import type { Engine } from './engine.ts';
import { resolveForHot } from './hot/hot-predicate.ts';
import { firstOf, hotColumnsOf } from './hot/hot-rows.ts';
import type { PlannedParts } from './partials/plan-parts.ts';
import type { ColdCatalog, ColdDataset } from './segments/cold-catalog.ts';
import { estimateInParts } from './segments/open-in-parts.ts';
import { differenceOf } from './segments/query-column.ts';
import { chooseSegments } from './segments/segment-filter.ts';
import { neededColumns } from './sql/needed-columns.ts';
import { ofColumns, testsIn } from './sql/predicate.ts';
import type { AstObject } from './sql/sql-ast.ts';
import type { HotExplanation } from './stores.ts';

export interface DatasetPlan {
  readonly dataset: string;
  /** Null where the query does not name its cold side. */
  readonly cold: ColdPlan | null;
  /** Null where the query does not name its hot side, or the table is gone. */
  readonly hot: HotPlan | null;
  /** Columns that the query may need and that compare otherwise than in PostgreSQL. */
  readonly differences: readonly Difference[];
}

export interface Difference {
  readonly column: string;
  readonly postgresType: string;
  /** A clause: `is compared as its text`. */
  readonly what: string;
}

export interface ColdPlan {
  readonly live: number;
  /** Ruled out by the first and last instant, by `timeColumn`. */
  readonly prunedByTime: number;
  readonly timeColumn: string | null;
  /** Of the rest, ruled out by the bounds and the nulls of `columns`. */
  readonly prunedByColumns: number;
  readonly columns: readonly string[];
  readonly read: number;
  readonly rows: number;
  /** Of the whole files; what the engine skips inside of them is not counted off. */
  readonly bytes: number;
  /** What would be asked of the store, beside what is kept here; null where segments are files of this machine. */
  readonly fetch: FetchEstimate | null;
}

export interface HotPlan extends HotExplanation {
  readonly table: string;
  readonly columns: readonly string[];
  /** What PostgreSQL computes of its rows for each SELECT that reads them; none where the rows are fetched. */
  readonly aggregated: readonly AggregatedPlan[];
  /** Why they are fetched, as a clause. */
  readonly notAggregated: string | null;
}

export interface AggregatedPlan extends HotExplanation {
  readonly keys: readonly string[];
  readonly aggregates: readonly string[];
}

export async function planDataset(
  engine: Engine,
  statement: AstObject,
  catalog: ColdCatalog,
  chosen: ChosenDataset,
  parts: PlannedParts | null,
  estimateParts: EstimateParts | null,
): Promise<DatasetPlan> {
  const { name } = chosen.dataset;
  return {
    dataset: name,
    cold: chosen.isColdWanted
      ? await planCold(engine.connection, statement, catalog, chosen, estimateParts)
      : null,
    hot: await planHot(engine, statement, chosen, parts),
    differences: differencesOf(statement, chosen.dataset),
  };
}

/** By how the newest of its tables and segments has them. */
function differencesOf(statement: AstObject, { name, schemas }: ColdDataset): Difference[] {
  const columns = schemas.at(-1)?.columns ?? [];
  const needed = neededColumns(
    statement,
    name,
    columns.map((column) => column.name),
  );
  return columns.flatMap((column) => {
    const what = needed.includes(column.name) ? differenceOf(column) : null;
    const { postgresType = '' } = column;
    return what === null ? [] : [{ column: column.name, postgresType, what }];
  });
}

async function planCold(
  connection: DuckDBConnection,
  statement: AstObject,
  catalog: ColdCatalog,
  { dataset, schema, predicate, hull }: ChosenDataset,
  estimateParts: EstimateParts | null,
): Promise<ColdPlan> {
  const timeColumn = dataset.timeColumn?.name ?? null;
  const live = dataset.schemas.reduce((sum, one) => sum + one.segments, 0);
  const ofTime = ofColumns(predicate, (column) => column === timeColumn);
  const wanted = { dataset, schema, hull };
  const inTime = await chooseSegments(connection, catalog, { ...wanted, predicate: ofTime });
  const segments = await chooseSegments(connection, catalog, { ...wanted, predicate });
  const compared = testsIn(predicate).map(({ column }) => column);
  // What is outdated is not known yet: a column of the key may be needed besides.
  const loaded = [{ dataset, schema, predicate, segments, newer: null }];
  return {
    live,
    prunedByTime: live - inTime.length,
    timeColumn,
    prunedByColumns: inTime.length - segments.length,
    columns: [...new Set(compared)].filter((column) => column !== timeColumn),
    read: segments.length,
    rows: Number(segments.reduce((sum, { rows }) => sum + rows, 0n)),
    bytes: Number(segments.reduce((sum, { bytes }) => sum + bytes, 0n)),
    fetch:
      estimateParts === null
        ? null
        : await estimateInParts(estimateParts, { connection, statement, loaded }),
  };
}

async function planHot(
  engine: Engine,
  statement: AstObject,
  { dataset, schema, predicate, hull, hot }: ChosenDataset,
  parts: PlannedParts | null,
): Promise<HotPlan | null> {
  if (hot === null) return null;
  const columns = hotColumnsOf(statement, dataset.name, schema, hot);
  const first = await firstOf(engine, statement, { dataset, schema, hot });
  const wish = {
    columns,
    hull,
    predicate: await resolveForHot(engine.connection, schema, predicate),
    ...(first === null ? {} : { first }),
  };
  const aggregated: AggregatedPlan[] = [];
  for (const select of parts !== null && 'selects' in parts ? parts.selects : []) {
    const { parted, ...asked } = select;
    aggregated.push({
      keys: parted.keys.map(({ label }) => label),
      aggregates: parted.aggregates.map(({ label }) => label),
      ...(await hot.explainAggregate({ ...asked, keys: parted.keys.length, hull: wish.hull })),
    });
  }
  return {
    table: hot.table,
    columns: columns.map((column) => column.name),
    ...(await hot.explain(wish)),
    aggregated,
    notAggregated: parts !== null && 'notInParts' in parts ? parts.notInParts : null,
  };
}
