/** The values that pass along a move: the run it belongs to, and what its stages hand on. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import type { PlannedMove } from '../../domain/plan/plan.ts';
import type { HeldRows } from '../../domain/plan/proof.ts';
import type { RowIdentity } from '../../domain/plan/row-identity.ts';
import type { RowsAgain } from '../../domain/plan/rows-again.ts';
import type { TableDescription } from '../../domain/table.ts';
import type { SliceUnit, TimeRange } from '../../domain/time/time-range.ts';
import type { RowsDigest } from '../../hot/measure/digest.ts';
import type { StagedSegment } from '../../lake/segment/staged-files.ts';
import type { Lease } from '../../ledger/lease.ts';

/** What is the same for all moves of a run. */
export interface RunContext {
  readonly runId: bigint;
  readonly lease: Lease;
  readonly dataset: Dataset;
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  /** By what a row that comes again is known; null where it can't be, or nobody wants to know. */
  readonly identity: RowIdentity | null;
  readonly signal: AbortSignal;
}

export interface StagedSlice {
  readonly range: TimeRange;
  /** By which its place in the lake is named. */
  readonly unit: SliceUnit;
  readonly generation: number;
  readonly columns: readonly ColumnPlan[];
  readonly fingerprint: SliceFingerprint;
  /** What stands in the footer of each of its files. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly segments: readonly StagedSegment[];
}

export interface StagedMove {
  readonly id: string;
  readonly move: PlannedMove;
  /** PostgreSQL's own digest of the rows, taken in the export's snapshot. */
  readonly source: RowsDigest;
  readonly slices: readonly StagedSlice[];
}

/** A staged move whose rows were held against those that the lake has of the same time. */
export interface MetMove extends StagedMove {
  readonly again: RowsAgain;
  /** Slices of late rows that the lake has already, row by row: nothing is published of them. */
  readonly held: readonly HeldRows[];
  /** What remains of slices of the lake when the rows that are replaced are taken out. */
  readonly remainders: readonly StagedSlice[];
  /** Segments that are live no longer when the move is committed. */
  readonly retiredKeys: readonly string[];
  /** Time of late rows of which some take the place of rows of the lake with other values. */
  readonly replaced: readonly TimeRange[];
}

/** Slices on their way into the lake, all in one move. */
export interface Arriving {
  /** The move's. */
  readonly id: string;
  readonly range: TimeRange;
  readonly slices: readonly StagedSlice[];
  /** Rows that leave the hot store for them. */
  readonly leaving: { readonly rows: bigint; readonly sourceDigest?: string };
}

/** A slice that PostgreSQL has sent and that may still be encoding. */
export interface ExportedSlice extends Omit<StagedSlice, 'segments'> {
  /** Goes on while the next slice is exported. */
  readonly segments: Promise<readonly StagedSegment[]>;
}
