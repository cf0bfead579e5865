/** Removing whole chunks or partitions, rows proven first. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { sqlTable } from '../../domain/sql-name.ts';
import {
  formatTable,
  type Part,
  type TableDescription,
  type TableRef,
} from '../../domain/table.ts';
import { rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { inShortAttempts, lockTables, type Patience, type Waiting, writersWait } from '../locks.ts';
import {
  assertSameRows,
  deleteAndDigest,
  digestRows,
  EVERY_ROW,
  fingerprintColumns,
  type RowsDigest,
} from '../measure/digest.ts';
import { rowsWhere } from '../measure/row-filter.ts';
import { join, type Queryable, run, runOne, sql, tableName } from '../sql.ts';
import { dropChunks, listChunks } from '../table/chunks.ts';
import {
  findAttached,
  leavesBeside,
  nodesToDrop,
  type PartitionNode,
} from '../table/partitions.ts';
import { isUndefinedTable, partsChanged } from '../table/parts-changed.ts';
import { countStoredRows } from '../timescale/compressed-chunks.ts';

export interface DropOptions extends Patience {
  /** All of the time that `parts` cover. */
  readonly range: TimeRange;
  readonly parts: readonly Part[];
  /** What was exported of `range`. */
  readonly exported: RowsDigest;
  /**
   * `drop` removes the parts. `truncate`, for partitions only, leaves them empty: it locks nothing
   * but the partitions, and late rows still find their place.
   */
  readonly method: 'drop' | 'truncate';
}

/**
 * Inside the caller's open READ COMMITTED transaction: locks the parts against writers, takes the
 * digest of every row in them, compares it with the export's and removes them (I1). Rows of the
 * range that lie in other partitions (a DEFAULT one) are deleted and are part of the digest.
 * Gives the digest of what was removed.
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
): Promise<RowsDigest> {
  await requireReadCommitted(client);
  const parts = options.parts.map((part) => part.ref);
  await lockAgainstWriters(client, table, options, parts);
  await assertStillParts(client, table, options.parts);
  const found = await digestEverything(client, table, options);
  assertSameRows(table.ref, options.exported, found);
  if (found.rows === 0n) throw emptyParts(parts);
  if (table.kind === 'hypertable') await dropLockedChunks(client, table, options, parts);
  else if (options.method === 'truncate') await truncateLocked(client, options, parts);
  else await dropLockedPartitions(client, table, options, parts);
  return found;
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
      {
        ...options,
        tables: parts,
        waitedFor: () => Promise.resolve(false),
        whenWaitedFor: 'give way',
      },
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

async function digestEverything(
  client: pg.ClientBase,
  table: TableDescription,
  options: DropOptions,
): Promise<RowsDigest> {
  const { mode } = options.exported;
  let rows = 0n;
  let sum = 0n;
  for (const part of options.parts) {
    // All of its rows, not those of the range: all of them will go.
    const inPart = await digestRows(client, table, part.ref, EVERY_ROW, mode);
    if (mode === 'content') await assertReadsWhole(client, part, inPart.rows);
    rows += inPart.rows;
    sum += inPart.sum;
  }
  const refs = options.parts.map((part) => part.ref);
  for (const leaf of await othersInRange(client, table, options)) {
    const where = rowsWhere(table.timeColumn, options.range, null);
    // Whoever holds it, or a row in it, may come to wait for the parts that are locked by now.
    const beside = await inShortAttempts(client, givingWay(client, options, refs, [leaf]), () =>
      deleteAndDigest(client, table, leaf, where, mode),
    );
    rows += beside.rows;
    sum += beside.sum;
  }
  return { mode, rows, sum, columns: await fingerprintColumns(client, table) };
}

/** Rows of a compressed chunk that no query sees were not exported, and must not be dropped. */
async function assertReadsWhole(client: pg.ClientBase, part: Part, read: bigint): Promise<void> {
  const stored = await countStoredRows(client, part);
  if (stored === null || stored === read) return;
  throw new TierdError({
    code: 'PART_READS_SHORT',
    message: `${formatTable(part.ref)} is compressed and gives ${read.toString()} rows when read, but holds ${stored.toString()}; nothing was dropped`,
    hint: `compare select count(*) from ${sqlTable(part.ref)} before and after decompress_chunk(), and update TimescaleDB`,
    context: { part: formatTable(part.ref), read: read.toString(), stored: stored.toString() },
  });
}

/** Where else rows of the range may lie. A chunk that nobody planned for is a reason to stop. */
async function othersInRange(
  client: pg.ClientBase,
  table: TableDescription,
  { parts, range }: DropOptions,
): Promise<readonly TableRef[]> {
  const planned = new Set(parts.map((part) => part.oid));
  if (table.kind === 'partitioned') {
    return leavesBeside(client, table.oid, table.timeColumn, [range], planned);
  }
  const chunks = await listChunks(client, table.ref, table.timeColumn);
  const more = chunks.filter(
    (chunk) => rangesOverlap(chunk.range, range) && !planned.has(chunk.oid),
  );
  if (more.length === 0) return [];
  throw partsChanged(
    table,
    more.map((chunk) => chunk.ref),
    'they appeared since the plan was made',
  );
}

