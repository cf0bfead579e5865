/** Which slices of the lake have keys of a move's late rows. */
import type pg from 'pg';
import { hasIdentity, type RowIdentity } from '../../../domain/plan/row-identity.ts';
import { countMatches, type MatchCount, type Meeting } from '../../../lake/cold-matches.ts';
import { stagingPath } from '../../../lake/staging.ts';
import { type LiveSlice, listLiveSlices } from '../../../ledger/replaced-slices.ts';
import type { Rooms } from '../rooms.ts';
import type { RunContext, StagedMove, StagedSlice } from '../staged-move.ts';

/** A slice of late rows, and a slice of the lake that has some of their keys. */
export interface Encounter {
  readonly late: StagedSlice;
  readonly cold: LiveSlice;
  readonly meeting: Meeting;
  readonly count: MatchCount;
}

export interface Settling {
  readonly rooms: Rooms;
  readonly run: RunContext;
  readonly db: pg.Client;
  readonly identity: RowIdentity;
  readonly staged: Pick<StagedMove, 'id' | 'slices'>;
  /** The path at which a segment of the lake can be opened while the move is under way. */
  readonly open: (key: string) => Promise<string>;
}

/** Where the lake is not on this machine, a copy of each segment is made once, beside what the move staged. */
export function openerOf(
  { store }: Rooms,
  { signal }: RunContext,
  { id }: Pick<StagedMove, 'id'>,
): Settling['open'] {
  const opened = new Map<string, Promise<string>>();
  const directory = stagingPath(store.stagingRoot, id);
  return (key) => {
    const path = opened.get(key) ?? store.readable(key, directory, signal);
    opened.set(key, path);
    return path;
  };
}

export async function findEncounters(settling: Settling): Promise<readonly Encounter[]> {
  const { run, db, identity, staged } = settling;
  const encounters: Encounter[] = [];
  for (const late of staged.slices) {
    const from = late.segments.reduce(
      (min, { minTimeUs }) => (minTimeUs < min ? minTimeUs : min),
      late.segments[0]?.minTimeUs ?? 0n,
    );
    const to = late.segments.reduce(
      (max, { maxTimeUs }) => (maxTimeUs > max ? maxTimeUs : max),
      from,
    );
    for (const cold of await listLiveSlices(db, run.dataset.name, from, to)) {
      if (!hasIdentity(cold.columns, identity)) continue;
      const near = cold.segments.filter(
        ({ minTimeUs, maxTimeUs }) => minTimeUs <= to && maxTimeUs >= from,
      );
      const meeting = await meetingOf(settling, [late], { ...cold, segments: near });
      const count = await countMatches(meeting);
      if (count.rows > 0) encounters.push({ late, cold, meeting, count });
    }
  }
  return encounters;
}

export async function meetingOf(
  { rooms, run, identity, open }: Settling,
  late: readonly StagedSlice[],
  cold: LiveSlice,
): Promise<Meeting> {
  const latePaths = late.flatMap(({ segments }) => segments.map(({ path }) => path));
  const coldPaths: string[] = [];
  for (const { key } of cold.segments) coldPaths.push(await open(key));
  return {
    engine: rooms.engine,
    identity,
    late: { paths: latePaths, columns: run.columns },
    cold: { paths: coldPaths, columns: cold.columns },
    signal: run.signal,
  };
}
