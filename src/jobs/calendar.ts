/** calendar: in which store the rows of each day of a dataset are. Changes nothing. */
import type pg from 'pg';
import type { Dataset } from '../domain/dataset.ts';
import { isHolding } from '../domain/plan/holds.ts';
import { isActive } from '../domain/plan/pins.ts';
import { type Calendar, calendarDays, dayText } from '../domain/survey/calendar.ts';
import type { Clock } from '../domain/time/clock.ts';
import { DAY_MS, type EpochMs, floorToUnit, type TimeRange } from '../domain/time/time-range.ts';
import { daysWithRows } from '../hot/measure/days.ts';
import { glanceAtTable } from '../hot/measure/glance.ts';
import { disconnect } from '../hot/server/connect.ts';
import { describeTable } from '../hot/table/introspect.ts';
import { inTransaction } from '../hot/transaction.ts';
import { coldEdges, listColdSegments, listMovesUnderWay } from '../ledger/calendar.ts';
import { listHolds } from '../ledger/holds.ts';
import { hasLedger } from '../ledger/migrate.ts';
import { listPins } from '../ledger/pins.ts';
import { earlierClock } from './both-clocks.ts';

export interface CalendarRooms {
  readonly connect: () => Promise<pg.Client>;
  readonly clock: Clock;
}

/** Who asks waits for it; a table that needs longer has no index on time. */
const LIMITS = { statementTimeoutMs: 5_000, lockTimeoutMs: 1_000 } as const;

/**
 * All is of one snapshot, so that a day that moves is in one of the two stores.
 *
 * @param range whole UTC days
 * @param hasBacklog something waits in the live store for this dataset
 */
export async function readCalendar(
  rooms: CalendarRooms,
  dataset: Dataset,
  range: TimeRange,
  hasBacklog: boolean,
  signal: AbortSignal,
): Promise<Calendar> {
  const db = await rooms.connect();
  const doing = `reading the calendar of ${dataset.name}`;
  const options = { doing, isolation: 'repeatable read', readOnly: true, limits: LIMITS } as const;
  try {
    return await inTransaction(db, options, async () => {
      const table = await describeTable(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
      const hot = await daysWithRows(db, table, range, signal);
      const hotEdges = await glanceAtTable(db, table);
      const now = rooms.clock.now();
      const earlier = await earlierClock(now, db);
      const ledger = await readLedger(db, dataset.name, range);
      const hotDays = [...hot.days.keys()];
      const days = calendarDays(range, {
        now,
        hot: hot.days,
        oldest: least([hotEdges.oldest, ledger.edges?.oldest ?? null, ...hotDays]),
        newest: greatest([hotEdges.newest, ledger.edges?.newest ?? null, ...hotDays]),
        newestHot: greatest([hotEdges.newest, ...hotDays]),
        segments: ledger.segments,
        moving: ledger.moving,
        pinned: ledger.pins.filter((pin) => isActive(pin, earlier)).map((pin) => pin.range),
        holds: ledger.holds.filter((hold) => isHolding(hold, earlier)),
        hasBacklog,
      });
      return {
        dataset: dataset.name,
        from: dayText(floorToUnit(range.fromInclusive, 'day')),
        to: dayText(range.toExclusive - DAY_MS),
        hotRowsAreEstimated: hot.areEstimated,
        days,
      };
    });
  } finally {
    await disconnect(db);
  }
}

async function readLedger(db: pg.Client, dataset: string, range: TimeRange) {
  if (!(await hasLedger(db))) {
    return { segments: [], moving: [], edges: null, pins: [], holds: [] };
  }
  return {
    segments: await listColdSegments(db, dataset, range),
    moving: await listMovesUnderWay(db, dataset),
    edges: await coldEdges(db, dataset),
    pins: await listPins(db, dataset),
    holds: await listHolds(db, dataset),
  };
}

function least(times: readonly (EpochMs | null)[]): EpochMs | null {
  return times.reduce((a, b) => (a === null ? b : b === null ? a : Math.min(a, b)), null);
}

function greatest(times: readonly (EpochMs | null)[]): EpochMs | null {
  return times.reduce((a, b) => (a === null ? b : b === null ? a : Math.max(a, b)), null);
}
