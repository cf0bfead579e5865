/** The table as it is by now, where partitions were planned for it a while ago. */
import pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { runOne, sql } from '../sql.ts';
import { describeShape, type TableShape } from '../table/introspect.ts';
import type { DefaultPartition } from './range-partitions.ts';

/**
 * Its columns are read anew: what a column that came meanwhile holds has to move along. Call it while the table is
 * locked, in SHARE UPDATE EXCLUSIVE at least.
 *
 * @param model the partition whose kind the new one is to be, or the table itself
 * @throws TierdError PARTS_CHANGED where the table, its time column, its default partition or the model is another
 */
export async function describeAsPlanned(
  client: pg.ClientBase,
  planned: TableShape,
  fallback: DefaultPartition | null,
  model: number,
): Promise<TableShape> {
  const { ref, oid, timeColumn } = planned;
  const table = await describeShape(client, ref, timeColumn.name, timeColumn.unit);
  if (table.oid !== oid || table.timeColumn.kind !== timeColumn.kind || !table.isPartitioned) {
    throw changed(ref, `${formatTable(ref)} is not the table that it was`);
  }
  const now = await runOne<TableRef & { readonly oid: number; readonly has_model: boolean }>(
    client,
    sql`select p.partdefid as oid, coalesce(n.nspname, '') as schema, coalesce(c.relname, '') as name,
               ${model}::oid = p.partrelid
                 or exists (select from pg_inherits where inhparent = p.partrelid and inhrelid = ${model}::oid) as has_model
        from pg_partitioned_table p left join pg_class c on c.oid = p.partdefid left join pg_namespace n on n.oid = c.relnamespace
        where p.partrelid = ${oid}::oid`,
  );
  const isSameDefault =
    now.oid === (fallback?.oid ?? 0) &&
    (fallback === null || formatTable(now) === formatTable(fallback.ref));
  if (!isSameDefault)
    throw changed(
      ref,
      `its default partition is ${now.oid === 0 ? 'gone' : `${formatTable(now)} by now`}`,
    );
  if (!now.has_model) throw changed(ref, 'the partition whose kind a new one is to be is gone');
  return table;
}

const TAKEN: ReadonlySet<string> = new Set(['42P07', '42P17']);

/** What was thrown, or PARTS_CHANGED where somebody else has made a partition of that name or time since the look. */
export function asChanged(error: unknown, table: TableRef, made: TableRef): unknown {
  if (!(error instanceof pg.DatabaseError && TAKEN.has(error.code ?? ''))) return error;
  return changed(table, `${formatTable(made)} was to be made, and ${error.message}`);
}

function changed(ref: TableRef, what: string): TierdError {
  return new TierdError({
    code: 'PARTS_CHANGED',
    message: `the partitions of ${formatTable(ref)} are not those that were looked at: ${what}; nothing was changed`,
    hint: 'run again: the plan is made anew from what is there',
    context: { table: formatTable(ref) },
  });
}
