/** What a deletion is given beside a rotation's rooms, and what it says of itself while it runs. */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { DeletionPlan, ThinnedSlice } from '../../domain/plan/deletion.ts';
import type { RowCondition } from '../../domain/plan/row-condition.ts';
import type { TimeColumn } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import type { JobRooms, LocalRooms, LookingRooms } from '../rotation/rooms.ts';

export interface DeletionWish {
  /** As it was typed. */
  readonly where: string;
  /** Null is all of time. */
  readonly span: TimeRange | null;
  /** Rows that match and are hot may stay. */
  readonly coldOnly: boolean;
  /** All that the lake has of the dataset may go: somebody has typed its name for that. */
  readonly mayEmpty: boolean;
}

export interface DeletionRequest extends DeletionWish {
  readonly reason: string;
  /** Files that were replaced go at once, and not after the grace period. */
  readonly now: boolean;
}

export interface ReadCondition extends RowCondition {
  /** Keys of the live segments that may have such a row. */
  readonly candidates: readonly string[];
  /** By which `countHot` is asked. */
  readonly hotCount: string;
}

/** What reads conditions: the queries' own means, so that they mean here what they mean there. */
export interface ConditionRooms {
  /** In the transaction of the plan. Throws QUERY_INVALID, QUERY_NOT_ALLOWED. */
  readonly readCondition: (
    db: pg.Client,
    wish: Pick<DeletionWish, 'where' | 'span'> & {
      readonly columns: readonly ColumnPlan[];
      readonly timeColumn: TimeColumn;
    },
  ) => Promise<ReadCondition>;
  readonly countHot: (sql: string) => Promise<number>;
}

export type LookingDeletionRooms = LookingRooms & LocalRooms & ConditionRooms;

export interface DeletionRooms extends JobRooms, ConditionRooms {
  readonly tell: (event: DeletionEvent) => void;
}

/** A slice that was written anew without the rows, or retired where it had no others. */
export interface ThinnedResult {
  readonly planned: ThinnedSlice;
  /** That it has now. */
  readonly segments: number;
  readonly bytes: number;
  /** Of the rows that are gone. */
  readonly rowHash: string;
}

export type DeletionEvent = { readonly dataset: string } & (
  | { readonly kind: 'planned'; readonly plan: DeletionPlan }
  | { readonly kind: 'deleted'; readonly result: ThinnedResult }
  | { readonly kind: 'failed'; readonly range: TimeRange; readonly reason: string }
);
