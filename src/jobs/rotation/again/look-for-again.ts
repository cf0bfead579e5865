/**
 * How many rows that are due have a key that the lake has already. Only slices that are in the lake
 * are looked into, and of these only the columns of the key, on both sides. Changes nothing (I7).
 */
import { join } from 'node:path';
import type pg from 'pg';
import type { Dataset } from '../../../domain/dataset.ts';
import type { MeasuredRegion, PlannedAgain } from '../../../domain/plan/plan.ts';
import { hasIdentity, type RowIdentity } from '../../../domain/plan/row-identity.ts';
import type { TableDescription } from '../../../domain/table.ts';
import type { TimeRange } from '../../../domain/time/time-range.ts';
import { exportRows } from '../../../hot/copy/copy-stream.ts';
import { type RowFilter, rowsWhere } from '../../../hot/measure/row-filter.ts';
import { quoteTable } from '../../../hot/quote.ts';
import { inlined } from '../../../hot/sql.ts';
import { makeUnlessThere, removeTree } from '../../../lake/directories.ts';
import { type KeySet, openKeySet } from '../../../lake/key-set.ts';
import { type LiveSlice, listLiveSlices } from '../../../ledger/replaced-slices.ts';
import { filterOf } from '../region-filter.ts';
import type { LocalRooms, PlanningRooms } from '../rooms.ts';

export interface AgainLook {
  readonly rooms: Pick<PlanningRooms, 'store'> & LocalRooms;
  readonly dataset: Dataset;
  readonly table: TableDescription;
  readonly identity: RowIdentity;
}

/** In the plan's snapshot. */
export async function lookForAgain(
  look: AgainLook,
  db: pg.Client,
  regions: readonly MeasuredRegion[],
): Promise<PlannedAgain> {
  let rows = 0;
  let slices = 0;
  for (const region of regions) {
    const filter = filterOf(look.dataset, region.lane);
    for (const { range } of region.slices) {
      const found = await countInSlice(look, db, range, filter);
      rows += found;
      slices += found > 0 ? 1 : 0;
    }
  }
  return { rows, slices };
}

async function countInSlice(
  look: AgainLook,
  db: pg.Client,
  range: TimeRange,
  filter: RowFilter | null,
): Promise<number> {
  const { dataset, identity } = look;
  const all = await listLiveSlices(
    db,
    dataset.name,
    micros(range.fromInclusive),
    micros(range.toExclusive) - 1n,
  );
  const cold = all.filter(({ columns }) => hasIdentity(columns, identity));
  if (cold.length === 0) return 0;
  const keys = await openKeySet(look.rooms.engine, identity);
  try {
    await takeKeys(look, db, keys, rangeWhere(look.table, range, filter));
    return await countCold(look, keys, cold, range);
  } finally {
    await keys.close();
  }
}

async function takeKeys(
  { dataset, table, identity }: AgainLook,
  db: pg.Client,
  keys: KeySet,
  where: string,
): Promise<void> {
  const list = identity.columns.map((column) => column.select).join(', ');
  await exportRows({
    client: db,
    dataset: dataset.name,
    sql: `select ${list} from ${quoteTable(table.ref)} where ${where}`,
    columns: identity.columns,
    onBatch: (batch) => {
      keys.append(batch);
      return undefined;
    },
    signal: new AbortController().signal,
  });
}

async function countCold(
  { rooms }: AgainLook,
  keys: KeySet,
  cold: readonly LiveSlice[],
  range: TimeRange,
): Promise<number> {
  const { fileSystem, store } = rooms;
  const near = cold
    .flatMap(({ segments }) => segments)
    .filter(
      ({ minTimeUs, maxTimeUs }) =>
        minTimeUs < micros(range.toExclusive) && maxTimeUs >= micros(range.fromInclusive),
    );
  const directory = join(rooms.tempDirectory, 'again');
  try {
    await makeUnlessThere(fileSystem, directory);
    let rows = 0;
    // One at a time: where the lake is not on this machine, it is a copy.
    for (const { key } of near) {
      rows += await keys.countIn([await store.readable(key, directory)]);
    }
    return rows;
  } finally {
    await removeTree(fileSystem, directory);
  }
}

function rangeWhere(table: TableDescription, range: TimeRange, filter: RowFilter | null): string {
  return inlined(rowsWhere(table.timeColumn, range, filter));
}

const micros = (ms: number): bigint => BigInt(ms) * 1000n;
