/** What a dataset's part of the lake needs, or loses, soon. Pure. */
import { type Hold, holdsRange } from '../plan/holds.ts';
import {
  bordersOf,
  dueIn,
  type IntervalRows,
  type KeptDataset,
  newestBorder,
} from '../plan/retention.ts';
import { DAY_MS, type EpochMs, rangesOverlap, type TimeRange } from '../time/time-range.ts';

export interface LakeCare {
  /** Small segments that a compaction would merge. */
  readonly compaction: CompactionDebt;
  /** Null where nothing ever expires. */
  readonly expiring: ExpiringSoon | null;
  /** That have not ended, in the order in which they were set. */
  readonly holds: readonly Hold[];
  readonly scrubs: LastScrubs;
  /** The newest entry of the dataset's chain in the audit log; null before the first. */
  readonly auditHead: { readonly number: number; readonly hash: string } | null;
}

export interface CompactionDebt {
  readonly segments: number;
  /** As many as they become. */
  readonly segmentsAfter: number;
  readonly bytes: number;
}

export interface ExpiringSoon {
  readonly withinDays: number;
  readonly rows: number;
  /** Some of these rows may be of an interval that stays: nobody has counted them yet. */
  readonly isAtMost: boolean;
  readonly slices: number;
}

/** Of live segments. */
export interface LastScrubs {
  /** Of those that were ever scrubbed, the one for which that is longest ago. */
  readonly oldest: EpochMs | null;
  readonly newest: EpochMs | null;
  /** How many were never. */
  readonly never: number;
}

const SOON_DAYS = 30;

export interface SoonInput {
  readonly dataset: KeptDataset;
  readonly tableNow: EpochMs;
  readonly slices: readonly {
    readonly id: string;
    readonly range: TimeRange;
    readonly rows: number;
  }[];
  /** With `coldDaysByInterval`: the rows of slices that were read, by slice. */
  readonly counts: ReadonlyMap<string, readonly IntervalRows[]>;
  readonly pinned: readonly TimeRange[];
  readonly holds: readonly Hold[];
}

/** What an expiry would take `SOON_DAYS` from now, without what is held or pinned. */
export function expiringSoon(input: SoonInput): ExpiringSoon | null {
  const { dataset, tableNow, slices, counts, pinned, holds } = input;
  const borders = bordersOf(dataset, tableNow + SOON_DAYS * DAY_MS);
  const newest = newestBorder(borders);
  if (newest === null) return null;
  const sum = { rows: 0, isAtMost: false, slices: 0 };
  for (const { id, range, rows } of slices) {
    if (range.toExclusive > newest) continue;
    if (holds.some((hold) => holdsRange(hold, range))) continue;
    if (pinned.some((pin) => rangesOverlap(pin, range))) continue;
    const known = dataset.coldDaysByInterval === undefined ? undefined : counts.get(id);
    const leaving =
      known === undefined ? rows : dueIn(range, borders, known).reduce((n, one) => n + one.rows, 0);
    if (leaving === 0) continue;
    sum.rows += leaving;
    sum.slices += 1;
    if (dataset.coldDaysByInterval !== undefined && known === undefined) sum.isAtMost = true;
  }
  return { withinDays: SOON_DAYS, ...sum };
}
