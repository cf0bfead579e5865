/** What a restore is given beside a rotation's rooms, and the values that pass along its slices. */
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import type { MappedColumns } from '../../domain/plan/restore-columns.ts';
import type { PlannedSlice } from '../../domain/plan/restore-plan.ts';
import type { TableDescription, TableRef } from '../../domain/table.ts';
import type { EpochMs, TimeRange } from '../../domain/time/time-range.ts';
import type { Choice } from '../../lake/chosen-rows.ts';
import type { LiveSlice } from '../../ledger/replaced-slices.ts';
import type { ConditionRooms } from '../deletion/rooms.ts';
import type { JobRooms, LocalRooms, LookingRooms } from '../rotation/rooms.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import type { RestoreEvent } from './events.ts';
import type { Turns } from './turns.ts';

/** What reads conditions; it is needed where some rows of a slice are wanted, and not all. */
type ReadingRooms = Pick<ConditionRooms, 'readCondition'>;

export type LookingRestoreRooms = LookingRooms & LocalRooms & ReadingRooms;

export interface RestoreRooms extends JobRooms, ReadingRooms {
  readonly tell: (event: RestoreEvent) => void;
}

export interface RestoreRequest {
  readonly span: TimeRange;
  /** Which rows, as it was typed; null is all of them. */
  readonly where: string | null;
  /** Null is the dataset's own table; rows that go into another stay cold. */
  readonly into: TableRef | null;
  /** Null is for ever. */
  readonly pinUntil: EpochMs | null;
}

/** As it was asked for: where nobody said how long, the job reckons it by more clocks than one. */
export interface RestoreWish extends Omit<RestoreRequest, 'pinUntil'> {
  readonly pinUntil: EpochMs | null | 'default';
}

/** What is the same for all slices of a run. */
export interface RestoreContext extends RunContext {
  readonly request: RestoreRequest;
  /** By whose columns those of the lake were mapped: the table that rows go into, or what it will be made like. */
  readonly mappedTo: Pick<TableDescription, 'ref' | 'columnsPrint'>;
  /** By which another table is known to have been given the same rows of a slice; null where all come. */
  readonly whereSha256: string | null;
  readonly turns: Turns;
  /** The table has the application's own for INSERT, and they are to fire. */
  readonly firesTriggers: boolean;
}

export interface SliceWork {
  readonly planned: PlannedSlice;
  readonly slice: LiveSlice;
  readonly mapped: MappedColumns;
  /** Which of its rows come; null where all of them do. */
  readonly choice: Choice | null;
}

/** What is brought in of a slice: its files, whose bytes were held against their SHA-256, and the rows of them. */
export interface Bringing {
  readonly work: SliceWork;
  readonly paths: readonly string[];
  /** Of the rows that come. */
  readonly fingerprint: SliceFingerprint;
  readonly target: TableRef;
}
