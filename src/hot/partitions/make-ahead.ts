/**
 * A partition that is not there yet. It is made beside the table and then attached, which keeps neither readers nor
 * writers of the table waiting, as PARTITION OF would. Rows of its time that went to the default partition move into it
 * in the same transaction.
 */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { TableRef } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { inShortAttempts, type LockMode, lockTables, type Patience, UNWAITED } from '../locks.ts';
import { timeLiteral } from '../measure/time-bounds.ts';
import { quoteTable } from '../quote.ts';
import { inlined } from '../sql.ts';
import type { TableShape } from '../table/introspect.ts';
import { asChanged, describeAsPlanned } from './as-planned.ts';
import { countWithin } from './count-default.ts';
import { dressLike, storageLike } from './like-neighbour.ts';
import { moveRows } from './move-rows.ts';
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
  client: pg.Client,
  table: TableShape,
  one: AheadPartition,
  options: AheadOptions,
): Promise<bigint> {
  try {
    return await makeUnder(client, table, one, options);
  } catch (error) {
    throw asChanged(error, table.ref, one.ref);
  }
}

async function makeUnder(
  client: pg.Client,
  table: TableShape,
  one: AheadPartition,
  options: AheadOptions,
): Promise<bigint> {
  const { fallback, hasDefaultRows, lockTimeoutMs } = options;
  if (fallback === null) return attempt(client, table, one, options, 'share update exclusive');
  if (!hasDefaultRows) {
    try {
      // An INSERT that came to wait for the default partition alone would be refused: its row belongs into another by then.
      const half = { ...options, lockTimeoutMs: Math.ceil(lockTimeoutMs / 2) };
      return await attempt(client, table, one, half, 'share row exclusive').catch(
        (error: unknown) => {
          // Somebody has written, and does not end: better that one is refused than that there is no partition.
          if (!(error instanceof TierdError && error.code === 'LOCK_TIMEOUT')) throw error;
          return attempt(client, table, one, half, 'share update exclusive');
        },
      );
    } catch (error) {
      // What it had locked was given back: to ask for more while holding it would be a deadlock with whoever waits for it.
      if (!(error instanceof RowsCame)) throw error;
    }
  }
  return attempt(client, table, one, options, 'access exclusive');
}

/** @param mode of the table itself: rows move under ACCESS EXCLUSIVE */
function attempt(
  client: pg.Client,
  planned: TableShape,
  one: AheadPartition,
  options: AheadOptions,
  mode: LockMode,
): Promise<bigint> {
  const { fallback, modelOid } = options;
  const { ref } = planned;
  const tables = fallback === null ? [ref] : [ref, fallback.ref];
  return inShortAttempts(client, { ...options, tables, ...UNWAITED }, async () => {
    await lockTables(client, [ref], mode, 'only');
    const table = await describeAsPlanned(client, planned, fallback, modelOid);
    // Its rows are looked through by ATTACH under the same lock.
    if (fallback !== null) {
      await lockTables(client, [fallback.ref], 'access exclusive', 'only');
      if (
        mode !== 'access exclusive' &&
        (await countWithin(client, table, fallback, one.range, 1)) > 0
      ) {
        throw new RowsCame();
      }
    }
    const { create, end } = await storageLike(client, modelOid);
    await client.query(
      `${create} ${quoteTable(one.ref)} (like ${quoteTable(ref)} including all excluding indexes excluding identity excluding statistics excluding comments) ${end}`,
    );
    const moved =
      fallback === null || mode !== 'access exclusive'
        ? 0n
        : await moveRows(client, table, one, fallback);
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
