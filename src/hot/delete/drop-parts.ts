/** Removing whole chunks or partitions, rows proven first. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { DroppedPartition } from '../../domain/plan/dropped-partition.ts';
import {
  formatTable,
  type Part,
  type TableDescription,
  type TableRef,
} from '../../domain/table.ts';
import { inShortAttempts, lockTables, UNWAITED } from '../locks.ts';
import { assertSameRows, type RowsDigest } from '../measure/digest.ts';
import { runOne, sql } from '../sql.ts';
import { findAttached } from '../table/partitions.ts';
import { isUndefinedTable, partsChanged } from '../table/parts-changed.ts';
import { digestParts, type PartsToDrop } from './digest-parts.ts';
import { dropLockedChunks, dropLockedPartitions, truncateLocked } from './drop-locked-parts.ts';

export interface DropOptions extends PartsToDrop {
  /**
   * `drop` removes the parts. `truncate`, for partitions only, leaves them empty: it locks nothing
   * but the partitions, and late rows still find their place.
   */
  readonly method: 'drop' | 'truncate';
}

export interface Dropped {
  readonly rows: RowsDigest;
  /** Parents first. */
  readonly partitions: readonly DroppedPartition[];
}

/**
 * Inside the caller's open READ COMMITTED transaction: locks the parts against writers, takes the
 * digest of every row in them, compares it with the export's and removes them (I1). Rows of the
 * range that lie in other partitions (a DEFAULT one) are deleted and are part of the digest.
 * Gives the digest of what was removed, and the partitions that are gone.
 *
 * Throws DIGEST_MISMATCH when the rows changed, PARTS_CHANGED when the parts are no longer those
 * planned, LOCK_TIMEOUT when others hold them too long; in each case roll back, nothing is lost.
 *
 * A session that waits to insert into a dropped chunk gets through after the commit, and into a
 * new chunk; so does one that waits for a partition, if there is a place for its row.
 */
export async function dropParts(
  client: pg.ClientBase,
  table: TableDescription,
  options: DropOptions,
): Promise<Dropped> {
  await requireReadCommitted(client);
  const parts = options.parts.map((part) => part.ref);
  await lockAgainstWriters(client, table, options, parts);
  await assertStillParts(client, table, options.parts);
  const found = await digestParts(client, table, options);
  assertSameRows(table.ref, options.exported, found);
  if (found.rows === 0n) throw emptyParts(parts);
  return { rows: found, partitions: await remove(client, table, options) };
}

async function remove(
  client: pg.ClientBase,
  table: TableDescription,
  options: DropOptions,
): Promise<readonly DroppedPartition[]> {
  if (table.kind === 'partitioned' && options.method === 'drop') {
    return dropLockedPartitions(client, table, options);
  }
  if (table.kind === 'hypertable') await dropLockedChunks(client, table, options);
  else await truncateLocked(client, options);
  // TimescaleDB makes chunks anew by itself.
  return [];
}

/**
 * A snapshot older than the locks would not see what was committed before they were granted, and
 * the drop would take it along unseen.
 */
async function requireReadCommitted(client: pg.ClientBase): Promise<void> {
  const { isolation } = await runOne<{ readonly isolation: string }>(
    client,
    sql`select current_setting('transaction_isolation') as isolation`,
  );
  if (isolation === 'read committed') return;
  throw new TierdError({
    code: 'INTERNAL',
    message: `parts can be dropped under read committed only, not ${isolation}; nothing was dropped`,
  });
}

/** SHARE lets readers read and waits for every writer; whoever comes to write waits for us. */
async function lockAgainstWriters(
  client: pg.ClientBase,
  table: TableDescription,
  options: DropOptions,
  parts: readonly TableRef[],
): Promise<void> {
  try {
    await inShortAttempts(
      client,
      // Nothing is held yet that anybody could wait for.
      { ...options, tables: parts, ...UNWAITED },
      () => lockTables(client, parts, 'share', 'only'),
    );
  } catch (error) {
    throw isUndefinedTable(error) ? partsChanged(table, parts, 'one of them is gone') : error;
  }
}

/**
 * A part that was detached, or replaced under its name, would be proven and then left behind: its rows
 * would be in the lake and in a table of their own. Our lock keeps each as it now is.
 */
async function assertStillParts(
  client: pg.ClientBase,
  table: TableDescription,
  parts: readonly Part[],
): Promise<void> {
  const attached = await findAttached(client, table.oid, parts);
  const gone = parts.filter(
    ({ oid, ref }) =>
      !attached.some((found) => found.oid === oid && formatTable(found) === formatTable(ref)),
  );
  if (gone.length === 0) return;
  throw partsChanged(
    table,
    gone.map(({ ref }) => ref),
    'they were detached, renamed or replaced since the plan was made',
  );
}

function emptyParts(parts: readonly TableRef[]): TierdError {
  return new TierdError({
    code: 'PART_READS_EMPTY',
    message: `${parts.map(formatTable).join(', ')} gave no rows although the plan counted some; nothing was dropped`,
    hint: 'look at it by hand with select count(*), and run again',
    context: { parts: parts.map(formatTable) },
  });
}
