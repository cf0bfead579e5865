/** A condition on the rows of a dataset, held against the columns that it has on both sides as of one snapshot. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { presentNames } from '../../domain/lake/present-names.ts';
import type { RowCondition } from '../../domain/plan/row-condition.ts';
import { formatTable, type IntegerTimeUnit, type TimeColumn } from '../../domain/table.ts';
import type { EpochMs, TimeRange } from '../../domain/time/time-range.ts';
import { listColumns } from '../../ledger/columns.ts';
import type { Queryable } from '../../ledger/queryable.ts';
import { datasetsOf } from '../choose-datasets.ts';
import { selectList } from '../cold-view.ts';
import type { ColdDataset, TimeHull } from '../segments/cold-catalog.ts';
import { columnsAsNow } from '../segments/columns-as-now.ts';
import { emptyQuery } from '../segments/empty-query.ts';
import { openColdCatalog } from '../segments/ledger-catalog.ts';
import { findNeeds } from '../segments/prune.ts';
import { chooseSegments, findHull } from '../segments/segment-filter.ts';
import { type ViewSchema, viewSchemaOf } from '../segments/view-schema.ts';
import { neededColumns } from '../sql/needed-columns.ts';
import { ANY } from '../sql/predicate.ts';
import { foldName } from '../sql/sql-ast.ts';
import { quoteName } from '../sql/sql-text.ts';
import { admitSelect } from '../sql/statement.ts';
import { admitCondition, conditionError } from './admit-condition.ts';
import { findComparedOtherwise } from './compared-otherwise.ts';

export interface ConditionWish {
  readonly dataset: Dataset;
  /** Of the table in PostgreSQL. */
  readonly columns: readonly ColumnPlan[];
  readonly timeColumn: TimeColumn;
  /** As it was typed. */
  readonly where: string;
  /** Null is all of time. */
  readonly span: TimeRange | null;
}

export interface OpenedCondition extends RowCondition {
  /** Keys of the live segments that may have such a row. */
  readonly candidates: readonly string[];
  /** A query for how many of the hot rows are such rows. */
  readonly hotCount: string;
}

/**
 * @param db in a transaction whose statements all see one snapshot
 * @throws TierdError QUERY_INVALID, QUERY_NOT_ALLOWED, COLUMN_TYPE_CHANGED
 */
export async function openCondition(
  connection: DuckDBConnection,
  db: Queryable,
  wish: ConditionWish,
): Promise<OpenedCondition> {
  const { dataset, columns, timeColumn, where, span } = wish;
  const { name } = dataset;
  const cold = await openColdCatalog(db, [dataset]);
  const table = { columns, timeColumn, table: formatTable(dataset.table) };
  const known = datasetsOf({ cold, hot: new Map([[name, table]]) }).find(
    (one) => one.name === name,
  );
  if (known === undefined) throw new RangeError(`no dataset ${name}`);
  const expression = await admitCondition(connection, where, {
    dataset: name,
    columns: columnsOf(known),
  });
  throwIfFound(findComparedOtherwise(expression, known));
  const schema = viewSchemaOf(known, (names) => neededColumns(expression, name, names));
  const statement = await admitSelect(
    connection,
    `select 1 from cold.${quoteName(name)} where (\n${where}\n)`,
  );
  await assertBoolean(connection, schema, wish);
  const needs = findNeeds(statement, [{ name, columns: schema }]);
  const predicate = needs.datasets.get(name) ?? ANY;
  const hull = await findHull(connection, known, schema, predicate);
  const within = hullOfSpan(span);
  const wanted = { dataset: known, schema, predicate, hull };
  const segments = await chooseSegments(connection, cold, wanted, within);
  const fields = columns.flatMap(({ name: called, fieldId }) =>
    fieldId === undefined ? [] : [{ name: called, fieldId }],
  );
  const now = {
    names: presentNames(await listColumns(db, name), fields),
    timeColumn: timeColumn.name,
  };
  const parts = [
    `(\n${where}\n)`,
    ...(span === null ? [] : [timeWithin(schema, timeColumn, span)]),
  ];
  return {
    dataset: name,
    sql: parts.map((part) => `coalesce(${part}, false)`).join(' and '),
    seenOf: (held) => selectList(schema, columnsAsNow(held, now)),
    candidates: segments.map(({ key }) => key),
    hotCount: `select count(*) as rows from hot.${quoteName(name)} where ${parts.join(' and ')}`,
  };
}

/** Those of the newest first. */
function columnsOf({ schemas }: ColdDataset): readonly string[] {
  const names = schemas.toReversed().flatMap(({ columns }) => columns.map(({ name }) => name));
  return [...new Map(names.map((name) => [foldName(name), name])).values()];
}

function throwIfFound(found: { readonly message: string; readonly hint: string } | null): void {
  if (found !== null) throw conditionError('QUERY_INVALID', found.message, found.hint);
}

/** Of what DuckDB says, its names and types: no row is read. */
async function assertBoolean(
  connection: DuckDBConnection,
  schema: ViewSchema,
  { dataset: { name }, where }: ConditionWish,
): Promise<void> {
  const sql = `select (\n${where}\n) as condition from (${emptyQuery(schema)}) as ${quoteName(name)}`;
  let type: string;
  try {
    const reader = await connection.runAndReadAll(`select column_type from (describe ${sql})`);
    type = String(reader.getRows()[0]?.[0]);
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw conditionError('QUERY_INVALID', `The condition can't be told of a row: ${why}`);
  }
  if (type === 'BOOLEAN') return;
  throw conditionError(
    'QUERY_INVALID',
    `The condition is of type ${type}, and neither true nor false`,
  );
}

function hullOfSpan(span: TimeRange | null): TimeHull | null {
  if (span === null) return null;
  return {
    fromInclusiveUs: BigInt(span.fromInclusive) * 1000n,
    toInclusiveUs: BigInt(span.toExclusive) * 1000n - 1n,
  };
}

function timeWithin(schema: ViewSchema, { name, unit }: TimeColumn, span: TimeRange): string {
  const type = [...schema].find(([one]) => foldName(one) === foldName(name))?.[1] ?? '';
  const at = (ms: EpochMs): string =>
    unit === undefined ? literalOf(ms, type) : integerOf(ms, unit);
  const value = quoteName(name);
  const time = type === 'DATE' ? `${value}::timestamp` : value;
  return `(${time} >= ${at(span.fromInclusive)} and ${time} < ${at(span.toExclusive)})`;
}

/** Times without a zone are those of the table, as the ledger has them. */
function literalOf(ms: EpochMs, type: string): string {
  const iso = new Date(ms).toISOString();
  return type === 'TIMESTAMP WITH TIME ZONE'
    ? `'${iso}'::timestamptz`
    : `'${iso.replace('T', ' ').replace('Z', '')}'::timestamp`;
}

/** The first whole unit at that instant or after it. */
function integerOf(ms: EpochMs, unit: IntegerTimeUnit): string {
  switch (unit) {
    case 's':
      return String(Math.ceil(ms / 1000));
    case 'ms':
      return String(ms);
    case 'us':
      return String(BigInt(ms) * 1000n);
    case 'ns':
      return String(BigInt(ms) * 1_000_000n);
  }
}
