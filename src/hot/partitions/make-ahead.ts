/**
 * A partition that is not there yet. It is made beside the table and then attached, which keeps neither readers nor
 * writers of the table waiting, as PARTITION OF would. Rows of its time that went to the default partition move into it
 * in the same transaction.
 */
import type pg from 'pg';
import { countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import { MOST_DEFAULT_ROWS } from '../../domain/plan/partition-plan.ts';
import { throwIfRefused } from '../../domain/plan/refusal.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { inShortAttempts, lockTables, type Patience, UNWAITED } from '../locks.ts';
import { digestRows, EVERY_ROW } from '../measure/digest.ts';
import { timeBounds, timeLiteral } from '../measure/time-bounds.ts';
import { quoteTable } from '../quote.ts';
import { inlined, join, name, run, sql, tableName } from '../sql.ts';
import type { TableShape } from '../table/introspect.ts';
import { describeAsPlanned } from './as-planned.ts';
import { countWithin } from './count-default.ts';
import { dressLike, storageLike } from './like-neighbour.ts';
import { findMoveHazards, tooManyRows } from './move-hazards.ts';
import type { DefaultPartition } from './range-partitions.ts';

export interface AheadPartition {
  readonly ref: TableRef;
  readonly range: TimeRange;
}

export interface AheadOptions extends Patience {
  /** Of whose kind it is to be: the newest partition, or the table where there is none. */
  readonly modelOid: number;
  readonly fallback: DefaultPartition | null;
  /** Rows of its time were seen in the default partition. Those that come there meanwhile move as well. */
  readonly hasDefaultRows: boolean;
}

/** Rows came to the default partition after a look at it, and the locks that were taken are too weak to move them. */
class RowsCame extends Error {}

/**
 * In the caller's transaction, which it should end soon.
 *
 * Where rows move, the table itself is locked first: a statement that came to wait for the default partition alone has
 * made its plan by then, and would read neither the place that the rows left nor the one that they came to.
 *
 * @returns the rows that moved
 * @throws TierdError LOCK_TIMEOUT, PARTS_CHANGED, REFUSED for rows that are too many or tied, DIGEST_MISMATCH, and what PostgreSQL objects with: the transaction is to be rolled back
 */
export async function makeAhead(
  client: pg.ClientBase,
  table: TableShape,
  one: AheadPartition,
  options: AheadOptions,
): Promise<bigint> {
  const { fallback, hasDefaultRows } = options;
  if (fallback === null || !hasDefaultRows) {
    try {
      return await attempt(client, table, one, options, null);
    } catch (error) {
      // What it had locked was given back: to ask for more while holding it would be a deadlock with whoever waits for it.
      if (!(error instanceof RowsCame)) throw error;
    }
  }
  return attempt(client, table, one, options, fallback);
}

/** @param from out of which rows move; null where there are none */
function attempt(
  client: pg.ClientBase,
  planned: TableShape,
  one: AheadPartition,
  options: AheadOptions,
  from: DefaultPartition | null,
): Promise<bigint> {
  const { fallback, modelOid } = options;
  const { ref } = planned;
  const tables = fallback === null ? [ref] : [ref, fallback.ref];
  return inShortAttempts(client, { ...options, tables, ...UNWAITED }, async () => {
    await lockTables(
      client,
      [ref],
      from === null ? 'share update exclusive' : 'access exclusive',
      'only',
    );
    const table = await describeAsPlanned(client, planned, fallback, modelOid);
    // Its rows are looked through by ATTACH under the same lock.
    if (fallback !== null) {
      await lockTables(client, [fallback.ref], 'access exclusive', 'only');
      if (from === null && (await countWithin(client, table, fallback, one.range, 1)) > 0) {
        throw new RowsCame();
      }
    }
    const { create, end } = await storageLike(client, modelOid);
    await client.query(
      `${create} ${quoteTable(one.ref)} (like ${quoteTable(ref)} including all excluding indexes excluding identity excluding statistics excluding comments) ${end}`,
    );
    const moved = from === null ? 0n : await moveRows(client, table, one, from);
    const [lower, upper] = [one.range.fromInclusive, one.range.toExclusive].map((at) =>
      inlined(timeLiteral(table.timeColumn, at, one.range)),
    );
    await client.query(
      `alter table ${quoteTable(ref)} attach partition ${quoteTable(one.ref)} for values from (${String(lower)}) to (${String(upper)})`,
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
  fallback: DefaultPartition,
): Promise<bigint> {
  const where = timeBounds(table.timeColumn, range);
  const rows = await countWithin(client, table, fallback, range, MOST_DEFAULT_ROWS + 1);
  throwIfRefused(
    {
      dataset: formatTable(table.ref),
      what: `making ${formatTable(ref)}`,
      outcome: 'It was not made, and every row is where it was',
    },
    // What was planned may be long ago: the rows, or what is tied to them, may have come since.
    [
      ...(rows > MOST_DEFAULT_ROWS ? [tooManyRows(ref, fallback.ref)] : []),
      ...(rows > 0 ? await findMoveHazards(client, table, fallback) : []),
    ],
  );
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
