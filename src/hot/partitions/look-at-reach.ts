import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { type PartitionsLook, tellShort } from '../../domain/plan/partition-plan.ts';
import { reachOf } from '../../domain/plan/partitions-ahead.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { SLICEABLE } from '../measure/time-bounds.ts';
import { describeShape } from '../table/introspect.ts';
import { countWithin } from './make-ahead.ts';
import { findRangePartitions } from './range-partitions.ts';

/** A glance counts no more. */
const MOST_COUNTED = 1_000;

/** Null where they are not made ahead, or can't be: the job says why. Call it inside `inTransaction`. */
export async function lookAtReach(
  db: pg.ClientBase,
  dataset: Dataset,
  now: EpochMs,
): Promise<PartitionsLook | null> {
  if (dataset.partitions === undefined) return null;
  const table = await describeShape(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
  const found = await findRangePartitions(db, table);
  if ('guard' in found) return null;
  const tableNow = tableClock(dataset, now);
  const reach = reachOf(
    found.partitions.map(({ range }) => range),
    tableNow,
  );
  const { fallback } = found;
  return {
    reach,
    short: tellShort(reach, tableNow, dataset.partitions.aheadMs),
    defaultRows:
      fallback === null ? 0 : await countWithin(db, table, fallback, SLICEABLE, MOST_COUNTED),
  };
}
