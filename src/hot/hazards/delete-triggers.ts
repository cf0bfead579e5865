/** Triggers that a DELETE fires. */
import type { TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { firesHere } from '../table/fires.ts';

export interface DeleteTrigger {
  readonly trigger: string;
  readonly on: TableRef;
  /** It fires before each row, and can say that the row stays. */
  readonly mayKeepRows: boolean;
}

/** Bits of pg_trigger.tgtype: DELETE; BEFORE and ROW. */
const ON_DELETE = 8;
const BEFORE_ROW = 3;

/** Those that are enabled on one of these tables; PostgreSQL's and TimescaleDB's own left out. */
export async function findDeleteTriggers(
  db: Queryable,
  tables: readonly number[],
): Promise<readonly DeleteTrigger[]> {
  const found = await run<TableRef & { readonly trigger: string; readonly may_keep: boolean }>(
    db,
    sql`select t.tgname as trigger, t.tgtype & ${BEFORE_ROW} = ${BEFORE_ROW} as may_keep,
               n.nspname as schema, c.relname as name
        from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
        join pg_proc f on f.oid = t.tgfoid join pg_namespace fn on fn.oid = f.pronamespace
        where t.tgrelid = any (${tables}::oid[]) and t.tgtype & ${ON_DELETE} <> 0
          and not t.tgisinternal and t.tgparentid = 0 and ${firesHere('t.tgenabled')}
          and fn.nspname not like '\\_timescaledb\\_%'
        order by t.oid`,
  );
  return found.map((each) => ({
    trigger: each.trigger,
    on: { schema: each.schema, name: each.name },
    mayKeepRows: each.may_keep,
  }));
}
