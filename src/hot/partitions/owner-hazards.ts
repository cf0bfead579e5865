/** A partition that is left to another role than its neighbours' would keep their owner from altering the table. */
import { type Refusal, unforceable } from '../../domain/plan/refusal.ts';
import { sqlName } from '../../domain/sql-name.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { type Queryable, runOne, sql } from '../sql.ts';

/** @param model the partition whose owner new ones are to have, or the table itself */
export async function findOwnerHazards(
  db: Queryable,
  made: TableRef,
  model: number,
): Promise<readonly Refusal[]> {
  const { owner, role, may_own, may_give } = await runOne<{
    readonly owner: string;
    readonly role: string;
    readonly may_own: boolean;
    readonly may_give: boolean;
  }>(
    db,
    sql`select o.rolname as owner, current_user::text as role,
               o.rolname = current_user or r.rolsuper
                 or coalesce(has_schema_privilege(o.oid, (select n.oid from pg_namespace n where n.nspname = ${made.schema}), 'create'), true) as may_own,
               o.rolname = current_user or r.rolsuper or current_setting('server_version_num')::int < 160000
                 or pg_has_role(o.oid, case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end) as may_give
        from pg_class c join pg_roles o on o.oid = c.relowner join pg_roles r on r.rolname = current_user
        where c.oid = ${model}::oid`,
  );
  const told = (why: string, hint: string): Refusal =>
    unforceable(
      'missing_privilege',
      `${formatTable(made)} is to belong to ${owner}, as its neighbours do, and ${why}`,
      hint,
    );
  const schema = sqlName(made.schema);
  return [
    ...(may_own
      ? []
      : [
          told(
            `${owner} may not make tables in the schema ${made.schema}`,
            `grant create on schema ${schema} to ${sqlName(owner)};`,
          ),
        ]),
    ...(may_give
      ? []
      : [
          told(
            `${role} may not give it to that role`,
            `grant ${sqlName(owner)} to ${sqlName(role)} with set true;`,
          ),
        ]),
  ];
}
