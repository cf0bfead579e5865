/** Partitions that moves dropped, and which of them take rows that come back. Pure. */
import { formatTable, type TableRef } from '../table.ts';
import { rangesOverlap, type TimeRange } from '../time/time-range.ts';

/** A partition as it has to be made again. */
export interface DroppedPartition {
  readonly ref: TableRef;
  readonly parent: TableRef;
  /** PostgreSQL's own words: `FOR VALUES FROM ('2024-01-15 00:00:00+00') TO (…)`. */
  readonly bound: string;
  /** What stands behind PARTITION BY; null of a partition that holds rows itself. */
  readonly partitionKey: string | null;
  readonly owner: string;
  /** Null is the database's. */
  readonly tablespace: string | null;
  /** Storage parameters: `fillfactor=70`. */
  readonly options: readonly string[];
  /** What its bounds and those above it leave of time; finite of one that holds rows itself. */
  readonly range: TimeRange;
}

/**
 * Those that together take all of `gap`, parents first; none when that can't be.
 *
 * @param dropped newest first, of one move parents first
 * @param names of the table and its partitions, and of those of `dropped` whose names are taken
 * @param covers the time of each partition that holds rows
 */
export function partitionsFor(
  gap: TimeRange,
  dropped: readonly DroppedPartition[],
  names: { readonly parents: ReadonlySet<string>; readonly taken: ReadonlySet<string> },
  covers: readonly TimeRange[],
): readonly DroppedPartition[] {
  const parents = new Set(names.parents);
  const chosen: DroppedPartition[] = [];
  for (const one of dropped) {
    const isWanted = rangesOverlap(one.range, gap) && parents.has(formatTable(one.parent));
    const isFree =
      !names.taken.has(formatTable(one.ref)) &&
      !(one.partitionKey === null && covers.some((cover) => rangesOverlap(cover, one.range))) &&
      !chosen.some((other) => isInTheWay(other, one));
    if (!isWanted || !isFree) continue;
    parents.add(formatTable(one.ref));
    chosen.push(one);
  }
  const taken = chosen.filter(({ partitionKey }) => partitionKey === null);
  const left = uncovered(
    gap,
    taken.map(({ range }) => range),
  );
  return left.length === 0 ? chosen : [];
}

/** Of one parent's partitions: those of a list or of hashes have the same time. */
function isInTheWay(some: DroppedPartition, other: DroppedPartition): boolean {
  if (formatTable(some.ref) === formatTable(other.ref)) return true;
  if (formatTable(some.parent) !== formatTable(other.parent)) return false;
  if (some.bound === other.bound) return true;
  const isSame =
    some.range.fromInclusive === other.range.fromInclusive &&
    some.range.toExclusive === other.range.toExclusive;
  return !isSame && rangesOverlap(some.range, other.range);
}

/** The parts of `range` that none of `covers` holds, in order. */
export function uncovered(range: TimeRange, covers: readonly TimeRange[]): readonly TimeRange[] {
  return covers.reduce<readonly TimeRange[]>(
    (left, cover) =>
      left.flatMap((piece) =>
        [
          {
            fromInclusive: piece.fromInclusive,
            toExclusive: Math.min(piece.toExclusive, cover.fromInclusive),
          },
          {
            fromInclusive: Math.max(piece.fromInclusive, cover.toExclusive),
            toExclusive: piece.toExclusive,
          },
        ].filter(({ fromInclusive, toExclusive }) => fromInclusive < toExclusive),
      ),
    [range],
  );
}
