/** Foreign keys that PostgreSQL would not hold against what is written: rows would refer to nothing, and nobody be told. */
import type { Refusal } from '../../domain/plan/refusal.ts';
import { sqlTable } from '../../domain/sql-name.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { firesHere } from '../table/fires.ts';
import { ownTables } from '../table/own-tables.ts';

/** Bit of pg_trigger.tgtype: INSERT. */
const ON_INSERT = 4;

interface UncheckedKey extends TableRef {
  readonly key: string;
  readonly is_replica: boolean;
}

/** Of the table, its partitions and chunks, each key once. */
export async function findUncheckedKeys(db: Queryable, oid: number): Promise<readonly Refusal[]> {
  const found = await run<UncheckedKey>(
    db,
    sql`with recursive ${ownTables(oid)}
        select distinct on (k.conname) k.conname as key, n.nspname as schema, c.relname as name,
               current_setting('session_replication_role') = 'replica' as is_replica
        from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint
        join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
        where t.tgrelid in (select own.oid from own) and t.tgrelid = k.conrelid and k.contype = 'f'
          and t.tgtype & ${ON_INSERT} <> 0 and not (${firesHere('t.tgenabled')})
        order by k.conname, t.tgrelid`,
  );
  return found.map(({ key, is_replica: isReplica, ...ref }) => ({
    guard: 'unchecked_foreign_key',
    message: `foreign key ${key} of ${formatTable(ref)} would not be checked: ${
      isReplica ? 'session_replication_role is replica for this role' : 'its triggers are disabled'
    }`,
    hint: isReplica
      ? 'let tierd connect as a role without that setting (alter role … reset session_replication_role), or let the rows come unchecked with --force'
      : `alter table ${sqlTable(ref)} enable trigger all; or let the rows come unchecked with --force`,
    forceable: true,
  }));
}
