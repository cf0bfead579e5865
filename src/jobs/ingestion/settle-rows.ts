/** Staged rows held against each other, PostgreSQL and the lake: afterwards each has one place to go, or is told of. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { IngestConflicts, IngestedSlice } from '../../domain/plan/ingest.ts';
import type { SliceFacts } from '../../domain/plan/plan.ts';
import { hasIdentity, type RowIdentity } from '../../domain/plan/row-identity.ts';
import { spanOf } from '../../domain/time/range-sets.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { measureSlices } from '../../hot/measure/measure.ts';
import { SLICEABLE } from '../../hot/measure/time-bounds.ts';
import { inTransaction } from '../../hot/transaction.ts';
import {
  type KeyOfRows,
  type MetCold,
  settleCold,
  settleHot,
  settleRepeated,
  takeKnown,
} from '../../hot/write/ingest-conflicts.ts';
import { analyseStaged, COLD, HOT, STAGED } from '../../hot/write/ingest-tables.ts';
import { makeUnlessThere, removeTree } from '../../lake/directories.ts';
import { writeKnown } from '../../lake/known-keys.ts';
import { type LiveSlice, listLiveSlices } from '../../ledger/replaced-slices.ts';
import { whyIncomparable } from '../correction/incomparable.ts';
import { stopIfAborted } from '../job-failure.ts';
import { exportSlice } from '../rotation/move/export-slice.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import { limitsOf, type Staging } from './stage-files.ts';

export interface Settled {
  readonly slices: readonly IngestedSlice[];
  readonly conflicts: IngestConflicts;
  readonly repeatedInLake: number;
  readonly incomparable: string | null;
}

const NO_MET: MetCold = { known: 0, differing: 0, examples: [], repeated: 0 };
const MOST_NAMED = 5;

export async function settleRows(
  rooms: JobRooms,
  run: RunContext,
  staging: Staging,
): Promise<Settled> {
  const { db, known, request } = staging;
  const { key, identity, table, dataset } = known;
  let [repeated, hot, cold] = [NO_MET, NO_MET, NO_MET];
  let incomparable: string | null = null;
  const before = await slicesOf(rooms, staging, STAGED);
  if (key !== null && identity !== null && before.length > 0) {
    const within = spanOf(before.map(({ range }) => range));
    // A key of the lake has the time as well: so two rows that share it are of one slice.
    const keyInLake = { columns: identity.columns.map(({ name }) => name), nulls: key.nulls };
    [repeated, hot] = await settling(rooms, staging, async () => {
      const again = await settleRepeated(db, keyInLake, table, request.onConflict);
      const met = await settleHot(db, key, table, within, request.onConflict);
      await analyseStaged(db);
      return [
        { ...again, repeated: 0 },
        { ...met, repeated: 0 },
      ];
    });
    for (const slice of before) {
      stopIfAborted(rooms.signal);
      cold = added(cold, await settleInLake(rooms, run, staging, identity, keyInLake, slice));
    }
    incomparable = await whyIncomparable(
      db,
      dataset.name,
      identity,
      before.map(({ range }) => range),
    );
  }
  const examples = [repeated, hot, cold].flatMap((met) => met.examples);
  return {
    slices: await placed(rooms, staging),
    conflicts: {
      known: repeated.known + hot.known + cold.known,
      repeated: repeated.differing,
      hot: hot.differing,
      cold: cold.differing,
      examples: examples.slice(0, MOST_NAMED),
    },
    repeatedInLake: request.onConflict === 'replace' ? cold.repeated : 0,
    incomparable,
  };
}

function added(a: MetCold, b: MetCold): MetCold {
  return {
    known: a.known + b.known,
    differing: a.differing + b.differing,
    repeated: a.repeated + b.repeated,
    examples: [...a.examples, ...b.examples],
  };
}

function settling<Result>(
  rooms: JobRooms,
  { db, known }: Staging,
  work: () => Promise<Result>,
): Promise<Result> {
  const doing = `comparing files with ${known.dataset.name}`;
  const limits = limitsOf(rooms);
  return inTransaction(db, { doing, isolation: 'read committed', readOnly: false, limits }, work);
}

function slicesOf(
  rooms: JobRooms,
  { db, known: { table, dataset } }: Staging,
  ref: typeof STAGED,
): Promise<readonly SliceFacts[]> {
  const doing = `counting rows of files for ${dataset.name}`;
  return inTransaction(
    db,
    { doing, isolation: 'read committed', readOnly: true, limits: limitsOf(rooms) },
    () => measureSlices(db, { ...table, ref }, SLICEABLE, dataset.slice, null),
  );
}

async function placed(rooms: JobRooms, staging: Staging): Promise<readonly IngestedSlice[]> {
  const slices = new Map<number, IngestedSlice>();
  for (const { range, rows } of await slicesOf(rooms, staging, COLD)) {
    slices.set(range.fromInclusive, { range, cold: rows, hot: 0 });
  }
  for (const { range, rows } of await slicesOf(rooms, staging, HOT)) {
    const cold = slices.get(range.fromInclusive)?.cold ?? 0;
    slices.set(range.fromInclusive, { range, cold, hot: rows });
  }
  return [...slices.values()].toSorted((a, b) => a.range.fromInclusive - b.range.fromInclusive);
}

/** Only slices that the lake has anything of are looked into. */
async function settleInLake(
  rooms: JobRooms,
  run: RunContext,
  staging: Staging,
  identity: RowIdentity,
  key: KeyOfRows,
  { range }: SliceFacts,
): Promise<MetCold> {
  const { db, known } = staging;
  const colds = (await listLiveSlices(db, known.dataset.name, ...microsOf(range))).filter(
    ({ columns }) => hasIdentity(columns, identity),
  );
  if (colds.length === 0) return NO_MET;
  const directory = join(rooms.tempDirectory, 'ingest');
  try {
    await makeUnlessThere(rooms.fileSystem, directory);
    return await settling(rooms, staging, async () => {
      const files = await writeKnownKeys(rooms, run, staging, {
        identity,
        range,
        directory,
        colds,
      });
      await takeKnown(db, key, joined(files));
      return settleCold(db, key, staging.request.onConflict);
    });
  } finally {
    await removeTree(rooms.fileSystem, directory);
  }
}

