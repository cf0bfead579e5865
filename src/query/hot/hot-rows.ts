/** The hot rows that a query needs, copied into the engine before it is shut off. */

import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { stagedName } from '../../lake/segment/staging-table.ts';
import type { ChosenDataset } from '../choose-datasets.ts';
import type { Engine } from '../engine.ts';
import { exactSql } from '../exact/condition-sql.ts';
import { resolveCondition } from '../exact/resolve-condition.ts';
import { NotInParts } from '../partials/not-in-parts.ts';
import type { TimeHull } from '../segments/cold-catalog.ts';
import { emptyQuery } from '../segments/empty-query.ts';
import type { ViewSchema } from '../segments/view-schema.ts';
import { neededColumns } from '../sql/needed-columns.ts';
import type { AstObject } from '../sql/sql-ast.ts';
import { quoteName, quoteText } from '../sql/sql-text.ts';
import type { HotTable, HotWish } from '../stores.ts';
import { readFirstRows } from './first-rows.ts';
import { resolveForHot } from './hot-predicate.ts';
import { StagedRows } from './staged-rows.ts';

export interface HotRows {
  readonly rows: number;
  /** A SELECT with the columns of `schema`. */
  readonly query: string;
  /** Where PostgreSQL has all rows that are wanted: no row beyond this instant is. Microseconds since 1970. */
  readonly bound: TimeHull | null;
}

export type HotSide = ChosenDataset & { readonly hot: HotTable };

/** @param notInParts why PostgreSQL could not aggregate them */
export async function loadHotRows(
  engine: Engine,
  statement: AstObject,
  { dataset, schema, predicate, hull, hot, place }: HotSide,
  notInParts?: string,
): Promise<HotRows> {
  const columns = hotColumnsOf(statement, dataset.name, schema, hot);
  const resolved = await resolveForHot(engine.connection, schema, predicate);
  const asked = await firstOf(engine, statement, { dataset, schema, hot });
  const staged = new StagedRows(engine, place, columns);
  const rows = await hot.read({
    columns,
    hull,
    predicate: resolved,
    ...(asked === null ? {} : { first: asked }),
    ...(notInParts === undefined ? {} : { notInParts }),
    onBatch: staged.append,
  });
  staged.close();
  const bound =
    asked === null || rows < asked.rows
      ? null
      : await boundOf(engine, staged.table, columns, hot, asked);
  return { rows, query: queryOf(rows, schema, hot, columns, staged), bound };
}

/** All of them where they are few; else null, and none is kept. */
export async function loadFewRows(
  engine: Engine,
  statement: AstObject,
  { dataset, schema, predicate, hull, hot, place }: HotSide,
): Promise<HotRows | null> {
  const columns = hotColumnsOf(statement, dataset.name, schema, hot);
  const staged = new StagedRows(engine, place, columns);
  const rows = await hot.readFew({
    columns,
    hull,
    predicate: await resolveForHot(engine.connection, schema, predicate),
    onBatch: staged.append,
  });
  if (rows === null) {
    await staged.drop();
    return null;
  }
  staged.close();
  return { rows, query: queryOf(rows, schema, hot, columns, staged), bound: null };
}

function queryOf(
  rows: number,
  schema: ViewSchema,
  hot: HotTable,
  columns: readonly ColumnPlan[],
  { table }: StagedRows,
): string {
  if (rows === 0) return emptyQuery(schema);
  return `select ${selectList(schema, hot.columns, columns)} from ${table}`;
}

/** What PostgreSQL is asked where the first rows by time are all that is wanted. */
export async function firstOf(
  engine: Engine,
  statement: AstObject,
  { dataset, schema, hot }: Pick<ChosenDataset, 'dataset' | 'schema'> & { readonly hot: HotTable },
): Promise<NonNullable<HotWish['first']> | null> {
  const first = readFirstRows(statement, dataset.name, schema, hot);
  if (first === null) return null;
  try {
    const condition = await resolveCondition(engine.connection, first.condition, hot.texts);
    return { ...first, condition: exactSql(condition) };
  } catch (error) {
    if (error instanceof NotInParts) return null;
    throw error;
  }
}

/** Asked on a connection of its own: the query's transaction must not see the hot rows before all are there. */
async function boundOf(
  { scratch }: Engine,
  table: string,
  columns: readonly ColumnPlan[],
  { timeColumn }: HotTable,
  { order, rows }: NonNullable<HotWish['first']>,
): Promise<TimeHull | null> {
  const at = columns.findIndex(({ name }) => name === timeColumn.name);
  if (at < 0 || timeColumn.kind === 'integer') return null;
  const time = stagedName(at);
  const reader = await scratch.runAndReadAll(
    `select epoch_us(${time}::timestamp)::varchar from ${table} where isfinite(${time})
     order by ${time} ${order} limit 1 offset ${String(rows - 1)}`,
  );
  const instant = reader.getRows()[0]?.[0];
  if (typeof instant !== 'string') return null;
  const [fromInclusiveUs, toInclusiveUs] =
    order === 'desc' ? [BigInt(instant), null] : [null, BigInt(instant)];
  return { fromInclusiveUs, toInclusiveUs };
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

export function selectList(
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
