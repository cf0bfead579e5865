/** The daemon's look at the stores, wired to its configuration. */
import type { TierdConfig } from '../../config/load.ts';
import type { Calendar } from '../../domain/survey/calendar.ts';
import type { MovedRun } from '../../domain/survey/flow.ts';
import type { Survey } from '../../domain/survey/survey.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { EpochMs, TimeRange } from '../../domain/time/time-range.ts';
import { connect, disconnect } from '../../hot/server/connect.ts';
import { readCalendar } from '../../jobs/calendar.ts';
import { Surveyor } from '../../jobs/survey.ts';
import { hasLedger } from '../../ledger/migrate.ts';
import { listMovedSince } from '../../ledger/survey.ts';
import { openLake } from '../rooms/open-lake.ts';
import { CalendarCache } from './calendar-cache.ts';

export interface SurveyParts {
  readonly take: (signal: AbortSignal) => Promise<Survey>;
  /** The next one reads the ledger, however lately it was read. */
  readonly noteLedgerNews: () => void;
  /** The next one looks at the lake, however lately it was well. */
  readonly noteLakeNews: () => void;
  readonly readCalendar: (dataset: string, range: TimeRange) => Promise<Calendar | null>;
  readonly readMoved: (since: EpochMs) => Promise<readonly MovedRun[]>;
}

/** A calendar that takes longer is given up. */
const CALENDAR_LIMIT_MS = 20_000;

export function composeSurvey(
  clock: Clock,
  config: () => TierdConfig,
  survey: () => Survey | null,
): SurveyParts {
  const surveyor = new Surveyor(() => performance.now());
  const calendars = new CalendarCache(clock);
  const open = () => {
    const { url, connectTimeoutMs } = config().postgres;
    return connect({ url, job: 'survey', connectTimeoutMs });
  };
  return {
    take: async (signal) => surveyor.take(await roomsOf(config(), clock, open), signal),
    noteLedgerNews: () => surveyor.noteLedgerNews(),
    noteLakeNews: () => surveyor.noteLakeNews(),
    readCalendar: async (name, range) => {
      const dataset = config().datasets.find((candidate) => candidate.name === name);
      if (dataset === undefined) return null;
      const seen = survey()?.datasets.find((one) => one.dataset === name);
      // A restore or a removal changes the days as well as a rotation.
      const change = [seen?.lastRun?.finishedAt, seen?.cold.segments, seen?.cold.rows].join();
      return calendars.read(name, range, change, () => {
        const limit = AbortSignal.timeout(CALENDAR_LIMIT_MS);
        const rooms = { connect: open, clock };
        return readCalendar(rooms, dataset, range, hasBacklog(survey(), name), limit);
      });
    },
    readMoved: async (since) => {
      const db = await open();
      try {
        return (await hasLedger(db)) ? await listMovedSince(db, since) : [];
      } finally {
        await disconnect(db);
      }
    },
  };
}

type SurveyRooms = Parameters<Surveyor['take']>[0];

async function roomsOf(
  config: TierdConfig,
  clock: Clock,
  open: SurveyRooms['connect'],
): Promise<SurveyRooms> {
  const { redis, lake, drain, datasets, backup } = config;
  return {
    connect: open,
    connectLive:
      redis === undefined
        ? null
        : async () => {
            const { connectLive } = await import('../../live/connect.ts');
            return connectLive(redis, 'survey');
          },
    store: await openLake(config),
    lakeLookMs: lake.type === 's3' ? lake.lookIntervalMs : 0,
    minFreeBytes: lake.minFreeBytes,
    clock,
    liveSettings: { drainIntervalMs: drain.intervalMs, waitReplicas: redis?.waitReplicas ?? 0 },
    datasets,
    sources: redis === undefined ? [] : drain.sources,
    keepsBackups: backup !== undefined,
  };
}

function hasBacklog(survey: Survey | null, dataset: string): boolean {
  return (survey?.sources ?? []).some(
    (source) =>
      source.dataset === dataset &&
      source.enabled &&
      source.kind !== 'snapshot' &&
      (source.backlogEntries ?? 0) > 0,
  );
}
