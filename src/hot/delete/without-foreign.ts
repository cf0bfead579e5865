/**
 * What a DELETE of a hypertable has to name so that the rows of its foreign chunk, which are the lake's, are none of its business.
 * TimescaleDB 2.19 plans it into that chunk whatever `timescaledb.enable_tiered_reads` says; 2.29 doesn't.
 */
import type { TableDescription, TableRef } from '../../domain/table.ts';
import { rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { timeBounds } from '../measure/time-bounds.ts';
import { type Queryable, run, sql, tableName } from '../sql.ts';
import { listChunks } from '../table/chunks.ts';

/** Where rows are deleted from: the table, or one of its chunks. */
export interface Deletable {
  readonly ref: TableRef;
  /** Where its rows lie; null where that is not known. */
  readonly range: TimeRange | null;
}

/** @returns the table, or the chunks that may hold rows of the range. A chunk that is made later keeps its rows: they show nowhere */
export async function deletableOf(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
): Promise<readonly Deletable[]> {
  if (table.kind !== 'hypertable' || !(await reachesOut(db, table, range))) {
    return [{ ref: table.ref, range: null }];
  }
  const ranges = new Map(
    (await listChunks(db, table.ref, table.timeColumn)).map((chunk) => [chunk.oid, chunk.range]),
  );
  const chunks = await run<TableRef & { readonly oid: number }>(
    db,
    sql`select c.oid, n.nspname as schema, c.relname as name
        from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
        where i.inhparent = ${table.oid}::oid and c.relkind = 'r' order by c.oid`,
  );
  const all = chunks.map(({ oid, schema, name }) => ({
    ref: { schema, name },
    range: ranges.get(oid) ?? null,
  }));
  return within(all, range);
}

/** Those that may hold rows of the range. */
export function within(all: readonly Deletable[], range: TimeRange): readonly Deletable[] {
  return all.filter((one) => one.range === null || rangesOverlap(one.range, range));
}

/** To plan it is to lock what it would delete from, as deleting does. */
async function reachesOut(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
): Promise<boolean> {
  const foreign = await run(
    db,
    sql`select from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = ${table.oid}::oid and c.relkind = 'f'`,
  );
  if (foreign.length === 0) return false;
  const where = timeBounds(table.timeColumn, range);
  const plan = await run<Record<string, string>>(
    db,
    sql`explain delete from ${tableName(table.ref)} where ${where}`,
  );
  return plan.some((row) => Object.values(row).some((line) => line.includes('Foreign')));
}
