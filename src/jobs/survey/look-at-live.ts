/** Redis' part of a survey: its servers, what endangers entries, what waits in each source. */
import type { DrainSource } from '../../domain/drain/source.ts';
import { TierdError } from '../../domain/errors.ts';
import { judgeLiveHealth, judgeTtls, type SourceAtRisk } from '../../domain/live/live-health.ts';
import type { LiveSurvey } from '../../domain/survey/survey.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { LiveStore } from '../../live/connect.ts';
import { lookAhead } from '../../live/look-ahead.ts';
import { lookAtTtls, readHealth } from '../../live/read-health.ts';
import { asTierdError } from '../job-failure.ts';
import { openInTime } from './open-in-time.ts';
import type { Pace } from './pace.ts';
import type { SurveyRooms } from './rooms.ts';

export interface BacklogLook {
  readonly entries: number | null;
  readonly keys: number | null;
  readonly asOf: EpochMs | null;
  readonly waitingSince: EpochMs | null;
  readonly error: string | null;
}

export interface LiveLook {
  readonly store: LiveSurvey;
  readonly risks: readonly SourceAtRisk[];
  readonly backlogs: ReadonlyMap<string, BacklogLook>;
}

export const UNSEEN_LIVE_STORE: LiveLook = {
  store: { reachable: false, error: null, place: null, servers: [], warnings: [] },
  risks: [],
  backlogs: new Map(),
};

export const UNSEEN_BACKLOG: BacklogLook = {
  entries: null,
  keys: null,
  asOf: null,
  waitingSince: null,
  error: null,
};

/** Settings and habits of writers do not change by the minute. */
const RISKS_EVERY_MS = 10 * 60_000;

/** Never throws: what can't be looked at is told, beside what was seen before. */
export async function lookAtLive(
  rooms: SurveyRooms,
  connectLive: () => Promise<LiveStore>,
  pace: Pace,
  before: LiveLook,
  signal: AbortSignal,
): Promise<LiveLook> {
  let store: LiveStore;
  try {
    store = await openInTime(connectLive, (late) => late.close(), signal);
  } catch (error) {
    return withError(before, signal.aborted ? tooSlow() : asTierdError(error));
  }
  const hangUp = (): void => store.close();
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    signal.throwIfAborted();
    return await lookAt(rooms, store, pace, before, signal);
  } catch (error) {
    return withError(before, signal.aborted ? tooSlow() : asTierdError(error));
  } finally {
    signal.removeEventListener('abort', hangUp);
    store.close();
  }
}

async function lookAt(
  rooms: SurveyRooms,
  store: LiveStore,
  pace: Pace,
  before: LiveLook,
  signal: AbortSignal,
): Promise<LiveLook> {
  const servers = await readHealth(store);
  const specs = rooms.sources.map(({ live }) => live);
  const risks = pace.isDue('risks')
    ? await pace.spend('risks', RISKS_EVERY_MS, () => lookAtTtls(store, specs, signal))
    : before.risks;
  const checks = [
    ...servers.flatMap((health) => judgeLiveHealth(health, risks, rooms.liveSettings)),
    ...judgeTtls(risks, rooms.liveSettings),
  ];
  const backlogs = new Map<string, BacklogLook>();
  for (const source of rooms.sources) {
    const last = before.backlogs.get(source.name) ?? UNSEEN_BACKLOG;
    backlogs.set(source.name, await countWaiting(rooms, store, source, pace, last, signal));
  }
  return {
    store: {
      reachable: true,
      error: null,
      place: store.place,
      servers,
      warnings: checks
        .filter(({ status }) => status !== 'ok')
        .map(({ name, found }) => `${name}: ${found}`),
    },
    risks,
    backlogs,
  };
}

async function countWaiting(
  { clock }: SurveyRooms,
  store: LiveStore,
  source: DrainSource,
  pace: Pace,
  before: BacklogLook,
  signal: AbortSignal,
): Promise<BacklogLook> {
  const what = `backlog ${source.name}`;
  if (!pace.isDue(what)) return before;
  try {
    const options = { sampleSize: 0, clock, signal };
    const { keys, entries } = await pace.spend(what, 0, () =>
      lookAhead(store, source.live, options),
    );
    const asOf = clock.now();
    const waitingSince = entries === 0 ? null : (before.waitingSince ?? asOf);
    return { entries, keys, asOf, waitingSince, error: null };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asTierdError(thrown);
    if (error.isAway) throw error;
    return { ...before, error: error.message };
  }
}

function withError(before: LiveLook, error: TierdError): LiveLook {
  return { ...before, store: { ...before.store, reachable: false, error: error.message } };
}

function tooSlow(): TierdError {
  return new TierdError({
    code: 'REDIS_UNREACHABLE',
    message: 'Redis did not answer in time; the figures are those of before',
    hint: 'see SLOWLOG GET; the next survey tries again',
  });
}
