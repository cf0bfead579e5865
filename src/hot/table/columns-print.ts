/** By what a table's columns are what they are. */
import { TierdError } from '../../domain/errors.ts';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';
import { quoteTable } from '../quote.ts';
import { type Queryable, runOne, sql } from '../sql.ts';

/** Names, types and order of the table's columns: all that a plan is made of. */
export async function printColumns(db: Queryable, table: TableRef): Promise<string> {
  return (await printsOf(db, table)).columns;
}

/**
 * Beside these what generated columns are made by: a virtual one (PostgreSQL 18) has other values, in the same
 * row versions, when its expression changes. Read it after the table is locked.
 */
export async function fingerprintColumns(db: Queryable, table: TableRef): Promise<string> {
  const { columns, expressions } = await printsOf(db, table);
  return `${columns} ${expressions}`;
}

/** By name, as its rows are read: another table may have that by now. */
function printsOf(
  db: Queryable,
  table: TableRef,
): Promise<{ readonly columns: string; readonly expressions: string }> {
  return runOne(
    db,
    sql`select md5(string_agg(format('%s %I %s %s', attnum, attname, atttypid, atttypmod), ', ' order by attnum)) as columns,
               md5(string_agg(case when attgenerated = '' then '' else pg_get_expr(adbin, adrelid) end, ', ' order by attnum))
                 as expressions
        from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = ${quoteTable(table)}::regclass and attnum > 0 and not attisdropped`,
  );
}

/**
 * A column that came since the table was looked at would be left out, and one that was renamed or is of
 * another type taken for what it was (I13). Call it while the table is locked.
 *
 * @param kept what of it is as it was, for whoever reads the error
 * @throws TierdError COLUMNS_CHANGED
 */
export async function assertSameColumns(
  db: Queryable,
  { ref, columnsPrint }: Pick<TableDescription, 'ref' | 'columnsPrint'>,
  kept: string,
): Promise<void> {
  if ((await printColumns(db, ref)) === columnsPrint) return;
  throw new TierdError({
    code: 'COLUMNS_CHANGED',
    message: `the columns of ${formatTable(ref)} were altered since the plan was made; ${kept}`,
    hint: 'run again: the plan is made anew from what is there',
    context: { table: formatTable(ref) },
  });
}
