/** How a query reads Redis: composed only where it may have to. */

import type { DrainSource } from '../../domain/drain/source.ts';
import { TierdError } from '../../domain/errors.ts';
import { linkSignals } from '../../domain/linked-signal.ts';
import type { LiveTarget } from '../../domain/live/live-target.ts';
import { systemClock } from '../../domain/time/clock.ts';
import {
  type FoundWaiting,
  findWaiting,
  planWaiting,
  type SettledWaiting,
  settleWaiting,
} from '../../jobs/drain/waiting-rows.ts';
import { connectLive, type LiveStore } from '../../live/connect.ts';
import { lookAhead } from '../../live/look-ahead.ts';
import { WaitingRoom } from '../../live/read-waiting.ts';
import type { LiveSide, SettledSource } from '../../query/live/live-side.ts';

/** What the process of a query is told of Redis, where its question may be about it. */
export interface LiveTask {
  readonly isWith: boolean;
  readonly redis: LiveTarget;
  readonly sources: readonly DrainSource[];
  readonly maxRows: number;
  /** For all that is read of Redis for one question. */
  readonly timeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
}

/** Of entries, whatever they are: rows of them come to several times as much. */
const MAX_BYTES = 64 * 1024 ** 2;

export function openLiveSide(task: LiveTask, signal: AbortSignal): LiveSide {
  const { sources, isWith, maxRows, timeoutMs } = task;
  const named = (names: readonly string[]): readonly DrainSource[] =>
    sources.filter(({ name }) => names.includes(name));
  const inRedis = <Result>(
    work: (store: LiveStore, within: AbortSignal) => Promise<Result>,
  ): Promise<Result> => withStore(task.redis, timeoutMs, signal, work);
  return {
    isWith,
    sources: sources.map(({ name, dataset, enabled }) => ({
      name,
      dataset: dataset.name,
      isEnabled: enabled,
    })),
    async look(db, names, columnsOnly) {
      const chosen = named(names);
      const found: FoundWaiting[] = [];
      if (columnsOnly) {
        for (const source of chosen) found.push(await planWaiting({ db, settings: task }, source));
      } else {
        const room = new WaitingRoom(maxRows, MAX_BYTES);
        await inRedis(async (store, within) => {
          const rooms = { db, settings: task, clock: systemClock, signal: within, room };
          for (const source of chosen) found.push(await findWaiting(rooms, store, source));
        });
      }
      return {
        async settle(client) {
          const settled: SettledSource[] = [];
          for (const [slot, one] of found.entries()) {
            settled.push(told(await settleWaiting(client, one, systemClock, slot)));
          }
          return settled;
        },
      };
    },
    count: (names) =>
      inRedis(async (store, within) => {
        const counts = [];
        for (const source of named(names)) {
          const look = { sampleSize: 0, clock: systemClock, signal: within };
          const { entries } = await lookAhead(store, source.live, look);
          counts.push({ source: source.name, entries, place: store.place });
        }
        return counts;
      }),
  };
}

function told({
  source,
  rows,
  deadLetters,
  isUnsure,
  mayBeTwice,
  rules,
  given,
  after,
}: SettledWaiting): SettledSource {
  return {
    name: source.name,
    dataset: source.dataset.name,
    rows: rows.length,
    deadLetters,
    isUnsure,
    mayBeTwice,
    unknownColumns: rules.columns
      .filter(({ isDefaultKnown, given: place, generated }) => {
        return place < 0 && generated === null && !isDefaultKnown;
      })
      .map(({ name }) => name),
    columns: rules.columns.filter(({ given: place }) => place >= 0).map(({ name }) => name),
    given,
    after,
  };
}

/** One connection for one look: closed at its end, and when it has taken too long. */
async function withStore<Result>(
  redis: LiveTarget,
  timeoutMs: number,
  signal: AbortSignal,
  work: (store: LiveStore, within: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController();
  let store: LiveStore | null = null;
  const timer = setTimeout(() => {
    late.abort();
    // What waits for an answer is told at once.
    store?.close();
  }, timeoutMs);
  const { signal: within, release } = linkSignals(signal, late.signal);
  try {
    store = await connectLive(redis, 'query', within);
    return await work(store, within);
  } catch (error) {
    if (late.signal.aborted && !signal.aborted) throw tooSlow(timeoutMs, error);
    throw error;
  } finally {
    clearTimeout(timer);
    release();
    store?.close();
  }
}

function tooSlow(timeoutMs: number, cause: unknown): TierdError {
  return new TierdError({
    code: 'REDIS_UNREACHABLE',
    message: `what waits in Redis could not be read within query.live_timeout, ${String(timeoutMs / 1000)} s; nothing was answered`,
    hint: 'ask without live rows, look with `tierd status` what keeps Redis busy, or raise query.live_timeout',
    cause,
  });
}
