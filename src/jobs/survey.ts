/**
 * survey: what the stores hold, for a daemon that tells it twice a minute. Looks as cheaply as it can
 * (indexes, sizes, the planner's estimates, the ledger's totals), and less often at what takes long.
 * Changes nothing, and takes no lock that anybody but a drop would wait for.
 */
import type { DatasetSurvey, SourceSurvey, Survey } from '../domain/survey/survey.ts';
import { lagOf, NOTHING_COLD, ratioOf } from '../domain/survey/survey.ts';
import { formatTable } from '../domain/table.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import { UNSEEN_DATASET } from './survey/look-at-dataset.ts';
import { type HotLook, lookAtHot, UNSEEN_HOT_STORE } from './survey/look-at-hot.ts';
import { type LakeLook, LakeLooker, lakeProblem } from './survey/look-at-lake.ts';
import { sumOf } from './survey/look-at-ledger.ts';
import {
  type LiveLook,
  lookAtLive,
  UNSEEN_BACKLOG,
  UNSEEN_LIVE_STORE,
} from './survey/look-at-live.ts';
import { Pace } from './survey/pace.ts';
import type { SurveyRooms } from './survey/rooms.ts';

/** Remembers what it saw, so that what can't be looked at now keeps its last figures. */
export class Surveyor {
  readonly #pace: Pace;
  #hot = UNSEEN_HOT_STORE;
  #live = UNSEEN_LIVE_STORE;
  readonly #lake: LakeLooker;
  #isLedgerNews = false;

  constructor(monotonicMs: () => number) {
    this.#pace = new Pace(monotonicMs);
    this.#lake = new LakeLooker(monotonicMs);
  }

  /** Something is in the ledger that people wait for: the next survey reads it, however lately it was. */
  noteLedgerNews(): void {
    this.#isLedgerNews = true;
  }

  /** Somebody could not use the lake: the next survey looks at it, however lately it was well. */
  noteLakeNews(): void {
    this.#lake.forget();
  }

  /**
   * One at a time. Never throws for a store that is away or slow: the survey says so.
   * @param signal aborts what hangs; the survey that comes back then has the figures of before
   */
  async take(rooms: SurveyRooms, signal: AbortSignal): Promise<Survey> {
    const began = rooms.clock.now();
    const { connectLive } = rooms;
    if (this.#isLedgerNews) this.#pace.forget('ledger');
    this.#isLedgerNews = false;
    const kept = await this.#lake.kept(rooms.store, rooms.lakeLookMs);
    const lookAtLake = () =>
      this.#lake.look(rooms.store, this.#hot.ledgerOfLake?.newest ?? null, signal);
    const [hot, live, seen] = await Promise.all([
      lookAtHot(rooms, this.#pace, this.#hot, signal),
      connectLive === null
        ? UNSEEN_LIVE_STORE
        : lookAtLive(rooms, connectLive, this.#pace, this.#live, signal),
      kept ?? lookAtLake(),
    ]);
    [this.#hot, this.#live] = [hot, live];
    // What was seen before the lake was first used, or taken over, is no longer how it is.
    const isOver = kept !== null && lakeProblem(kept, hot.ledgerOfLake, rooms.store) !== null;
    const lake = isOver ? await lookAtLake() : seen;
    return assemble(rooms, hot, live, lake, began);
  }
}

function assemble(
  rooms: SurveyRooms,
  hot: HotLook,
  live: LiveLook,
  lake: LakeLook,
  began: EpochMs,
): Survey {
  const now = rooms.clock.now();
  const datasets = rooms.datasets.map((dataset): DatasetSurvey => {
    const { dueAfterRun: _, ...look } = hot.datasets.get(dataset.name) ?? UNSEEN_DATASET;
    const cold = hot.ledger?.cold.get(dataset.name) ?? NOTHING_COLD;
    return {
      dataset: dataset.name,
      table: formatTable(dataset.table),
      ...look,
      cold,
      ratio: ratioOf(look.hot, cold),
      lastRun: hot.ledger?.lastRuns.get(dataset.name)?.run ?? null,
      care: hot.care.get(dataset.name) ?? null,
    };
  });
  const store = rooms.connectLive === null ? null : live.store;
  const sources = rooms.sources.map((source) => sourceOf(source, hot, live, now));
  const sum = hot.ledger === null ? null : sumOf(hot.ledger.cold);
  const lakeError = lakeProblem(lake, hot.ledgerOfLake, rooms.store);
  return {
    takenAt: now,
    tookMs: now - began,
    error:
      hot.server.error ??
      store?.error ??
      lakeError ??
      datasets.find(({ error }) => error !== null)?.error ??
      sources.find(({ error }) => error !== null)?.error ??
      null,
    hot: hot.server,
    live: store,
    cold: {
      place: rooms.store.place,
      error: lakeError,
      // The disk in place of a lake that is away is another.
      freeBytes: lakeError === null ? lake.freeBytes : null,
      minFreeBytes: rooms.minFreeBytes,
      segments: sum?.segments ?? null,
      rows: sum?.rows ?? null,
      bytes: sum?.bytes ?? null,
      retiredBytes: hot.ledger?.retiredBytes ?? null,
    },
    datasets,
    sources,
    deadLettersWaiting: hot.ledger?.deadLettersWaiting ?? null,
    backups: rooms.keepsBackups ? (hot.ledger?.backups ?? null) : null,
  };
}

function sourceOf(
  source: SurveyRooms['sources'][number],
  hot: HotLook,
  live: LiveLook,
  now: EpochMs,
): SourceSurvey {
  const record = hot.ledger?.records.get(source.name);
  const backlog = live.backlogs.get(source.name) ?? UNSEEN_BACKLOG;
  const seen = {
    source: source.name,
    dataset: source.dataset.name,
    kind: source.live.kind,
    enabled: source.enabled,
    backlogEntries: backlog.entries,
    backlogKeys: backlog.keys,
    asOf: backlog.asOf,
    waitingSince: backlog.waitingSince,
    error: hot.sourceErrors.get(source.name) ?? backlog.error,
    lastProblem: record?.lastProblem ?? null,
    lastProblemAt: record?.lastProblemAt ?? null,
    entries: record?.entries ?? 0,
    rowsWritten: record?.rows ?? 0,
    deadLettersWaiting: record?.waitingLetters ?? 0,
    lost: record?.lost ?? 0,
    repeated: record?.repeated ?? 0,
    sameKey: record?.sameKey ?? 0,
    lastBatchAt: record?.lastBatchAt ?? null,
  };
  return { ...seen, lagSeconds: lagOf(seen, lagAsOf(hot, live, backlog.asOf, now)) };
}

/**
 * What was looked at less lately than the rest says nothing of now: the drain may have done a lot
 * since. While a store is away nothing is drained, whatever was seen last.
 */
function lagAsOf(hot: HotLook, live: LiveLook, backlogAsOf: EpochMs | null, now: EpochMs): EpochMs {
  const areBothThere = hot.server.error === null && live.store.error === null;
  return areBothThere ? Math.min(now, hot.ledgerAsOf ?? now, backlogAsOf ?? now) : now;
}
