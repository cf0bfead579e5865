import type { Refusal } from '../../domain/plan/refusal.ts';
import { sqlName } from '../../domain/sql-name.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { type Queryable, runOne, sql } from '../sql.ts';

/** What stands in the way of making a table of that name, which is not there. */
export async function findMakeHazards(db: Queryable, ref: TableRef): Promise<readonly Refusal[]> {
  const found = await runOne<{ readonly may_create: boolean | null; readonly role: string }>(
    db,
    sql`select has_schema_privilege(n.oid, 'create') and has_schema_privilege(n.oid, 'usage') as may_create,
               current_user as role
        from (select 1) one left join pg_namespace n on n.nspname = ${ref.schema}`,
  );
  const schema = sqlName(ref.schema);
  if (found.may_create === null) {
    return [
      {
        guard: 'missing_schema',
        message: `${formatTable(ref)} is not there and can't be made: there is no schema ${ref.schema} in this database`,
        hint: `create schema ${schema}; or name a table in another schema with --into`,
        forceable: false,
      },
    ];
  }
  if (found.may_create) return [];
  return [
    {
      guard: 'missing_privilege',
      message: `${formatTable(ref)} is not there, and ${found.role} may not make tables in the schema ${ref.schema}`,
      hint: `grant usage, create on schema ${schema} to ${sqlName(found.role)};`,
      forceable: false,
    },
  ];
}
