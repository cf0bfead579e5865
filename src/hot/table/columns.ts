/** A table's columns with the types they are really made of. */
import type { BaseType, ColumnDescription } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';

interface ColumnRow {
  readonly name: string;
  readonly type_name: string;
  readonly type_oid: number;
  readonly typmod: number;
  readonly not_null: boolean;
  readonly generated: boolean;
}

interface TypeRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: BaseType['kind'] | 'd';
  readonly domain_base: number;
  readonly domain_typmod: number;
  readonly is_array: boolean;
  readonly parts: readonly { readonly oid: number; readonly typmod: number }[];
}

/** Columns in table order, domains resolved, dropped columns left out. */
export async function describeColumns(
  db: Queryable,
  tableOid: number,
): Promise<readonly ColumnDescription[]> {
  const columns = await selectColumns(db, tableOid);
  const types = await selectTypes(
    db,
    columns.map((column) => column.type_oid),
  );
  return columns.map((column) => ({
    name: column.name,
    typeName: column.type_name,
    baseType: baseTypeOf(types, column.type_oid, column.typmod),
    notNull: column.not_null,
    generated: column.generated,
  }));
}

function selectColumns(db: Queryable, tableOid: number): Promise<readonly ColumnRow[]> {
  return run<ColumnRow>(
    db,
    sql`select a.attname as name, format_type(a.atttypid, a.atttypmod) as type_name,
               a.atttypid as type_oid, a.atttypmod as typmod, a.attnotnull as not_null,
               a.attgenerated <> '' as generated
        from pg_attribute a
        where a.attrelid = ${tableOid}::oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
}

/** The closure of `oids` under "is made of": domain to base, array to element, range to subtype, row to fields. */
async function selectTypes(
  db: Queryable,
  oids: readonly number[],
): Promise<ReadonlyMap<number, TypeRow>> {
  const rows = await run<TypeRow>(
    db,
    sql`with recursive made_of as (
          select t.oid as whole, e.part, e.typmod, e.position
          from pg_type t
          cross join lateral (
            select t.typbasetype as part, t.typtypmod as typmod, 0 as position where t.typtype = 'd'
            union all
            select el.oid, -1, 0 from pg_type el where el.oid = t.typelem and el.typarray = t.oid
            union all
            select r.rngsubtype, -1, 0 from pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
            union all
            select a.atttypid, a.atttypmod, a.attnum from pg_attribute a
            where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
          ) e
        ),
        needed as (
          select unnest(${oids}::oid[]) as oid
          union
          select m.part from needed n join made_of m on m.whole = n.oid
        )
        select t.oid, n.nspname as schema, t.typname as name, t.typtype as kind,
               t.typbasetype as domain_base, t.typtypmod as domain_typmod,
               exists (select from pg_type el where el.oid = t.typelem and el.typarray = t.oid) as is_array,
               coalesce((select json_agg(json_build_object('oid', m.part::bigint, 'typmod', m.typmod) order by m.position)
                         from made_of m where m.whole = t.oid and t.typtype <> 'd'), '[]') as parts
        from needed join pg_type t using (oid) join pg_namespace n on n.oid = t.typnamespace`,
  );
  return new Map(rows.map((row) => [row.oid, row]));
}

function baseTypeOf(types: ReadonlyMap<number, TypeRow>, oid: number, typmod: number): BaseType {
  const type = types.get(oid);
  if (type === undefined) throw new RangeError(`type ${String(oid)} is not in pg_type`);
  if (type.kind === 'd') return baseTypeOf(types, type.domain_base, type.domain_typmod);
  return {
    oid,
    schema: type.schema,
    name: type.name,
    kind: type.kind,
    typmod,
    isArray: type.is_array,
    madeOf: type.parts.map((part) =>
      // The modifier of numeric(20,8)[] is the element's.
      baseTypeOf(types, part.oid, type.is_array ? typmod : part.typmod),
    ),
  };
}
