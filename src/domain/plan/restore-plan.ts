/** The plan of a restore: what `--dry-run` prints is what the executor runs. Pure. */

import { agree, countOf } from '../count.ts';
import { contains, type EpochMs, formatRange, hullOf, type TimeRange } from '../time/time-range.ts';
import type { DroppedPartition } from './dropped-partition.ts';
import type { Refusal } from './refusal.ts';

export interface PlannedSlice {
  /** In the ledger. */
  readonly id: string;
  readonly range: TimeRange;
  /** That are to come. */
  readonly rows: number;
  /** Of the slice. */
  readonly allRows: number;
  /** Of its segments. */
  readonly bytes: number;
  readonly segments: number;
  /** The other table has been given it by an earlier run. */
  readonly isThere: boolean;
  /** What a move dropped and its rows have need of, parents first: made again before they come. */
  readonly partitions: readonly DroppedPartition[];
  /** Reasons to leave this slice alone and go on with the others. */
  readonly obstacles: readonly Refusal[];
}

export interface RestorePlan {
  readonly dataset: string;
  readonly span: TimeRange;
  /** Which of its rows, as it was typed; null is all of them. */
  readonly where: string | null;
  /** Where the rows go, as `schema.table`. */
  readonly target: string;
  /** The rows stay in the lake as well, for they go into another table. */
  readonly keepsCold: boolean;
  /** Null is for ever; of no meaning where the rows stay cold. */
  readonly pinUntil: EpochMs | null;
  /** Oldest first. */
  readonly slices: readonly PlannedSlice[];
  readonly rows: number;
  readonly bytes: number;
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
}

/** A slice comes back whole or not at all: of one that reaches beyond the span nobody asked for the rest. */
export function refusePartial(
  span: TimeRange,
  slices: readonly PlannedSlice[],
): readonly Refusal[] {
  const partial = slices.filter(({ range }) => !contains(span, range));
  if (partial.length === 0) return [];
  const whole = hullOf([span, ...slices.map(({ range }) => range)]);
  // Without a zone, for the table's times may be local ones.
  const iso = (at: EpochMs): string => new Date(at).toISOString().slice(0, -1);
  return [
    {
      guard: 'partial_slice',
      message: `${countOf(partial.length, 'slice')} ${agree(partial.length, 'reaches', 'reach')} beyond --from and --to (${partial
        .map(({ range }) => formatRange(range))
        .slice(0, 3)
        .join(', ')}), and a slice comes back whole`,
      hint: `ask for all of them with --from ${iso(whole.fromInclusive)} --to ${iso(whole.toExclusive)}, or use --force, which takes whole slices`,
      forceable: true,
    },
  ];
}

/** What is to be copied: not what is there already. */
export function dueSlices(plan: RestorePlan): readonly PlannedSlice[] {
  return plan.slices.filter(({ isThere }) => !isThere);
}
