/** Which SELECTs of a query PostgreSQL can aggregate for itself, and what it is asked. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { inlined, type Sql } from '../../hot/sql.ts';
import type { ChosenDataset } from '../choose-datasets.ts';
import { exactSql } from '../exact/condition-sql.ts';
import { exactColumns } from '../exact/exact-columns.ts';
import type { ReadCondition } from '../exact/read-condition.ts';
import { resolveCondition } from '../exact/resolve-condition.ts';
import type { AstObject } from '../sql/sql-ast.ts';
import type { HotTable } from '../stores.ts';
import { NotInParts } from './not-in-parts.ts';
import type { Part, PartedSelect } from './parts.ts';
import { partSql } from './parts-sql.ts';
import { readSelect } from './read-select.ts';
import { findReferences } from './references.ts';

/** One SELECT of the query, as PostgreSQL is asked its part. */
export interface PlannedSelect {
  readonly node: AstObject;
  /** Cold rows count too. */
  readonly isSplit: boolean;
  readonly parted: PartedSelect;
  /** Of the keys and then the aggregates, as COPY brings them over. */
  readonly columns: readonly ColumnPlan[];
  readonly condition: Sql;
}

export type PlannedParts =
  | { readonly selects: readonly PlannedSelect[] }
  /** Why the rows have to be fetched, as a clause. */
  | { readonly notInParts: string };

/** All of the SELECTs that read the dataset's hot rows, or none: with one that needs the rows, they are there. */
export async function planParts(
  connection: DuckDBConnection,
  statement: AstObject,
  { dataset, schema, asItIs = null }: ChosenDataset,
  hot: HotTable,
): Promise<PlannedParts> {
  try {
    if (asItIs !== null) throw new NotInParts('its hot side is asked with live rows and without');
    const references = findReferences(statement, dataset.name);
    if (references === null) throw new NotInParts('a common table expression has its name');
    const selects: PlannedSelect[] = [];
    for (const { select, side } of references) {
      if (side === 'cold') continue;
      if (select === null)
        throw new NotInParts('it is joined with others, or named otherwise than in FROM');
      const parted = readSelect(select, schema.keys(), exactColumns(hot, schema), hot);
      selects.push(await planSelect(connection, select, side === 'both', parted, hot));
    }
    if (selects.length === 0) throw new NotInParts('the query does not say how it reads it');
    return { selects };
  } catch (error) {
    if (error instanceof NotInParts) return { notInParts: error.reason };
    throw error;
  }
}

async function planSelect(
  connection: DuckDBConnection,
  node: AstObject,
  isSplit: boolean,
  parted: PartedSelect,
  { texts }: HotTable,
): Promise<PlannedSelect> {
  const resolve = (condition: ReadCondition) => resolveCondition(connection, condition, texts);
  const columns: ColumnPlan[] = [];
  for (const part of [...parted.keys, ...parted.aggregates]) {
    const filter = await resolve(filterOf(part));
    columns.push({
      name: part.label,
      postgresType: part.hot.column?.postgresType ?? 'bigint',
      held: part.held,
      select: inlined(partSql(part.hot, filter)),
      duckdbType: part.stagedType,
    });
  }
  return { node, isSplit, parted, columns, condition: exactSql(await resolve(parted.condition)) };
}

function filterOf({ hot }: Part): ReadCondition {
  return 'filter' in hot ? hot.filter : { kind: 'true' };
}
