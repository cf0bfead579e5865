/** A table's figures as cheaply as they can be had: a glance that may be taken twice a minute. */
import type { TableDescription } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { type Queryable, raw } from '../sql.ts';
import { hasTimeIndex } from '../table/time-index.ts';
import { countRows, edges, estimateRows, totalBytes } from './measure.ts';

export interface TableGlance {
  readonly rows: number;
  /** The planner's estimate: the last ANALYZE scaled to the table's present size. */
  readonly rowsAreEstimated: boolean;
  readonly bytes: number;
  /** Null when there is none, or when only a scan of a large table could tell. */
  readonly oldest: EpochMs | null;
  readonly newest: EpochMs | null;
}

/** Tables below it are counted: a few milliseconds. */
const COUNT_EXACTLY_BELOW = 50_000;

/** Takes no lock but ACCESS SHARE. Call it in a transaction that ends soon. */
export async function glanceAtTable(db: Queryable, table: TableDescription): Promise<TableGlance> {
  // Null where chunks are compressed: these are counted, batch by batch.
  const estimate = await estimateRows(db, table);
  const isSmall = estimate !== null && estimate < COUNT_EXACTLY_BELOW;
  const rows = isSmall || estimate === null ? await countRows(db, table, raw('true')) : estimate;
  const bytes = await totalBytes(db, table);
  const isIndexed = isSmall || (await hasTimeIndex(db, table));
  const { oldest, newest } = isIndexed ? await edges(db, table) : { oldest: null, newest: null };
  return { rows, rowsAreEstimated: !isSmall && estimate !== null, bytes, oldest, newest };
}
