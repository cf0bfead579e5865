/** Rows on their way down the stores, by stretches of time that a chart can show. */

import { DAY_MS, type EpochMs, HOUR_MS } from '../time/time-range.ts';
import { type DrainSample, most } from './samples.ts';

export interface FlowWindow {
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  readonly bucketSeconds: number;
}

export interface MovedRun {
  readonly endedAtMs: EpochMs;
  readonly rows: number;
  readonly bytes: number;
}

export interface Flow extends FlowWindow {
  readonly moved: readonly {
    readonly atMs: EpochMs;
    readonly rows: number;
    readonly bytes: number;
  }[];
  readonly drained: readonly { readonly atMs: EpochMs; readonly rows: number }[];
  readonly lag: readonly {
    readonly atMs: EpochMs;
    readonly source: string;
    readonly seconds: number | null;
    readonly backlog: number | null;
  }[];
}

/** A chart of more has bars of less than a few pixels. */
const MAX_BUCKETS = 120;
const BUCKETS_SECONDS = [60, 300, 900, 1_800, 3_600, 2 * 3_600, 6 * 3_600, DAY_MS / 1_000] as const;

/** The last `hours`, its ends widened to whole buckets. */
export function flowWindow(now: EpochMs, hours: number): FlowWindow {
  const spanMs = hours * HOUR_MS;
  const bucketSeconds =
    BUCKETS_SECONDS.find((seconds) => spanMs / (seconds * 1000) <= MAX_BUCKETS) ?? DAY_MS / 1000;
  const bucketMs = bucketSeconds * 1000;
  const toMs = Math.ceil((now + 1) / bucketMs) * bucketMs;
  return { fromMs: Math.floor((now - spanMs) / bucketMs) * bucketMs, toMs, bucketSeconds };
}

/**
 * `moved` has every bucket, also those without a run; `drained` and `lag` those in which a sample
 * lies. Of several samples in a bucket, `lag` has the worst of each source.
 */
export function flowOf(
  window: FlowWindow,
  runs: readonly MovedRun[],
  samples: readonly DrainSample[],
): Flow {
  return {
    ...window,
    moved: movedIn(window, runs),
    drained: drainedIn(window, samples),
    lag: lagIn(window, samples),
  };
}

function bucketOf({ bucketSeconds }: FlowWindow, at: EpochMs): EpochMs {
  const bucketMs = bucketSeconds * 1000;
  return Math.floor(at / bucketMs) * bucketMs;
}

function movedIn(window: FlowWindow, runs: readonly MovedRun[]): Flow['moved'] {
  const buckets = new Map<EpochMs, { rows: number; bytes: number }>();
  for (let at = window.fromMs; at < window.toMs; at += window.bucketSeconds * 1000) {
    buckets.set(at, { rows: 0, bytes: 0 });
  }
  for (const run of runs) {
    const bucket = buckets.get(bucketOf(window, run.endedAtMs));
    if (bucket === undefined) continue;
    bucket.rows += run.rows;
    bucket.bytes += run.bytes;
  }
  return [...buckets].map(([atMs, sums]) => ({ atMs, ...sums }));
}

function drainedIn(window: FlowWindow, samples: readonly DrainSample[]): Flow['drained'] {
  const buckets = new Map<EpochMs, number>();
  const written = new Map<string, number>();
  for (const { atMs, sources } of samples) {
    let rows = 0;
    for (const { source, rowsWritten } of sources) {
      // A ledger that was made anew begins to count from 0 again.
      const before = written.get(source);
      if (before !== undefined && rowsWritten > before) rows += rowsWritten - before;
      written.set(source, rowsWritten);
    }
    if (atMs < window.fromMs || atMs >= window.toMs) continue;
    const bucket = bucketOf(window, atMs);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + rows);
  }
  return [...buckets].map(([atMs, rows]) => ({ atMs, rows }));
}

function lagIn(window: FlowWindow, samples: readonly DrainSample[]): Flow['lag'] {
  const worst = new Map<string, Flow['lag'][number]>();
  for (const { atMs, sources } of samples) {
    if (atMs < window.fromMs || atMs >= window.toMs) continue;
    const bucket = bucketOf(window, atMs);
    for (const { source, lagSeconds, backlog } of sources) {
      const key = `${String(bucket)} ${source}`;
      const other = worst.get(key);
      worst.set(key, {
        atMs: bucket,
        source,
        seconds: most(lagSeconds, other?.seconds ?? null),
        backlog: most(backlog, other?.backlog ?? null),
      });
    }
  }
  return [...worst.values()];
}
