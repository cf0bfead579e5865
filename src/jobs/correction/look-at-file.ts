/** The rows of a file as slices on their way into the lake, and the rows of the lake whose keys they have. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { CorrectedSlice, CorrectionInput } from '../../domain/plan/correction.ts';
import type { RowIdentity } from '../../domain/plan/row-identity.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { measureSlices } from '../../hot/measure/measure.ts';
import { rowsWhere } from '../../hot/measure/row-filter.ts';
import { inlined } from '../../hot/sql.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { CORRECTION, countKeysWhere, leaveOut } from '../../hot/write/correction-table.ts';
import { findUnknown } from '../../lake/unknown-keys.ts';
import { sumColdSlices } from '../../ledger/cold-slices.ts';
import { type Encounter, findEncounters, type Settling } from '../rotation/again/encounters.ts';
import { exportSlice } from '../rotation/move/export-slice.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { ExportedSlice, RunContext, StagedSlice } from '../rotation/staged-move.ts';
import { whyIncomparable } from './incomparable.ts';
import { loadFile } from './load-file.ts';

export interface Looking {
  readonly rooms: JobRooms;
  readonly run: RunContext & { readonly identity: RowIdentity };
  readonly db: pg.Client;
  readonly file: string;
  /** Of the move, or of a dry run: what its slices are named after. */
  readonly id: string;
  /** Where slices are staged, and segments that are not on this machine are copied to. */
  readonly directory: string;
}

export interface SeenFile {
  /** Of the file. */
  readonly rows: number;
  readonly settling: Settling;
  readonly encounters: readonly Encounter[];
  readonly corrected: readonly CorrectedSlice[];
  /** Rows of the lake that have a key of the file. */
  readonly metRows: number;
  /** Of the slices of the lake that are written anew. */
  readonly rewrittenBytes: number;
  readonly unknown: Pick<CorrectionInput, 'examples' | 'incomparable'> & { readonly rows: number };
}

const MOST_NAMED = 5;

/** With `onlyKnown` rows whose key the lake has not are left out, and counted all the same. */
export async function lookAtFile(looking: Looking, onlyKnown: boolean): Promise<SeenFile> {
  const seen = await lookOnce(looking, null);
  if (!onlyKnown || seen.unknown.rows === 0) return seen;
  const known = await lookOnce(looking, seen.unknown.files);
  if (known.unknown.staged > 0) throw stillUnknown(known.unknown.staged);
  return { ...known, rows: seen.rows, unknown: seen.unknown };
}

/** They would come into the lake as new rows. */
function stillUnknown(rows: number): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: `${String(rows)} rows of the file whose keys the lake has not were to be left out, and were not. Nothing was changed.`,
  });
}

interface SeenOnce extends SeenFile {
  readonly unknown: SeenFile['unknown'] & {
    /** Of these, rows that are in the slices. */
    readonly staged: number;
    readonly files: readonly string[];
  };
}

