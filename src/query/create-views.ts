/** Every dataset as views of its name: in `cold`, in `hot`, and both together in `main`. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { TierdError } from '../domain/errors.ts';
import type { ChosenDataset } from './choose-datasets.ts';
import { viewQuery } from './cold-view.ts';
import type { HotRows } from './hot/hot-rows.ts';
import type { NewerRows } from './hot/newer-rows.ts';
import type { LoadedSource } from './live/load-live.ts';
import type { LoadedParts } from './partials/select-scope.ts';
import { CURRENT } from './schemas.ts';
import type { ColdDataset, SegmentRef } from './segments/cold-catalog.ts';
import { emptyQuery } from './segments/empty-query.ts';
import type { NamedSides } from './segments/sides.ts';
import { type ViewSchema, viewSchemaOf } from './segments/view-schema.ts';
import { foldName } from './sql/sql-ast.ts';
import { quoteName } from './sql/sql-text.ts';

export interface LoadedDataset extends ChosenDataset {
  /** That can hold a row of the answer. */
  readonly segments: readonly SegmentRef[];
  /** Null where its hot side is not read. */
  readonly hotRows: HotRows | null;
  /** Null where no row of the lake has a newer one among the hot. */
  readonly newer: NewerRows | null;
  /** Its hot side as PostgreSQL's parts of the SELECTs that read it; null where it is read as rows. */
  readonly parts: readonly LoadedParts[] | null;
  /** What `hot.<name>` shows, where `hotRows` are what a drain would leave. */
  readonly hotAsItIs?: HotRows | null;
}

export interface ViewedDatasets {
  readonly loaded: readonly LoadedDataset[];
  /** Those that the query does not name: there for SHOW TABLES, and read nothing. */
  readonly others: readonly ColdDataset[];
  readonly live: readonly LoadedSource[];
  /**
   * By the folded name of each dataset what the query names of it: the rest is not made, for a view is bound
   * when it is made, which opens a segment. Null where it may name anything.
   */
  readonly named: ReadonlyMap<string, NamedSides> | null;
}

/** @param locate what the engine opens for a segment's key */
export async function createViews(
  connection: DuckDBConnection,
  { loaded, others, live, named }: ViewedDatasets,
  locate: (key: string) => string,
): Promise<void> {
  const statements: string[] = [];
  for (const one of loaded) {
    const asked = named?.get(foldName(one.dataset.name));
    statements.push(
      ...(asked === undefined ? allViewsOf(one, locate) : viewsNamed(one, asked, locate)),
    );
  }
  for (const dataset of others) {
    const schema = reconcilable(dataset);
    if (schema === null) continue;
    const none = emptyQuery(schema);
    statements.push(...viewsOf(dataset.name, { cold: none, hot: none, current: null, both: none }));
  }
  for (const { name, query } of live) {
    statements.push(`create view live.${quoteName(name)} as ${query}`);
  }
  if (statements.length > 0) await connection.run(statements.join(';\n'));
}

function allViewsOf(
  { dataset, schema, segments, hotRows, newer, hotAsItIs }: LoadedDataset,
  locate: (key: string) => string,
): readonly string[] {
  const both = hotRows?.query ?? emptyQuery(schema);
  const hot = hotAsItIs?.query ?? both;
  const cold = viewQuery(schema, segments, locate);
  const current = newer === null ? null : viewQuery(schema, segments, locate, newer);
  return viewsOf(dataset.name, { cold, hot, current, both });
}

/** Each by itself, and of a side without a row nothing: what is bound is what is read. */
function viewsNamed(
  { dataset, schema, segments, hotRows, newer, hotAsItIs }: LoadedDataset,
  { both, hotAlone, coldAlone }: NamedSides,
  locate: (key: string) => string,
): readonly string[] {
  const view = quoteName(dataset.name);
  const hot = hotRows ?? { rows: 0, query: emptyQuery(schema) };
  const views: string[] = [];
  if (coldAlone) {
    views.push(`create view cold.${view} as ${viewQuery(schema, segments, locate)}`);
  }
  if (hotAlone) views.push(`create view hot.${view} as ${(hotAsItIs ?? hot).query}`);
  if (both) {
    const sides = [
      ...(segments.length === 0 ? [] : [viewQuery(schema, segments, locate, newer)]),
      ...(hot.rows === 0 ? [] : [hot.query]),
    ];
    const query = sides.length === 0 ? emptyQuery(schema) : sides.join('\nunion all\n');
    views.push(`create view main.${view} as ${query}`);
  }
  return views;
}

function reconcilable(dataset: ColdDataset): ViewSchema | null {
  try {
    return viewSchemaOf(dataset);
  } catch (error) {
    // Told to whoever names the dataset; this query does not.
    if (error instanceof TierdError && UNREADABLE_AS_ONE.has(error.code)) return null;
    throw error;
  }
}

const UNREADABLE_AS_ONE: ReadonlySet<string> = new Set([
  'COLUMN_TYPE_CHANGED',
  'TIME_COLUMN_CHANGED',
]);

interface SideQueries {
  readonly cold: string;
  readonly hot: string;
  /** The cold side without what is outdated; null where it is all of it. */
  readonly current: string | null;
  /** Of the hot side, what is seen beside the lake; `hot` but for live rows. */
  readonly both: string;
}

function viewsOf(name: string, { cold, hot, current, both }: SideQueries): readonly string[] {
  const view = quoteName(name);
  const lake = `${quoteName(CURRENT)}.${view}`;
  return [
    `create view cold.${view} as ${cold}`,
    `create view hot.${view} as ${hot}`,
    `create view ${lake} as ${current ?? `from cold.${view}`}`,
    `create view main.${view} as from ${lake} union all ${both === hot ? `from hot.${view}` : both}`,
  ];
}
