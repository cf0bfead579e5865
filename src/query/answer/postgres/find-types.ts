/** Types that are not built in, as the hot store knows them; and what is behind its domains. */
import type pg from 'pg';
import type { PostgresType } from './postgres-type.ts';

/** By what `format_type` says: those that there are. */
type FindTypes = (names: readonly string[]) => Promise<ReadonlyMap<string, PostgresType>>;

/** A column as the client is told of it. */
export interface DescribedColumn {
  /** Null: as the engine calls it. */
  readonly name: string | null;
  /** Null of an expression, and of a type that is no more. */
  readonly type: PostgresType | null;
}

/** A client is told of a domain as of what is behind it. */
const FIND = `
  with recursive behind (name, oid, modifier) as (
    select name, to_regtype(name)::oid, -1 from unnest($1::text[]) as name
    union all
    select behind.name, pg_type.typbasetype, pg_type.typtypmod
    from behind join pg_type on pg_type.oid = behind.oid and pg_type.typtype = 'd'
  )
  select behind.name, pg_type.oid::int8 as oid, pg_type.typlen::int as size, behind.modifier,
         format_type(pg_type.oid, null) as type, pg_type.typtype = 'e' as is_enum, element.oid::int8 as element_oid,
         element.typlen::int as element_size, format_type(element.oid, null) as element, element.typtype = 'e' as of_enum
  from behind join pg_type on pg_type.oid = behind.oid
    left join pg_type element on element.oid = pg_type.typelem and pg_type.typcategory = 'A'
  where pg_type.typtype <> 'd'`;

export function findTypesIn(db: pg.Client): FindTypes {
  return async (names) => {
    const { rows } = await db.query<{
      name: string;
      oid: string;
      size: number;
      modifier: number;
      type: string;
      is_enum: boolean;
      element_oid: string | null;
      element_size: number;
      element: string;
      of_enum: boolean;
    }>(FIND, [names]);
    return new Map(
      rows.map((row) => {
        const { name, oid, size, modifier, type, is_enum: isEnum, element_oid: elementOid } = row;
        const found = typeOf({ name: type, oid, size, isEnum }, modifier);
        if (elementOid === null) return [name, found];
        const { element_size: elementSize, of_enum: ofEnum, element: elementName } = row;
        const element = { name: elementName, oid: elementOid, size: elementSize, isEnum: ofEnum };
        return [name, { ...found, element: typeOf(element, -1) }];
      }),
    );
  };
}

function typeOf(
  found: Pick<PostgresType, 'name' | 'size'> & { readonly oid: string; readonly isEnum: boolean },
  modifier: number,
): PostgresType {
  const { name, oid, size, isEnum } = found;
  return { name, oid: Number(oid), size, modifier, ...(isEnum ? { isEnum: true as const } : {}) };
}
