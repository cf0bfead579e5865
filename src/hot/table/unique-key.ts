/** The unique keys of a table: those by which a row that comes again is known, and those in its way. */
import { formatTable, type TableDescription } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { findHeirs } from './heirs.ts';

export interface UniqueKey {
  readonly index: string;
  readonly columns: readonly string[];
  /** Of its columns those in which it calls values equal that their type tells apart: by a collation or operators of its own. */
  readonly loose: readonly string[];
}

/** Whose rows are to be told apart. */
export type KeyedTable = Pick<TableDescription, 'oid' | 'ref'>;

/**
 * The unique indexes that hold for all rows that are read of the table: those of `listOwnKeys`, or none where
 * tables inherit from it, for a row of theirs may have the key of one of its own.
 */
export async function listUniqueKeys(
  db: Queryable,
  table: KeyedTable,
): Promise<readonly UniqueKey[]> {
  return (await findHeirs(db, table)).length > 0 ? [] : listOwnKeys(db, table.oid);
}

/**
 * The unique indexes of a table that hold for all rows that are written into it: without a condition, without
 * expressions, checked at once, and with no column that may be null, for nulls are never equal. The
 * primary key first, then the shortest.
 */
export async function listOwnKeys(db: Queryable, tableOid: number): Promise<readonly UniqueKey[]> {
  return (await readKeys(db, tableOid)).filter(({ holds }) => holds);
}

/** Those that do not hold for a row with a null in one of their columns, and stop every other row. */
export async function listKeysWithNulls(
  db: Queryable,
  tableOid: number,
): Promise<readonly UniqueKey[]> {
  return (await readKeys(db, tableOid)).filter(({ holds }) => !holds);
}

/** By which a row that comes again can be known. */
export interface RowKey extends UniqueKey {
  /** Whether two rows with a null in it can have the same one. */
  readonly nulls: 'equal' | 'distinct';
  /** Whether a row that is inserted once more is likely to have another one. */
  readonly isMadeUp: boolean;
}

/**
 * The keys by which rows that come again are known, the best first. A row that is inserted once more has
 * another number in a column that PostgreSQL fills in by itself, so that keys with one come last; and often
 * in one that an application made up, which looks like a uuid, or like a key that has nothing of the time.
 */
export async function listRowKeys(
  db: Queryable,
  table: KeyedTable,
  timeColumn: string,
): Promise<readonly RowKey[]> {
  if ((await findHeirs(db, table)).length > 0) return [];
  const found = await readKeys(db, table.oid);
  const ranked = found.map(({ numbered, uuids, ...key }) => {
    const others = key.columns.filter((name) => name !== timeColumn);
    const isBareUuid = others.length === 1 && uuids.includes(others[0] ?? '');
    const isMadeUp = numbered || isBareUuid || others.length === key.columns.length;
    const rank = (numbered ? 4 : 0) + (key.holds ? 0 : 2) + (isMadeUp ? 1 : 0);
    return { rank, isMadeUp, ...key };
  });
  return ranked
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ index, columns, loose, holds, isMadeUp }) => ({
      index,
      columns,
      loose,
      nulls: holds ? 'equal' : 'distinct',
      isMadeUp,
    }));
}

/** Why no row of the table is known when it comes again, where `listRowKeys` has no key that the lake can compare. */
export async function whyNoRowKey(db: Queryable, table: KeyedTable): Promise<string> {
  const [heir] = await findHeirs(db, table);
  if (heir !== undefined)
    return `no unique key holds for ${formatTable(heir.ref)} as well, which inherits from it`;
  const [found] = await run<{ index: string; lacks: string }>(
    db,
    sql`select indexes.relname as index,
               case when not i.indisvalid then 'is not valid'
                    when i.indisexclusion then 'compares by overlap'
                    when i.indpred is not null then 'has a condition'
                    when i.indexprs is not null then 'has an expression'
                    when not i.indimmediate then 'is checked late'
                    else 'has a float' end as lacks
        from pg_index i join pg_class indexes on indexes.oid = i.indexrelid
        where i.indrelid = ${table.oid}::oid and i.indisunique
        order by i.indisprimary desc, indexes.relname limit 1`,
  );
  return found === undefined
    ? 'the table has no unique key'
    : `the unique index ${found.index} ${found.lacks}`;
}

interface FoundKey extends UniqueKey {
  readonly holds: boolean;
  /** Whether PostgreSQL fills in one of its columns by itself, with another value for each row. */
  readonly numbered: boolean;
  /** Its columns of that type. */
  readonly uuids: readonly string[];
}

function readKeys(db: Queryable, tableOid: number): Promise<readonly FoundKey[]> {
  return run<FoundKey>(
    db,
    // indnullsnotdistinct came with version 15; to_jsonb asks without naming the column.
    sql`select indexes.relname as index, array_agg(columns.attname::text order by keys.n) as columns,
               array_remove(array_agg(case when not coalesce(collations.collisdeterministic, true)
                                             or not (classes.opcdefault or classes.opcname like '%\\_pattern\\_ops')
                                           then columns.attname::text end order by keys.n), null) as loose,
               array_remove(array_agg(case when columns.atttypid = 'uuid'::regtype
                                           then columns.attname::text end), null) as uuids,
               bool_and(columns.attnotnull)
               or coalesce((select (to_jsonb(again) ->> 'indnullsnotdistinct')::boolean
                            from pg_index again where again.indexrelid = i.indexrelid), false) as holds,
               bool_or(columns.attidentity <> ''
                       or coalesce(pg_get_expr(d.adbin, d.adrelid) ~ '(nextval|uuid|random)', false)) as numbered
        from pg_index i
        join pg_class indexes on indexes.oid = i.indexrelid
        cross join lateral unnest(i.indkey::int2[], i.indcollation::oid[], i.indclass::oid[])
                           with ordinality as keys (attnum, compared_by, operators, n)
        left join pg_collation collations on collations.oid = keys.compared_by
        left join pg_opclass classes on classes.oid = keys.operators
        join pg_attribute columns on columns.attrelid = i.indrelid and columns.attnum = keys.attnum
        left join pg_attrdef d on d.adrelid = columns.attrelid and d.adnum = columns.attnum
                                  and columns.attgenerated = ''
        where i.indrelid = ${tableOid}::oid and i.indisunique and i.indisvalid and i.indimmediate
          -- A key WITHOUT OVERLAPS is unique at each instant only: two rows may share its columns' values
          -- but for the last, which they compare by overlap.
          and not i.indisexclusion
          and i.indpred is null and i.indexprs is null and keys.n <= i.indnkeyatts
        group by indexes.relname, i.indisprimary, i.indexrelid
        order by i.indisprimary desc, count(*), indexes.relname`,
  );
}
