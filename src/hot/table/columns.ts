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
  readonly folds_texts: boolean;
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
    ...(column.folds_texts ? { foldsTexts: true } : {}),
  }));
}

function selectColumns(db: Queryable, tableOid: number): Promise<readonly ColumnRow[]> {
  return run<ColumnRow>(
    db,
    sql`select a.attname as name, format_type(a.atttypid, a.atttypmod) as type_name,
               a.atttypid as type_oid, a.atttypmod as typmod, a.attnotnull as not_null,
               a.attgenerated <> '' as generated,
               not coalesce(c.collisdeterministic, true) as folds_texts
        from pg_attribute a left join pg_collation c on c.oid = a.attcollation
        where a.attrelid = ${tableOid}::oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
}

/** The closure of `oids` under "is made of": domain to base, array to element, range to subtype, row to fields. */
async function selectTypes(
  db: Queryable,
  oids: readonly number[],
): Promise<ReadonlyMap<number, TypeRow>> {
  const types = new Map<number, TypeRow>();
  let missing: readonly number[] = [...new Set(oids)];
  // Level by level: for most tables there is one. All levels as one recursive statement are so dear by
  // PostgreSQL's estimate that it compiles it first, for longer than most questions take.
  while (missing.length > 0) {
    const found = await selectLevel(db, missing);
    for (const type of found) types.set(type.oid, type);
    const parts = found.flatMap((type) => [
      ...type.parts.map(({ oid }) => oid),
      ...(type.kind === 'd' ? [type.domain_base] : []),
    ]);
    missing = [...new Set(parts)].filter((oid) => !types.has(oid));
  }
  return types;
}

/** Of a type that is gone meanwhile there is no row. */
function selectLevel(db: Queryable, oids: readonly number[]): Promise<readonly TypeRow[]> {
  return run<TypeRow>(
    db,
    sql`select t.oid, n.nspname as schema, t.typname as name, t.typtype as kind,
               t.typbasetype as domain_base, t.typtypmod as domain_typmod,
               exists (select from pg_type el where el.oid = t.typelem and el.typarray = t.oid) as is_array,
               coalesce((
                 select json_agg(json_build_object('oid', e.part::bigint, 'typmod', e.typmod) order by e.position)
                 from (
                   select el.oid as part, -1 as typmod, 0 as position
                   from pg_type el where el.oid = t.typelem and el.typarray = t.oid
                   union all
                   select r.rngsubtype, -1, 0 from pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
                   union all
                   select a.atttypid, a.atttypmod, a.attnum from pg_attribute a
                   where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
                 ) e
                 where t.typtype <> 'd'
               ), '[]') as parts
        from pg_type t join pg_namespace n on n.oid = t.typnamespace
        where t.oid = any(${oids}::oid[])`,
  );
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
