import type { TimeRange } from '../../domain/time/time-range.ts';

/** A range as `--json` has it. */
export function rangeDocument({ fromInclusive, toExclusive }: TimeRange): {
  readonly from: string;
  readonly to: string;
} {
  return { from: new Date(fromInclusive).toISOString(), to: new Date(toExclusive).toISOString() };
}
