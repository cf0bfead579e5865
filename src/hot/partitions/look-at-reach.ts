import type pg from 'pg';
import type { Dataset, PartitionsSetting } from '../../domain/dataset.ts';
import { MOST_GLANCED, type PartitionsLook, tellShort } from '../../domain/plan/partition-plan.ts';
import { reachOf } from '../../domain/plan/partitions-ahead.ts';
import type { TableDescription } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { countAll } from './count-default.ts';
import { findRangePartitions } from './range-partitions.ts';

/** Null where they can't be made ahead: the job says why. Call it inside `inTransaction`. */
export async function lookAtReach(
  db: pg.ClientBase,
  table: Pick<TableDescription, 'ref' | 'oid' | 'timeColumn' | 'kind'>,
  dataset: Dataset,
  { aheadMs }: PartitionsSetting,
  now: EpochMs,
): Promise<PartitionsLook | null> {
  const found = await findRangePartitions(db, {
    ...table,
    isPartitioned: table.kind === 'partitioned',
  });
  if ('guard' in found) return null;
  const tableNow = tableClock(dataset, now);
  const reach = reachOf(
    found.partitions.map(({ range }) => range),
    tableNow,
  );
  const { fallback } = found;
  return {
    reach,
    short: tellShort(reach, tableNow, aheadMs),
    defaultRows: fallback === null ? 0 : await countAll(db, table, fallback, MOST_GLANCED),
  };
}
