/** Tables that are cut by time, and the job that makes their partitions. */

import type { Dataset } from '../../src/domain/dataset.ts';
import type { PartitionOutcome } from '../../src/domain/plan/partition-plan.ts';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import type { PartitionRooms } from '../../src/jobs/partitioning/rooms.ts';
import { makePartitionsAhead } from '../../src/jobs/partitions.ts';
import type { TestDatabase } from './database.ts';
import { makeDataset } from './rotation.ts';

export function aheadDataset(table: string, changes: Partial<Dataset> = {}): Dataset {
  return makeDataset(table, { partitions: { every: null, aheadMs: 2 * DAY_MS }, ...changes });
}

export const makeAhead = (rooms: PartitionRooms, dataset: Dataset): Promise<PartitionOutcome> =>
  makePartitionsAhead(rooms, dataset, { evenIfPaused: false });

/** `name: bound`, oldest first. */
export async function boundsOf(database: TestDatabase, table: string): Promise<readonly string[]> {
  const { rows } = await database.query(
    `select c.relname || ': ' || pg_get_expr(c.relpartbound, 0) as told
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass order by c.relname`,
    [table],
  );
  return rows.map(({ told }: { told: string }) => told);
}
