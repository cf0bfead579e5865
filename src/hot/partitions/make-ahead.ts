/**
 * A partition that is not there yet. It is made beside the table and then attached, which keeps neither readers nor
 * writers of the table waiting, as PARTITION OF would. Rows of its time that went to the default partition move into it
 * in the same transaction.
 */
import type pg from 'pg';
import { countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { inShortAttempts, lockTables, type Patience } from '../locks.ts';
import { digestRows, EVERY_ROW } from '../measure/digest.ts';
import { timeBounds, timeLiteral } from '../measure/time-bounds.ts';
import { quoteTable } from '../quote.ts';
import { inlined, join, name, type Queryable, run, runOne, sql, tableName } from '../sql.ts';
import type { TableShape } from '../table/introspect.ts';
import { dressLike, storageLike } from './like-neighbour.ts';
import type { DefaultPartition } from './range-partitions.ts';

export interface AheadPartition {
  readonly ref: TableRef;
  readonly range: TimeRange;
}

export interface AheadOptions extends Patience {
  /** Of whose kind it is to be: the newest partition, or the table where there is none. */
  readonly modelOid: number;
  readonly fallback: DefaultPartition | null;
  /** More rows than that stay in the default partition: whoever reads the table waits while they move. */
  readonly mostRows: number;
}

/**
 * In the caller's transaction, which it should end soon.
 *
 * Where rows move, the table itself is locked first: a statement that came to wait for the default partition alone has
 * made its plan by then, and would read neither the place that the rows left nor the one that they came to.
 *
 * @returns the rows that moved
 * @throws TierdError LOCK_TIMEOUT, REFUSED with too many rows, DIGEST_MISMATCH, and what PostgreSQL objects with: the transaction is to be rolled back
 */
export async function makeAhead(
  client: pg.ClientBase,
  table: TableShape,
  one: AheadPartition,
  options: AheadOptions,
): Promise<bigint> {
  const { fallback } = options;
  let mayMove = fallback !== null && (await countWithin(client, table, fallback, one.range, 1)) > 0;
  for (;;) {
    const moved = await attempt(client, table, one, options, mayMove);
    if (moved !== 'rows came') return moved;
    mayMove = true;
  }
}

/** So many of the rows of that time that are in the default partition, and no more are counted than `most`. */
export async function countWithin(
  db: Queryable,
  { timeColumn }: TableShape,
  { ref }: DefaultPartition,
  range: TimeRange,
  most: number,
): Promise<number> {
  const { rows } = await runOne<{ readonly rows: number }>(
    db,
    sql`select count(*)::int as rows from (
          select from only ${tableName(ref)} where ${timeBounds(timeColumn, range)} limit ${most}) counted`,
  );
  return rows;
}

function attempt(
  client: pg.ClientBase,
  table: TableShape,
  one: AheadPartition,
  options: AheadOptions,
  mayMove: boolean,
): Promise<bigint | 'rows came'> {
  const { fallback, modelOid } = options;
  const tables = fallback === null ? [table.ref] : [table.ref, fallback.ref];
  const waiting = {
    ...options,
    tables,
    waitedFor: () => Promise.resolve(false),
    whenWaitedFor: 'give way',
  } as const;
  return inShortAttempts(client, waiting, async () => {
    await lockTables(
      client,
      [table.ref],
      mayMove ? 'access exclusive' : 'share update exclusive',
      'only',
    );
    // Its rows are looked through by ATTACH under the same lock.
    if (fallback !== null) {
      await lockTables(client, [fallback.ref], 'access exclusive', 'only');
      if (!mayMove && (await countWithin(client, table, fallback, one.range, 1)) > 0) {
        return 'rows came';
      }
    }
    const { create, end } = await storageLike(client, modelOid);
    await client.query(
      `${create} ${quoteTable(one.ref)} (like ${quoteTable(table.ref)} including all excluding indexes excluding identity excluding statistics excluding comments) ${end}`,
    );
    const moved = fallback !== null && mayMove ? await moveRows(client, table, one, options) : 0n;
    const [from, to] = [one.range.fromInclusive, one.range.toExclusive].map((at) =>
      inlined(timeLiteral(table.timeColumn, at, one.range)),
    );
    await client.query(
      `alter table ${quoteTable(table.ref)} attach partition ${quoteTable(one.ref)} for values from (${String(from)}) to (${String(to)})`,
    );
    await dressLike(client, one.ref, modelOid);
    return moved;
  });
}

/** Under the locks, before it is attached: no trigger of the table fires for rows that are already in it. */
async function moveRows(
  client: pg.ClientBase,
  table: TableShape,
  { ref, range }: AheadPartition,
  { fallback, mostRows }: AheadOptions,
): Promise<bigint> {
  if (fallback === null) return 0n;
  const where = timeBounds(table.timeColumn, range);
  const rows = await countWithin(client, table, fallback, range, mostRows + 1);
  if (rows > mostRows) throw tooMany(fallback, ref, mostRows);
  const before = await digestRows(client, table, fallback.ref, where, 'content');
  const columns = join(
    table.columns.filter(({ generated }) => !generated).map((column) => name(column.name)),
    ', ',
  );
  await run(
    client,
    sql`with gone as (delete from only ${tableName(fallback.ref)} where ${where} returning ${columns})
        insert into ${tableName(ref)} (${columns}) select ${columns} from gone`,
  );
  const after = await digestRows(client, table, ref, EVERY_ROW, 'content');
  const left = await countWithin(client, table, fallback, range, 1);
  if (after.rows === before.rows && after.sum === before.sum && left === 0) return after.rows;
  throw new TierdError({
    code: 'DIGEST_MISMATCH',
    message: `${countOf(before.rows, 'row')} of the default partition ${formatTable(fallback.ref)} did not come into ${formatTable(ref)} as they were (${after.rows.toString()} did): all of it was rolled back and every row is where it was`,
    hint: `look for a trigger or rule on ${formatTable(fallback.ref)} that keeps or changes rows`,
    context: { before: before.rows.toString(), after: after.rows.toString(), left },
  });
}

function tooMany({ ref }: DefaultPartition, made: TableRef, mostRows: number): TierdError {
  return new TierdError({
    code: 'REFUSED',
    message: `more than ${countOf(mostRows, 'row')} of the default partition ${formatTable(ref)} belong into ${formatTable(made)}, and nobody could read the table while they move; nothing was changed`,
    hint: 'move them by hand while nobody needs the table: docs/partitions.md',
    context: { guard: 'default_rows' },
  });
}