/**
 * First the readers of the chunks are waited out, which stops no writer of new rows. Then the parent,
 * so that an insert that was on its way looks for its chunk after the drop, not before; then the chunks.
 * Never the parent with the chunks in hand: a writer may hold the parent and come to read them.
 */
async function dropLockedChunks(
  client: pg.ClientBase,
  table: TableDescription,
  options: DropOptions,
  parts: readonly TableRef[],
): Promise<void> {
  const involved = [table.ref, ...parts, ...(await referredTo(client, table.oid))];
  const dropped = await inShortAttempts(
    client,
    givingWay(client, options, parts, involved),
    async () => {
      await client.query('savepoint tierd_readers');
      await lockTables(client, parts, 'access exclusive', 'only');
      await client.query('rollback to savepoint tierd_readers; release savepoint tierd_readers');
      await lockTables(client, [table.ref], 'share', 'only');
      await lockTables(client, parts, 'access exclusive', 'only');
      return dropChunks(client, table, options.range);
    },
  );
  const planned = parts.map(formatTable).sort();
  if (planned.join() === dropped.map(formatTable).sort().join()) return;
  throw partsChanged(table, dropped, `the drop took them instead of ${planned.join(', ')}`);
}

/** PostgreSQL locks the parent against readers too, for as long as it takes to unlink a partition. */
async function dropLockedPartitions(
  client: pg.ClientBase,
  table: TableDescription,
  options: DropOptions,
  parts: readonly TableRef[],
): Promise<void> {
  const planned = new Set(options.parts.map((part) => part.oid));
  const nodes = await nodesToDrop(client, table.oid, planned);
  const parents = uniqueParents(nodes);
  const referring = await referringTo(client, nodes);
  const involved = [...parents, ...parts, ...(await referredTo(client, table.oid)), ...referring];
  await inShortAttempts(client, givingWay(client, options, parts, involved), async () => {
    await lockTables(client, parents, 'access exclusive', 'only');
    const names = nodes.map((node) => tableName(node.ref));
    if (referring.length > 0) await detach(client, nodes);
    await run(client, sql`drop table ${join(names, ', ')}`);
  });
}

/** PostgreSQL drops no partition of a table that is referred to; once detached it does, if no row in it is. */
async function detach(client: pg.ClientBase, nodes: readonly PartitionNode[]): Promise<void> {
  for (const { parent, ref } of nodes) {
    await run(client, sql`alter table ${tableName(parent)} detach partition ${tableName(ref)}`);
  }
}

async function truncateLocked(
  client: pg.ClientBase,
  options: DropOptions,
  parts: readonly TableRef[],
): Promise<void> {
  // A writer that waits gets through afterwards: the partition is still there.
  const waiting = { waitedFor: () => Promise.resolve(false), whenWaitedFor: 'give way' } as const;
  await inShortAttempts(client, { ...options, ...waiting, tables: parts }, async () => {
    await run(client, sql`truncate table only ${join(parts.map(tableName), ', ')}`);
  });
}

/** A writer that waits for one of the parts holds the parent, which the drop needs. */
function givingWay(
  client: pg.ClientBase,
  patience: Patience,
  parts: readonly TableRef[],
  tables: readonly TableRef[],
): Waiting {
  const waitedFor = (): Promise<boolean> => writersWait(client, parts);
  return { ...patience, tables, waitedFor, whenWaitedFor: 'give way' };
}

/** Tables that this one's foreign keys refer to: dropping a part takes locks on them too. */
function referredTo(db: Queryable, oid: number): Promise<readonly TableRef[]> {
  return run<TableRef>(
    db,
    sql`select distinct n.nspname as schema, c.relname as name
        from pg_constraint k join pg_class c on c.oid = k.confrelid join pg_namespace n on n.oid = c.relnamespace
        where k.contype = 'f' and k.conrelid = ${oid}::oid`,
  );
}

/** Tables whose foreign keys refer to the partitions because they refer to what these are a part of. */
function referringTo(db: Queryable, nodes: readonly PartitionNode[]): Promise<readonly TableRef[]> {
  return run<TableRef>(
    db,
    sql`select distinct n.nspname as schema, c.relname as name
        from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
        where k.contype = 'f' and k.conparentid <> 0 and k.confrelid = any (${nodes.map(({ oid }) => oid)}::oid[])`,
  );
}

function uniqueParents(nodes: readonly PartitionNode[]): readonly TableRef[] {
  return [...new Map(nodes.map((node) => [formatTable(node.parent), node.parent])).values()];
}

function emptyParts(parts: readonly TableRef[]): TierdError {
  return new TierdError({
    code: 'PART_READS_EMPTY',
    message: `${parts.map(formatTable).join(', ')} gave no rows although the plan counted some; nothing was dropped`,
    hint: 'look at it by hand with select count(*), and run again',
    context: { parts: parts.map(formatTable) },
  });
}
