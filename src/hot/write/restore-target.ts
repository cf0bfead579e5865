/** The table that rows of the lake come back into. */

import type { TargetColumn } from '../../domain/plan/restore-columns.ts';
import type { TableDescription, TableRef } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { timeBounds } from '../measure/time-bounds.ts';
import { quoteTable } from '../quote.ts';
import { type Queryable, raw, run, runOne, sql } from '../sql.ts';

export interface OtherTable {
  readonly oid: number;
  /** `pg_class.relkind`. */
  readonly relkind: string;
}

/** Null where there is nothing of that name. */
export async function findTable(db: Queryable, ref: TableRef): Promise<OtherTable | null> {
  const [found] = await run<OtherTable>(
    db,
    sql`select c.oid, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${ref.schema} and c.relname = ${ref.name}`,
  );
  return found ?? null;
}

/** How many of its rows are of `range`. */
export async function countRows(
  db: Queryable,
  { ref, timeColumn }: Pick<TableDescription, 'ref' | 'timeColumn'>,
  range: TimeRange,
): Promise<number> {
  const { n } = await runOne<{ readonly n: number }>(
    db,
    sql`select count(*)::float8 as n from ${raw(quoteTable(ref))} where ${timeBounds(timeColumn, range)}`,
  );
  return n;
}

/** An ordinary table with the columns of `like`; what `like` computes is an ordinary column there. */
export async function createLike(db: Queryable, ref: TableRef, like: TableRef): Promise<void> {
  await db.query(`create table ${quoteTable(ref)} (like ${quoteTable(like)} including defaults)`);
}

/** In table order. `ids` are the field ids by name, where the table is the dataset's own. */
export async function targetColumns(
  db: Queryable,
  oid: number,
  ids: ReadonlyMap<string, number> | null,
): Promise<readonly TargetColumn[]> {
  const found = await run<{
    readonly name: string;
    readonly type_name: string;
    readonly generated: boolean;
    readonly required: boolean;
  }>(
    db,
    sql`select a.attname as name, format_type(a.atttypid, a.atttypmod) as type_name,
               a.attgenerated <> '' as generated,
               a.attnotnull and not a.atthasdef and a.attidentity = '' as required
        from pg_attribute a
        where a.attrelid = ${oid}::oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
  return found.map((column) => ({
    name: column.name,
    typeName: column.type_name,
    generated: column.generated,
    required: column.required,
    fieldId: ids?.get(column.name) ?? null,
  }));
}
