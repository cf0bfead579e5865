/** A surveyor over a test database and, where given, a Redis. */
import type { Dataset } from '../../src/domain/dataset.ts';
import type { DrainSource } from '../../src/domain/drain/source.ts';
import { TierdError } from '../../src/domain/errors.ts';
import type { Survey } from '../../src/domain/survey/survey.ts';
import { connect } from '../../src/hot/server/connect.ts';
import type { SurveyRooms } from '../../src/jobs/survey/rooms.ts';
import { Surveyor } from '../../src/jobs/survey.ts';
import { connectLive } from '../../src/live/connect.ts';
import type { TestDatabase } from './database.ts';
import { targetOf } from './live-target.ts';
import { NOW } from './rotation.ts';

export interface SurveyScene {
  /** Another survey by the same surveyor, which remembers. */
  readonly take: (changes?: Partial<SurveyRooms>, signal?: AbortSignal) => Promise<Survey>;
  readonly noteLakeNews: () => void;
  /** Lets time go by for what is looked at now and then. */
  readonly later: (ms: number) => void;
}

export function openSurvey(
  database: Pick<TestDatabase, 'url'>,
  parts: {
    readonly datasets: readonly Dataset[];
    readonly redisUrl?: string;
    readonly sources?: readonly DrainSource[];
  },
): SurveyScene {
  const { datasets, redisUrl, sources = [] } = parts;
  let aheadMs = 0;
  const surveyor = new Surveyor(() => performance.now() + aheadMs);
  const rooms: SurveyRooms = {
    connect: () => connect({ url: database.url, job: 'survey', connectTimeoutMs: 2_000 }),
    connectLive: redisUrl === undefined ? null : () => connectLive(targetOf(redisUrl), 'survey'),
    store: {
      place: '/lake',
      tiers: null,
      stat: () => Promise.resolve(null),
      read: () => {
        throw new TierdError({ code: 'OBJECT_MISSING', message: 'nothing is there', context: {} });
      },
      lookWritable: () => Promise.resolve(),
      freeBytes: () => Promise.resolve(5_000),
      readable: (key) => Promise.resolve(`/lake/${key}`),
    },
    lakeLookMs: 0,
    minFreeBytes: 1_000,
    clock: { now: () => NOW + aheadMs },
    liveSettings: { drainIntervalMs: 10_000, waitReplicas: 0 },
    datasets,
    sources,
    keepsBackups: false,
  };
  return {
    take: (changes = {}, signal = AbortSignal.timeout(20_000)) =>
      surveyor.take({ ...rooms, ...changes }, signal),
    noteLakeNews: () => surveyor.noteLakeNews(),
    later: (ms) => {
      aheadMs += ms;
    },
  };
}