interface Look {
  readonly identity: RowIdentity;
  readonly range: TimeRange;
  readonly directory: string;
  readonly colds: readonly LiveSlice[];
}

async function writeKnownKeys(
  rooms: JobRooms,
  run: RunContext,
  { db }: Staging,
  { identity, range, directory, colds }: Look,
): Promise<readonly string[]> {
  const id = rooms.newId();
  const task = { moveId: id, directory, range, filter: null, from: STAGED };
  const exported = await exportSlice({ ...rooms, emit: () => undefined }, run, db, task);
  if (exported === null) return [];
  const late = { paths: (await exported.segments).map(({ path }) => path), columns: run.columns };
  const [from, to] = microsOf(range);
  const files: string[] = [];
  for (const [index, cold] of colds.entries()) {
    const near = cold.segments.filter(
      ({ minTimeUs, maxTimeUs }) => minTimeUs <= to && maxTimeUs >= from,
    );
    const paths: string[] = [];
    for (const { key } of near) paths.push(await rooms.store.readable(key, directory, run.signal));
    if (paths.length === 0) continue;
    const file = join(directory, `known-${String(index)}.csv`);
    await writeKnown(
      { engine: rooms.engine, identity, late, cold: { paths, columns: cold.columns } },
      file,
    );
    files.push(file);
  }
  return files;
}

async function* joined(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    yield* createReadStream(file) as AsyncIterable<Uint8Array>;
    await rm(file, { force: true });
  }
}

function microsOf({ fromInclusive, toExclusive }: TimeRange): [bigint, bigint] {
  return [BigInt(fromInclusive) * 1000n, BigInt(toExclusive) * 1000n - 1n];
}
