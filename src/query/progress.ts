/** How far a query has come, for the message when it fails and for what is told of its answer. */
import type { SnapshotVersion } from '../domain/lake/snapshot-version.ts';
import type { Fetched } from '../lake/segment-files.ts';
import type { LoadedDataset } from './create-views.ts';
import type { JudgeSegments, QueryStage } from './failures.ts';
import type { LiveCount, LiveRead } from './live/live-side.ts';
import type { LoadedSource } from './live/load-live.ts';
import type { DatasetPlan } from './query-plan.ts';
import type { QueryHead, QueryLake } from './query-request.ts';
import type { ColdCatalog } from './segments/cold-catalog.ts';

export interface Progress {
  isRepeatable: boolean;
  stage: QueryStage;
  version: SnapshotVersion;
  loaded: readonly LoadedDataset[];
  /** Keys of those that were left out. */
  skipped: readonly string[];
  /** Null until a segment was to be read. */
  store: QueryLake['store'] | null;
  /** Where the segments are read; null until they are open, and where these are parts that may be tierd's own fault. */
  locate: ((key: string) => string) | null;
  /** Tells of segments whether they are what the ledger says; null until they are open. */
  judge: JudgeSegments | null;
  fetched: Fetched | null;
  known: Pick<ColdCatalog, 'datasets' | 'emptyDatasets'>;
  notes: readonly string[];
  plan: readonly DatasetPlan[] | null;
  /** Null where Redis was not read. */
  live: readonly LiveRead[] | null;
  loadedLive: readonly LoadedSource[];
  /** What waits, where it was only counted. */
  waiting: readonly LiveCount[];
}

const NO_VERSION: SnapshotVersion = { epoch: 0, moves: 0, newestMove: null };

export function notBegun(): Progress {
  return {
    isRepeatable: false,
    stage: 'parse',
    version: NO_VERSION,
    loaded: [],
    skipped: [],
    store: null,
    locate: null,
    judge: null,
    fetched: null,
    known: { datasets: [], emptyDatasets: [] },
    notes: [],
    plan: null,
    live: null,
    loadedLive: [],
    waiting: [],
  };
}

export function headOf({ version, loaded, skipped, fetched, live }: Progress): QueryHead {
  return {
    version,
    segmentsRead: sum(loaded, ({ segments }) => segments.length),
    segmentsLive: sum(loaded, ({ dataset }) => sum(dataset.schemas, ({ segments }) => segments)),
    segmentsSkipped: skipped,
    coldRows: sum(loaded, ({ segments }) => sum(segments, ({ rows }) => Number(rows))),
    hotRows: sum(
      loaded,
      ({ hotRows, parts }) => (hotRows?.rows ?? 0) + sum(parts ?? [], ({ rows }) => rows),
    ),
    fetched,
    liveRows: live === null ? null : sum(live, ({ rows }) => rows),
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
