/** The labels of a table's enums, with the numbers by which PostgreSQL knows them. */
import type { EnumLabel } from '../../domain/lake/enum-labels.ts';
import type { FieldColumn } from '../../domain/lake/field-ids.ts';
import { type Queryable, run, sql } from '../sql.ts';

/**
 * Of each column that is an enum, an array of one, or a domain over either: its labels in the order of the type.
 *
 * @param fields of the table as it is
 * @returns by the column's field id
 */
export async function readEnumLabels(
  db: Queryable,
  tableOid: number,
  fields: readonly Pick<FieldColumn, 'attnum' | 'fieldId'>[],
): Promise<ReadonlyMap<number, readonly EnumLabel[]>> {
  const rows = await run<{
    readonly attnum: number;
    readonly type_identity: string;
    readonly number: string;
    readonly label: string;
  }>(
    db,
    sql`with recursive behind (attnum, oid) as (
          select a.attnum, a.atttypid from pg_attribute a
          where a.attrelid = ${tableOid}::oid and a.attnum > 0 and not a.attisdropped
          union
          select b.attnum, case t.typtype when 'd' then t.typbasetype else t.typelem end
          from behind b join pg_type t on t.oid = b.oid
          where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)
        )
        select b.attnum, concat_ws('/', s.system_identifier, d.oid, b.oid) as type_identity,
               e.oid::int8 as number, e.enumlabel as label
        from behind b join pg_enum e on e.enumtypid = b.oid
          cross join pg_control_system() s join pg_database d on d.datname = current_database()
        order by b.attnum, e.enumsortorder`,
  );
  const ids = new Map(fields.map(({ attnum, fieldId }) => [attnum, fieldId]));
  const labels = new Map<number, EnumLabel[]>();
  for (const { attnum, type_identity: typeIdentity, number, label } of rows) {
    const id = ids.get(attnum);
    if (id === undefined) continue; // it was added since
    labels.set(id, [...(labels.get(id) ?? []), { typeIdentity, number: Number(number), label }]);
  }
  return labels;
}