/** @param without files with keys that are left out */
async function lookOnce(looking: Looking, without: readonly string[] | null): Promise<SeenOnce> {
  const { rooms, run, db, id, directory } = looking;
  const { rows, late, beyond } = await stageFile(looking, without);
  const opened = new Map<string, Promise<string>>();
  const open = (key: string): Promise<string> => {
    const path = opened.get(key) ?? rooms.store.readable(key, directory, run.signal);
    opened.set(key, path);
    return path;
  };
  const settling: Settling = {
    rooms: { ...rooms, emit: () => undefined },
    run,
    db,
    identity: run.identity,
    staged: { id, slices: late },
    open,
  };
  const encounters = await findEncounters(settling);
  const corrected: CorrectedSlice[] = [];
  const files: string[] = [];
  const unknownIn: TimeRange[] = [];
  const examples = [...beyond.examples];
  let staged = 0;
  for (const [index, slice] of late.entries()) {
    const met = encounters.filter((encounter) => encounter.late === slice);
    const to = join(directory, `unknown-${String(index)}.csv`);
    const sought = {
      engine: rooms.engine,
      identity: run.identity,
      late: { paths: slice.segments.map(({ path }) => path), columns: run.columns },
      colds: met.map((encounter) => encounter.meeting.cold),
    };
    const found = await findUnknown(sought, { to, most: MOST_NAMED });
    staged += found.rows;
    if (found.rows > 0) unknownIn.push(slice.range);
    examples.push(...found.examples);
    files.push(to);
    const changed = met.reduce((sum, { count }) => sum + count.changed, 0);
    corrected.push({ range: slice.range, rows: slice.fingerprint.rows - found.rows, changed });
  }
  return {
    rows,
    settling,
    encounters,
    corrected: corrected.filter((slice) => slice.rows > 0),
    metRows: encounters.reduce((sum, { count }) => sum + count.rows, 0),
    rewrittenBytes: bytesOf(encounters.filter(({ count }) => count.changed > 0)),
    unknown: {
      rows: beyond.found + staged,
      examples: examples.slice(0, MOST_NAMED),
      incomparable: await whyIncomparable(db, run.dataset.name, run.identity, unknownIn),
      staged,
      files,
    },
  };
}

function bytesOf(encounters: readonly Encounter[]): number {
  const slices = new Map(encounters.map(({ cold }) => [cold.id, cold]));
  return [...slices.values()]
    .flatMap(({ segments }) => segments)
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

interface StagedFile {
  readonly rows: number;
  readonly late: readonly StagedSlice[];
  /** Rows of time of which the lake has nothing. */
  readonly beyond: { readonly found: number; readonly examples: readonly string[] };
}

/** Through PostgreSQL, so that each value is what it makes of it, and on by the way of any export (I6). */
async function stageFile(
  { rooms, run, db, file, id, directory }: Looking,
  without: readonly string[] | null,
): Promise<StagedFile> {
  const { dataset, table, identity } = run;
  const { statementTimeoutMs, lockTimeoutMs } = rooms.settings;
  const cold = coldRange(await sumColdSlices(db, dataset.name));
  const exported: ExportedSlice[] = [];
  const staged = await inTransaction(
    db,
    {
      doing: `reading corrections of ${dataset.name}`,
      isolation: 'read committed',
      readOnly: false,
      limits: { statementTimeoutMs, lockTimeoutMs },
    },
    async () => {
      const key = identity.columns.map(({ name }) => name);
      const { engine, tempDirectory } = rooms;
      await loadFile(db, { engine, file, table, identity, directory: tempDirectory });
      for (const keys of without ?? []) await leaveOut(db, key, createReadStream(keys));
      const outside = `(${inlined(rowsWhere(table.timeColumn, cold, null))}) is not true`;
      const { all, ...beyond } = await countKeysWhere(db, key, outside, MOST_NAMED);
      const loaded = { ...table, ref: CORRECTION };
      for (const { range } of await measureSlices(db, loaded, cold, dataset.slice, null)) {
        const task = { moveId: id, directory, range, filter: null, from: CORRECTION };
        const slice = await exportSlice({ ...rooms, emit: () => undefined }, run, db, task);
        if (slice !== null) exported.push(slice);
      }
      return { rows: all, beyond };
    },
  );
  const late: StagedSlice[] = [];
  for (const slice of exported) late.push({ ...slice, segments: await slice.segments });
  return { ...staged, late };
}

/** From the first slice to the last; nothing where there are none. */
function coldRange(slices: readonly { readonly range: TimeRange }[]): TimeRange {
  return slices.reduce(
    (all, { range }) => ({
      fromInclusive: Math.min(all.fromInclusive, range.fromInclusive),
      toExclusive: Math.max(all.toExclusive, range.toExclusive),
    }),
    slices[0]?.range ?? { fromInclusive: 0, toExclusive: 0 },
  );
}
