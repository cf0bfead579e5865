/** How many rows of which interval old slices have: from the ledger, or from their files where nobody has read them yet. */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import { ownColumn } from '../../domain/lake/own-column.ts';
import { type IntervalRows, sumByInterval } from '../../domain/plan/retention.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { countValues } from '../../lake/count-values.ts';
import type { ColdSliceSum } from '../../ledger/cold-slices.ts';
import { findLiveSlices, type LiveSlice } from '../../ledger/replaced-slices.ts';
import { keepSliceIntervals, type SliceIntervals } from '../../ledger/slice-intervals.ts';
import { eachFile } from '../each-file.ts';
import type { LocalRooms, LookingRooms } from '../rotation/rooms.ts';
import { slicesChanged } from '../slices-changed.ts';

export interface Counting {
  readonly dataset: Dataset;
  readonly intervalColumn: string;
  /** Of the table, as a segment would hold them. */
  readonly columns: readonly ColumnPlan[];
  /** Those that may have rows that are due. */
  readonly slices: readonly ColdSliceSum[];
  readonly known: readonly SliceIntervals[];
  /** Whether what is read is written down. */
  readonly keeps: boolean;
  readonly signal: AbortSignal;
}

/**
 * All rows of each slice by their interval, by the slice's id. Throws LAKE_UNREADABLE, OBJECT_MISSING,
 * SEGMENT_UNREADABLE, INTERRUPTED, MOVE_NOT_OURS: what was read until then is kept.
 */
export async function countIntervals(
  rooms: LookingRooms & LocalRooms,
  db: pg.Client,
  counting: Counting,
): Promise<ReadonlyMap<string, readonly IntervalRows[]>> {
  const { dataset, slices } = counting;
  const ownOf = await ownColumns(db, counting);
  const known = new Map(
    counting.known.map(({ sliceId, column, intervals }) => [`${sliceId} ${column}`, intervals]),
  );
  const counts = new Map<string, readonly IntervalRows[]>();
  for (const slice of slices) {
    const own = ownOf.get(slice.schema);
    const intervals =
      own === undefined
        ? [{ interval: null, rows: slice.rows }]
        : (known.get(`${slice.id} ${own.name}`) ??
          (await readOne(rooms, db, counting, slice, own)));
    assertAll(dataset.name, slice, intervals);
    counts.set(slice.id, intervals);
  }
  return counts;
}

/** The interval column as slices have it, by what they were written with. */
async function ownColumns(
  db: pg.Client,
  { dataset, intervalColumn, columns, slices }: Counting,
): Promise<ReadonlyMap<string, ColumnPlan | undefined>> {
  const examples = new Map(slices.map(({ schema, id }) => [schema, id]));
  const found = await findLiveSlices(db, dataset.name, [...examples.values()]);
  return new Map(
    [...examples].map(([schema, id]) => {
      const held = found.find((slice) => slice.id === id)?.columns ?? [];
      return [schema, ownColumn(intervalColumn, columns, held)];
    }),
  );
}

async function readOne(
  rooms: LookingRooms & LocalRooms,
  db: pg.Client,
  { dataset, keeps, signal }: Counting,
  { id, range }: ColdSliceSum,
  own: ColumnPlan,
): Promise<readonly IntervalRows[]> {
  const [slice] = await findLiveSlices(db, dataset.name, [id]);
  if (slice === undefined) throw slicesChanged(dataset.name, range, 'expire');
  const intervals = await readSlice(rooms, slice, own, signal);
  if (keeps) await keepSliceIntervals(db, { sliceId: id, column: own.name, intervals });
  return intervals;
}

async function readSlice(
  rooms: LookingRooms & LocalRooms,
  slice: LiveSlice,
  own: ColumnPlan,
  signal: AbortSignal,
): Promise<readonly IntervalRows[]> {
  const counts: IntervalRows[] = [];
  await eachFile(rooms, slice, signal, async (path) => {
    for (const { value, rows } of await countValues({ engine: rooms.engine, signal }, own, path)) {
      counts.push({ interval: value, rows });
    }
  });
  return sumByInterval(counts);
}

/** What is not known of every row is known of none. */
function assertAll(
  dataset: string,
  { range, rows }: ColdSliceSum,
  intervals: readonly IntervalRows[],
): void {
  const found = intervals.reduce((sum, one) => sum + one.rows, 0);
  if (found === rows) return;
  throw new TierdError({
    code: 'VERIFY_MISMATCH',
    message: `${dataset} ${formatRange(range)} should have ${String(rows)} rows in the lake, and ${String(found)} were counted by their interval. Nothing was changed.`,
    hint: `Run \`tierd scrub ${dataset}\`, which says whether its segments are sound.`,
  });
}
