/** What a restore is given beside a rotation's rooms, and the values that pass along its slices. */
import type { MappedColumns } from '../../domain/plan/restore-columns.ts';
import type { PlannedSlice } from '../../domain/plan/restore-plan.ts';
import type { TableRef } from '../../domain/table.ts';
import type { EpochMs, TimeRange } from '../../domain/time/time-range.ts';
import type { LiveSlice } from '../../ledger/replaced-slices.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import type { RestoreEvent } from './events.ts';

export interface RestoreRooms extends JobRooms {
  readonly tell: (event: RestoreEvent) => void;
}

export interface RestoreRequest {
  readonly span: TimeRange;
  /** Null is the dataset's own table; rows that go into another stay cold. */
  readonly into: TableRef | null;
  /** Null is for ever. */
  readonly pinUntil: EpochMs | null;
}

/** What is the same for all slices of a run. */
export interface RestoreContext extends RunContext {
  readonly request: RestoreRequest;
}

export interface SliceWork {
  readonly planned: PlannedSlice;
  readonly slice: LiveSlice;
  readonly mapped: MappedColumns;
}
