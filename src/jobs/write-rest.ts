/** What stays of a slice of the lake when rows of it go, staged as a further generation of its range. */
import { TierdError } from '../domain/errors.ts';
import {
  compareFingerprints,
  emptyFingerprint,
  type SliceFingerprint,
} from '../domain/fingerprint.ts';
import { ownTimeColumn } from '../domain/lake/own-time-column.ts';
import { formatRange } from '../domain/time/time-range.ts';
import { parseSegmentKey } from '../lake/layout.ts';
import { rewriteSlice } from '../lake/rewrite-slice.ts';
import { stagingPath } from '../lake/staging.ts';
import type { LiveSlice } from '../ledger/replaced-slices.ts';
import { footerOf } from './rotation/footer.ts';
import type { JobRooms } from './rotation/rooms.ts';
import type { RunContext, StagedSlice } from './rotation/staged-move.ts';

export interface Rest {
  readonly moveId: string;
  readonly slice: LiveSlice;
  /** Its files, opened, in their order. */
  readonly paths: readonly string[];
  readonly generation: number;
  /** Of what stays: of the slice, less what goes. */
  readonly fingerprint: SliceFingerprint;
  /** What files of it are called while they are staged: `rest` unless given. */
  readonly called?: string;
  /** SQL of the rows of one of the files that stay. */
  readonly selectStaying: (path: string) => string;
}

/** Null when no row of the slice stays. Throws VERIFY_MISMATCH, SEGMENT_WRITE_FAILED, LAKE_FULL. */
export async function writeRest(
  rooms: JobRooms,
  run: RunContext,
  { moveId, slice, paths, generation, fingerprint, called = 'rest', selectStaying }: Rest,
): Promise<StagedSlice | null> {
  if (fingerprint.rows === 0) {
    assertNothingLeft(run, slice, fingerprint);
    return null;
  }
  const { range, columns } = slice;
  const facts = { moveId, range, generation, columns, fingerprint };
  const metadata = footerOf(rooms.version, run, facts);
  const segments = await rewriteSlice({
    engine: rooms.engine,
    fs: rooms.fileSystem,
    signal: run.signal,
    paths,
    columns,
    selectStaying,
    timeColumn: ownTimeColumn(run.table.timeColumn, run.columns, columns),
    sortBy: run.dataset.sortBy,
    directory: stagingPath(rooms.store.stagingRoot, moveId),
    namePrefix: `${called}-${slice.id}`,
    targetFileBytes: run.dataset.targetFileBytes,
    form: run.dataset.parquet,
    metadata,
  });
  const unit = parseSegmentKey(slice.segments[0]?.key ?? '')?.unit ?? run.dataset.slice;
  return { range, columns, generation, fingerprint, unit, metadata, segments };
}

function assertNothingLeft(run: RunContext, slice: LiveSlice, left: SliceFingerprint): void {
  const nothing = emptyFingerprint(slice.columns.map(({ name }) => name));
  if (compareFingerprints(nothing, left).length === 0) return;
  throw new TierdError({
    code: 'VERIFY_MISMATCH',
    message: `The rows of ${run.dataset.name} ${formatRange(slice.range)} in the lake are not those that were published there, so they were not replaced. Nothing was deleted.`,
    hint: `Run \`tierd scrub ${run.dataset.name}\`, which names the segments.`,
  });
}
