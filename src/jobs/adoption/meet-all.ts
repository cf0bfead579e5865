/** Slices that are to be taken up, held against the rows that are hot: taken, set aside, or for a person to decide. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import type { KeptSlice } from '../../domain/lake/lake-manifest.ts';
import {
  type AdoptionProblem,
  type HotMeeting,
  isSetAside,
  type Preference,
} from '../../domain/plan/adoption.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { ListedObject } from '../../lake/object-store.ts';
import { type HotSide, type Met, meetHot } from './hot-side.ts';
import type { AdoptionRooms, MonthFinding } from './rooms.ts';

export interface MeetingLook {
  readonly rooms: AdoptionRooms;
  readonly dataset: Dataset;
  /** Null where there is no table (yet). */
  readonly hot: HotSide | null;
  readonly prefer: Preference | null;
  /** For copies of what is not on this machine. */
  readonly directory: string;
}

export async function meetAll(
  look: MeetingLook,
  db: pg.Client,
  live: readonly KeptSlice[],
  there: ReadonlyMap<string, ListedObject>,
): Promise<Pick<MonthFinding, 'taken' | 'setAside' | 'meetings' | 'problems'>> {
  const { dataset, prefer } = look;
  const taken: KeptSlice[] = [];
  const setAside: KeptSlice[] = [];
  const meetings: HotMeeting[] = [];
  const problems: AdoptionProblem[] = [];
  for (const slice of live) {
    const met = await meetSlice(look, db, slice, there);
    if (met === 'untold') problems.push(withoutKey(slice));
    if (met === 'untold' || met === 'not at all') {
      taken.push(slice);
      continue;
    }
    meetings.push(met);
    const isAside = isSetAside(met, prefer);
    (isAside ? setAside : taken).push(slice);
    if (!isAside && dataset.onColdDuplicate !== 'newest') problems.push(keptTwice(dataset, slice));
  }
  return { taken, setAside, meetings, problems };
}

export function meetSlice(
  { rooms, dataset, hot, directory }: MeetingLook,
  db: pg.Client,
  slice: KeptSlice,
  there: ReadonlyMap<string, ListedObject>,
): Promise<Met> {
  // What can't be read can't be compared, and is named already.
  const isThere = slice.segments.every(
    ({ key, bytes }) => BigInt(there.get(key)?.bytes ?? -1) === bytes,
  );
  if (hot === null || !isThere) return Promise.resolve('not at all');
  return meetHot(rooms, db, dataset, hot, slice, (key) =>
    rooms.store.readable(key, directory, rooms.signal),
  );
}

export function withoutKey({ range, segments }: KeptSlice): AdoptionProblem {
  const reason = `rows of its time, ${formatRange(range)}, are in PostgreSQL as well, and no unique key of the table tells whether they are the same`;
  return { kind: 'no_key', key: segments[0]?.key ?? '', reason };
}

function keptTwice(
  { name, onColdDuplicate }: Dataset,
  { range, segments }: KeptSlice,
): AdoptionProblem {
  const reason = `rows of ${formatRange(range)} are in PostgreSQL as well, and with on_cold_duplicate: ${onColdDuplicate} each of them would be read twice; set datasets.${name}.on_cold_duplicate to newest`;
  return { kind: 'kept_twice', key: segments[0]?.key ?? '', reason };
}
