/** How chunks and partitions go whose rows are proven, with as few others held up as can be. */
import type pg from 'pg';
import type { DroppedPartition } from '../../domain/plan/dropped-partition.ts';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';
import { givingWay, inShortAttempts, lockTables, UNWAITED } from '../locks.ts';
import { join, type Queryable, run, sql, tableName } from '../sql.ts';
import { dropChunks } from '../table/chunks.ts';
import { describeDefinitions } from '../table/partition-definitions.ts';
import { nodesToDrop, type PartitionNode } from '../table/partitions.ts';
import { partsChanged } from '../table/parts-changed.ts';
import type { PartsToDrop } from './digest-parts.ts';

/**
 * First the readers of the chunks are waited out, which stops no writer of new rows. Then the parent,
 * so that an insert that was on its way looks for its chunk after the drop, not before; then the chunks.
 * Never the parent with the chunks in hand: a writer may hold the parent and come to read them.
 */
export async function dropLockedChunks(
  client: pg.ClientBase,
  table: TableDescription,
  options: PartsToDrop,
): Promise<void> {
  const parts = options.parts.map((part) => part.ref);
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

/**
 * PostgreSQL locks the parent against readers too, for as long as it takes to unlink a partition.
 *
 * @returns what is gone, so that it can be made again
 */
export async function dropLockedPartitions(
  client: pg.ClientBase,
  table: TableDescription,
  options: PartsToDrop,
): Promise<readonly DroppedPartition[]> {
  const parts = options.parts.map((part) => part.ref);
  const planned = new Set(options.parts.map((part) => part.oid));
  const nodes = await nodesToDrop(client, table.oid, planned);
  const parents = uniqueParents(nodes);
  const referring = await referringTo(client, nodes);
  const involved = [...parents, ...parts, ...(await referredTo(client, table.oid)), ...referring];
  // Before readers are held up.
  const definitions = await describeDefinitions(client, table, nodes);
  await inShortAttempts(client, givingWay(client, options, parts, involved), async () => {
    await lockTables(client, parents, 'access exclusive', 'only');
    const names = nodes.map((node) => tableName(node.ref));
    if (referring.length > 0) await detach(client, nodes);
    await run(client, sql`drop table ${join(names, ', ')}`);
  });
  return definitions;
}

/** PostgreSQL drops no partition of a table that is referred to; once detached it does, if no row in it is. */
async function detach(client: pg.ClientBase, nodes: readonly PartitionNode[]): Promise<void> {
  for (const { parent, ref } of nodes) {
    await run(client, sql`alter table ${tableName(parent)} detach partition ${tableName(ref)}`);
  }
}

/** Leaves the partitions, empty. */
export async function truncateLocked(client: pg.ClientBase, options: PartsToDrop): Promise<void> {
  const parts = options.parts.map((part) => part.ref);
  // A writer that waits gets through afterwards: the partition is still there.
  await inShortAttempts(client, { ...options, ...UNWAITED, tables: parts }, async () => {
    await run(client, sql`truncate table only ${join(parts.map(tableName), ', ')}`);
  });
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
