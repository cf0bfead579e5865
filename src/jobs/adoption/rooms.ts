/** What adopting a lake works with, and what it finds of a dataset, month by month. */

import type { KeptSlice } from '../../domain/lake/lake-manifest.ts';
import type { AdoptionProblem, HotMeeting } from '../../domain/plan/adoption.ts';
import type { JobRooms } from '../rotation/rooms.ts';

export interface AdoptionRooms extends JobRooms {
  /** Segments that were looked at so far, of all there are. */
  readonly onProgress: (done: number, total: number) => void;
}

/** What the ledger does not know of a month, and what is to become of it. */
export interface MonthFinding {
  readonly month: string;
  /** Each with segments that become live, and some that wait to be removed. */
  readonly taken: readonly KeptSlice[];
  /** Not taken: their files go after the grace period. */
  readonly setAside: readonly KeptSlice[];
  /** Live by the ledger, and replaced by what the manifest has. */
  readonly outdatedKeys: readonly string[];
  /** Of the slices that are taken, or would be, those of which some row is hot as well. */
  readonly meetings: readonly HotMeeting[];
  readonly problems: readonly AdoptionProblem[];
}
