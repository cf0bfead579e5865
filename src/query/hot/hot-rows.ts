/** The hot rows that a query needs, copied into the engine before it is shut off. */

import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { StagingTable, stagedName } from '../../lake/segment/staging-table.ts';
import type { ChosenDataset } from '../choose-datasets.ts';
import type { Engine } from '../engine.ts';
import { findHull } from '../segments/segment-filter.ts';
import type { ViewSchema } from '../segments/view-schema.ts';
import { neededColumns } from '../sql/needed-columns.ts';
import type { AstObject } from '../sql/sql-ast.ts';
import { quoteName, quoteText } from '../sql/sql-text.ts';
import type { HotTable } from '../stores.ts';
import { resolveForHot } from './hot-predicate.ts';

export interface HotRows {
  readonly rows: number;
  /** A SELECT with the columns of `schema`. */
  readonly query: string;
}

/**
 * @param number tells its rows from those of other datasets
 * @param notInParts why PostgreSQL could not aggregate them
 */
export async function loadHotRows(
  engine: Engine,
  statement: AstObject,
  { dataset, schema, predicate, hot }: ChosenDataset & { readonly hot: HotTable },
  number: number,
  notInParts?: string,
): Promise<HotRows> {
  const columns = hotColumnsOf(statement, dataset.name, schema, hot);
  const hull = await findHull(engine.connection, dataset, schema, predicate);
  const resolved = await resolveForHot(engine.connection, schema, predicate);
  const name = `t${String(number)}`;
  const staged = await StagingTable.create(engine.staging, name, columns);
  const rows = await hot.read({
    columns,
    hull,
    predicate: resolved,
    ...(notInParts === undefined ? {} : { notInParts }),
    onBatch: (batch) => staged.append(batch),
  });
  staged.close();
  const list = selectList(schema, hot.columns, columns);
  return { rows, query: `select ${list} from hot_rows.${name}` };
}

/** Those that the query may need, at least one. */
export function hotColumnsOf(
  statement: AstObject,
  dataset: string,
  schema: ViewSchema,
  hot: HotTable,
): readonly ColumnPlan[] {
  const names = neededColumns(
    statement,
    dataset,
    hot.columns.map(({ name }) => name),
  );
  // Where it needs rows and no column of them, DuckDB takes the view's first.
  const [first] = schema.keys();
  const wanted = hot.columns.filter(({ name }) => name === first || names.includes(name));
  return wanted.length > 0 ? wanted : hot.columns.slice(0, 1);
}

function selectList(
  schema: ViewSchema,
  held: readonly ColumnPlan[],
  read: readonly ColumnPlan[],
): string {
  return [...schema]
    .map(([name, type]) => {
      const plan = held.find((column) => column.name === name);
      if (plan === undefined) return `null::${type} as ${quoteName(name)}`;
      const at = read.indexOf(plan);
      // Loud where a column is needed after all: an answer must not be made of nulls.
      const value = at < 0 ? NOT_READ(name) : stagedName(at);
      return `${plan.duckdbType === type && at >= 0 ? value : `cast(${value} as ${type})`} as ${quoteName(name)}`;
    })
    .join(', ');
}

const NOT_READ = (name: string): string =>
  `error(${quoteText(`the hot values of column ${name} were not read: write its name in the query`)})`;
