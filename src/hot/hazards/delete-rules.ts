/** Rules that make something else of a DELETE. */
import type { TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { firesHere } from '../table/fires.ts';

export interface DeleteRule {
  readonly rule: string;
  readonly oid: number;
  readonly on: TableRef;
}

/** pg_rewrite.ev_type's letter for DELETE. */
const RULE_ON_DELETE = '4';

/** Enabled ones of these tables. */
export async function findDeleteRules(
  db: Queryable,
  oids: readonly number[],
): Promise<readonly DeleteRule[]> {
  const found = await run<TableRef & { readonly rule: string; readonly oid: number }>(
    db,
    sql`select r.rulename as rule, c.oid, n.nspname as schema, c.relname as name
        from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
        where r.ev_class = any (${oids}::oid[]) and r.ev_type = ${RULE_ON_DELETE} and ${firesHere('r.ev_enabled')}
        order by r.oid`,
  );
  return found.map(({ rule, oid, schema, name }) => ({ rule, oid, on: { schema, name } }));
}
