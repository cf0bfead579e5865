/** The values that pass along a move: the run it belongs to, and what its stages hand on. */
import type { ColumnPlan } from '../../domain/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import type { PlannedMove } from '../../domain/plan.ts';
import type { TableDescription } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time-range.ts';
import type { RowsDigest } from '../../hot/digest.ts';
import type { StagedSegment } from '../../lake/segment-writer.ts';
import type { Lease } from '../../ledger/lease.ts';

/** What is the same for all moves of a run. */
export interface RunContext {
  readonly runId: bigint;
  readonly lease: Lease;
  readonly dataset: Dataset;
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly signal: AbortSignal;
}

export interface StagedSlice {
  readonly range: TimeRange;
  readonly generation: number;
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

/** A slice that PostgreSQL has sent and that may still be encoding. */
export interface ExportedSlice {
  readonly range: TimeRange;
  readonly generation: number;
  readonly fingerprint: SliceFingerprint;
  readonly metadata: Readonly<Record<string, string>>;
  /** Goes on while the next slice is exported. */
  readonly segments: Promise<readonly StagedSegment[]>;
}
