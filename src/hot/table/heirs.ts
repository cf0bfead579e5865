/** Tables that inherit from an ordinary one: their rows are its rows as well. Partitions and chunks are none. */
import { TierdError } from '../../domain/errors.ts';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';
import { findTimescale, isHypertable } from './chunks.ts';

export interface Heir {
  readonly oid: number;
  readonly ref: TableRef;
  /** On another server. */
  readonly isForeign: boolean;
  /** Those that the table lacks, and that nobody sees who reads the table. */
  readonly ownColumns: readonly string[];
}

/** At any depth, by name. */
export async function findHeirs(
  db: Queryable,
  { oid, ref }: Pick<TableDescription, 'oid' | 'ref'>,
): Promise<readonly Heir[]> {
  // A hypertable has thousands of chunks, which no look at it should go through.
  if (!(await mayHaveHeirs(db, oid))) return [];
  if ((await findTimescale(db)) !== null && (await isHypertable(db, ref))) return [];
  const found = await run<
    TableRef & { readonly oid: number; readonly foreign: boolean; readonly own: readonly string[] }
  >(
    db,
    sql`with recursive heirs as (
          select inhrelid as oid from pg_inherits where inhparent = ${oid}::oid
          union select i.inhrelid from pg_inherits i join heirs h on i.inhparent = h.oid)
        select c.oid, n.nspname as schema, c.relname as name, c.relkind = 'f' as foreign,
               array(select a.attname::text from pg_attribute a
                     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                       and not exists (select from pg_attribute p
                                       where p.attrelid = ${oid}::oid and p.attname = a.attname
                                         and p.attnum > 0 and not p.attisdropped)
                     order by a.attnum) as own
        from heirs join pg_class c on c.oid = heirs.oid join pg_namespace n on n.oid = c.relnamespace
        order by 2, 3`,
  );
  return found.map(({ schema, name, foreign, own, ...heir }) => ({
    oid: heir.oid,
    ref: { schema, name },
    isForeign: foreign,
    ownColumns: own,
  }));
}

async function mayHaveHeirs(db: Queryable, oid: number): Promise<boolean> {
  const { may } = await runOne<{ readonly may: boolean }>(
    db,
    sql`select exists (select from pg_inherits i join pg_class c on c.oid = i.inhparent
                       where i.inhparent = ${oid}::oid and c.relkind = 'r') as may`,
  );
  return may;
}

/**
 * Values in columns that came since the plan was made would leave with their rows, and be nowhere. Call it while
 * the table and its heirs are locked.
 *
 * @param kept what of it is as it was, for whoever reads the error
 * @throws TierdError COLUMNS_CHANGED
 */
export async function assertNothingOfTheirOwn(
  db: Queryable,
  table: Pick<TableDescription, 'ref' | 'oid'>,
  kept: string,
): Promise<void> {
  const heir = (await findHeirs(db, table)).find(({ ownColumns }) => ownColumns.length > 0);
  if (heir === undefined) return;
  throw new TierdError({
    code: 'COLUMNS_CHANGED',
    message: `${formatTable(heir.ref)}, which inherits from ${formatTable(table.ref)}, has columns of its own since the plan was made (${heir.ownColumns.join(', ')}); ${kept}`,
    hint: 'run again: the plan is made anew from what is there',
    context: { table: formatTable(heir.ref) },
  });
}
