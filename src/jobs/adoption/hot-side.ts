/** Whether rows of a slice that is to be taken up are hot as well. Reads, and changes nothing (I7). */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { planColumns } from '../../domain/columns/plan-columns.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type { KeptSlice } from '../../domain/lake/lake-manifest.ts';
import type { HotMeeting } from '../../domain/plan/adoption.ts';
import {
  hasAlike,
  hasIdentity,
  identityOf,
  type RowIdentity,
} from '../../domain/plan/row-identity.ts';
import { exportRows } from '../../hot/copy/copy-stream.ts';
import { rowsWhere } from '../../hot/measure/row-filter.ts';
import { quoteTable } from '../../hot/quote.ts';
import { inlined, runOne, sql, tableName } from '../../hot/sql.ts';
import { describeShape, type TableShape } from '../../hot/table/introspect.ts';
import { listUniqueKeys } from '../../hot/table/unique-key.ts';
import { openKeySet } from '../../lake/key-set.ts';
import type { AdoptionRooms } from './rooms.ts';

/** The table of a dataset as it is now. */
export interface HotSide {
  readonly shape: TableShape;
  readonly columns: readonly ColumnPlan[];
  /** Null where no key tells one row from another. */
  readonly identity: RowIdentity | null;
}

/** Null where there is no such table (yet). In a transaction. */
export async function describeHot(db: pg.Client, dataset: Dataset): Promise<HotSide | null> {
  const shape = await describeShape(db, dataset.table, dataset.timeColumn, dataset.timeUnit).catch(
    (error: unknown) => {
      if (error instanceof TierdError && error.code === 'TABLE_NOT_FOUND') return null;
      throw error;
    },
  );
  if (shape === null) return null;
  const { columns } = planColumns(shape.columns, dataset.columns, dataset.portable);
  const unique = await listUniqueKeys(db, shape);
  const keys = unique.map((key) => ({ ...key, nulls: 'equal' as const }));
  return { shape, columns, identity: identityOf(keys, columns, dataset.timeColumn) };
}

/** How a slice meets the hot rows: not at all, in rows that a key tells, or in a way that nothing tells. */
export type Met = 'not at all' | 'untold' | HotMeeting;

/** @param open gives the path of a segment, which is good until the next is opened */
export async function meetHot(
  rooms: AdoptionRooms,
  db: pg.Client,
  dataset: Dataset,
  { shape, columns, identity }: HotSide,
  slice: KeptSlice,
  open: (key: string) => Promise<string>,
): Promise<Met> {
  const where = rowsWhere(shape.timeColumn, slice.range, null);
  const { some } = await runOne<{ some: boolean }>(
    db,
    sql`select exists (select from ${tableName(shape.ref)} where ${where}) as some`,
  );
  if (!some) return 'not at all';
  if (identity === null || !hasIdentity(slice.columns, identity)) return 'untold';
  const count = (by: readonly ColumnPlan[]): Promise<number> =>
    countIn(rooms, db, dataset, { shape, slice, by, where: inlined(where), open });
  const alsoHot = await count(identity.columns);
  if (alsoHot === 0) return 'not at all';
  // A column that one of the two does not have makes them differ.
  const isAlike = columns.length === slice.columns.length && hasAlike(slice.columns, columns);
  const equal = isAlike ? await count(columns) : 0;
  const { range, generation, rows } = slice;
  return { range, generation, rows: Number(rows), alsoHot, equal };
}

interface Counted {
  readonly shape: TableShape;
  readonly slice: KeptSlice;
  readonly by: readonly ColumnPlan[];
  readonly where: string;
  readonly open: (key: string) => Promise<string>;
}

/** Rows of the slice for which the table has one that is the same in these columns. */
async function countIn(
  rooms: AdoptionRooms,
  db: pg.Client,
  dataset: Dataset,
  { shape, slice, by, where, open }: Counted,
): Promise<number> {
  const keys = await openKeySet(rooms.engine, {
    index: '',
    columns: by,
    loose: [],
    nulls: 'equal',
  });
  try {
    await exportRows({
      client: db,
      dataset: dataset.name,
      sql: `select ${by.map(({ select }) => select).join(', ')} from ${quoteTable(shape.ref)} where ${where}`,
      columns: by,
      onBatch: (batch) => {
        keys.append(batch);
        return undefined;
      },
      signal: rooms.signal,
    });
    let found = 0;
    for (const { key } of slice.segments) found += await keys.countIn([await open(key)]);
    return found;
  } finally {
    await keys.close();
  }
}
