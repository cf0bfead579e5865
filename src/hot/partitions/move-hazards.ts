/** What a row's way out of the default partition would set off: there it is a DELETE. */
import { type Refusal, unforceable } from '../../domain/plan/refusal.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { findDeleteRules } from '../hazards/delete-rules.ts';
import { findDeleteTriggers } from '../hazards/delete-triggers.ts';
import { type Queryable, run, sql } from '../sql.ts';
import type { TableShape } from '../table/introspect.ts';
import type { DefaultPartition } from './range-partitions.ts';

const HINT = 'move these rows by hand: docs/partitions.md';

export async function findMoveHazards(
  db: Queryable,
  { oid, ref }: TableShape,
  fallback: DefaultPartition,
): Promise<readonly Refusal[]> {
  const both = [oid, fallback.oid];
  const triggers = await findDeleteTriggers(db, both);
  const rules = await findDeleteRules(db, both);
  const keys = await run<TableRef & { readonly key: string }>(
    db,
    sql`select k.conname as key, n.nspname as schema, c.relname as name
        from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
        where k.contype = 'f' and k.confrelid = any (${both}::oid[]) and k.conparentid = 0`,
  );
  const told = (what: string): Refusal =>
    unforceable(
      'default_rows_tied',
      `rows of the default partition ${formatTable(fallback.ref)} belong into a missing one of ${formatTable(ref)}, and to move them would set off ${what}`,
      HINT,
    );
  return [
    ...triggers.map(({ trigger, on }) => told(`trigger ${trigger} of ${formatTable(on)}`)),
    ...rules.map(({ rule, on }) => told(`rule ${rule} of ${formatTable(on)}`)),
    ...keys.map(({ key, ...on }) => told(`foreign key ${key} of ${formatTable(on)}`)),
  ];
}
