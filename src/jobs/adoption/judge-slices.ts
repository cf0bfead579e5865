/** Which slices of the lake count, where several have rows of one time. */
import type { KeptSlice } from '../../domain/lake/lake-manifest.ts';
import {
  type AdoptionProblem,
  type Candidate,
  groupOverlapping,
  judgeGroup,
} from '../../domain/plan/adoption.ts';
import { hasIdentity } from '../../domain/plan/row-identity.ts';
import { formatRange, rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { countMatches } from '../../lake/cold-matches.ts';
import type { ListedObject } from '../../lake/object-store.ts';
import type { HotSide } from './hot-side.ts';
import type { AdoptionRooms } from './rooms.ts';

export interface JudgeLook {
  readonly rooms: AdoptionRooms;
  /** Null where there is no table (yet). */
  readonly hot: HotSide | null;
  /** For copies of what is not on this machine. */
  readonly directory: string;
}

interface Judged {
  readonly live: readonly KeptSlice[];
  readonly doubled: readonly KeptSlice[];
  readonly problems: readonly AdoptionProblem[];
}

export interface Around {
  /** Slices of the ledger, which stay as they are. */
  readonly own: ReadonlySet<KeptSlice>;
  readonly there: ReadonlyMap<string, ListedObject>;
  /** Time of files that no manifest has and that can't be read, or that are not all there. */
  readonly unclear: readonly TimeRange[];
}

export async function judgeSlices(
  look: JudgeLook,
  candidates: readonly Candidate[],
  { own, there, unclear }: Around,
): Promise<Judged> {
  const live: KeptSlice[] = [];
  const doubled: KeptSlice[] = [];
  const problems: AdoptionProblem[] = [];
  for (const group of groupOverlapping(candidates)) {
    // What can't be read may be the newer one: without the rows that were deleted, with those that were corrected.
    const clouded = group.filter(
      ({ slice, isCertain }) =>
        !isCertain && unclear.some((range) => rangesOverlap(range, slice.range)),
    );
    const verdict =
      clouded.length > 0 ? null : (judgeGroup(group) ?? (await judgeByKeys(look, group, there)));
    if (clouded.length > 0) problems.push(...clouded.map(cloudedBy));
    else if (verdict === null) problems.push(...undecided(group));
    else {
      live.push(...verdict.live.map(({ slice }) => slice).filter((slice) => !own.has(slice)));
      doubled.push(...verdict.doubled.map(({ slice }) => slice));
    }
  }
  return { live, doubled, problems };
}

/** Where no key is in two of them, none holds a row of another: all of them count. */
async function judgeByKeys(
  { rooms, hot, directory }: JudgeLook,
  group: readonly Candidate[],
  there: ReadonlyMap<string, ListedObject>,
) {
  // What the ledger has as live may be gone: nothing is compared with it.
  if (!group.every(({ slice }) => slice.segments.every(({ key }) => there.has(key)))) return null;
  const identity = hot?.identity ?? null;
  if (identity === null || !group.every(({ slice }) => hasIdentity(slice.columns, identity))) {
    return null;
  }
  const sideOf = async ({ segments, columns }: KeptSlice) => {
    const paths: string[] = [];
    for (const { key } of segments)
      paths.push(await rooms.store.readable(key, directory, rooms.signal));
    return { paths, columns };
  };
  for (const [at, { slice, isCertain }] of group.entries()) {
    for (const other of group.slice(at + 1)) {
      if (isCertain && other.isCertain) continue;
      const [late, cold] = [await sideOf(slice), await sideOf(other.slice)];
      const meeting = { engine: rooms.engine, identity, late, cold, signal: rooms.signal };
      if ((await countMatches(meeting)).rows > 0) return null;
    }
  }
  return { live: group, doubled: [] };
}

function cloudedBy({ slice }: Candidate): AdoptionProblem {
  return {
    kind: 'undecided',
    key: slice.segments[0]?.key ?? '',
    reason: `of its time, ${formatRange(slice.range)}, there are files that can't be read or are not all there, and without a manifest nothing says whether these replaced it`,
  };
}

function undecided(group: readonly Candidate[]): readonly AdoptionProblem[] {
  return group
    .filter(({ isCertain }) => !isCertain)
    .map(({ slice }) => ({
      kind: 'undecided',
      key: slice.segments[0]?.key ?? '',
      reason: `of its time, ${formatRange(slice.range)}, ${String(group.length)} slices have rows, and neither a manifest, nor their sums, nor a key of the table says which of them count`,
    }));
}
