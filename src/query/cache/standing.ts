/**
 * What an answer depends on, besides its question: which rows PostgreSQL shows, or, where it showed none of
 * those that were needed, the list of segments and the shape of the tables. The decision record on cached
 * answers says why equal means equal.
 */
import type pg from 'pg';
import { planColumns } from '../../domain/columns/plan-columns.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { formatTable } from '../../domain/table.ts';
import { readColumnPlaces } from '../../hot/table/column-places.ts';
import { describeShape, findExisting } from '../../hot/table/introspect.ts';
import { listRowKeys } from '../../hot/table/unique-key.ts';
import { listColumns } from '../../ledger/columns.ts';
import { readRowVersions } from '../../ledger/row-versions.ts';
import { readVisibleTransactions } from '../../ledger/visible-transactions.ts';

export interface Standing {
  /** Equal: every row of the database is as it was. Null where the server can't tell. */
  readonly transactions: string | null;
  /** Equal: the segments and the tables' shapes are; hot rows may have come or gone. */
  readonly lake: string;
}

/** What a cached answer has to be compared with. */
export interface Repeatable {
  readonly standing: Standing;
  /** Names, in the ledger as in the configuration. */
  readonly datasets: readonly string[];
  /** Every SELECT that hot rows were asked by, and none came. Null: some came, or it was asked otherwise. */
  readonly emptyReads: readonly string[] | null;
}

/** @param db in the transaction whose snapshot the answer is of, its tables locked */
export async function readStanding(
  db: pg.Client,
  names: readonly string[],
  datasets: readonly Dataset[],
): Promise<Standing> {
  const shapes: unknown[] = [];
  for (const dataset of datasets.filter(({ name }) => names.includes(name))) {
    shapes.push(await shapeOf(db, dataset));
  }
  const segments = await readRowVersions(db, names);
  return {
    transactions: await readVisibleTransactions(db),
    lake: JSON.stringify([names, segments, shapes]),
  };
}

async function shapeOf(db: pg.Client, dataset: Dataset): Promise<unknown> {
  const existing = await findExisting(db, [dataset.table]);
  if (!existing.has(formatTable(dataset.table))) return null;
  const shape = await describeShape(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
  const { columns } = planColumns(shape.columns, dataset.columns, dataset.portable);
  return [
    shape.oid,
    shape.timeColumn,
    columns,
    await listRowKeys(db, shape, shape.timeColumn.name),
    await listColumns(db, dataset.name),
    await readColumnPlaces(db, shape.oid),
  ];
}
