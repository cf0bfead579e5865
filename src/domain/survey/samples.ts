/** What the surveys of the last weeks saw of the drain: a bounded list, finer for what is newer. */

import { DAY_MS, type EpochMs } from '../time/time-range.ts';
import type { Survey } from './survey.ts';

export interface DrainSample {
  readonly atMs: EpochMs;
  readonly sources: readonly SourceSample[];
}

export interface SourceSample {
  readonly source: string;
  readonly lagSeconds: number | null;
  readonly backlog: number | null;
  /** By the ledger, since the first drain ever. */
  readonly rowsWritten: number;
}

/** A day at one every 30 s, with room to halve. */
const MAX_SAMPLES = 4_096;
/** With hundreds of sources there are fewer samples: about 10 MB is the most they take. */
const MAX_POINTS = 60_000;
const FORGET_AFTER_MS = 31 * DAY_MS;

/**
 * With the sample of a new survey, oldest first. When there are too many, the older half becomes
 * half as fine: of two neighbours one is left, with the worse lag and backlog of both.
 */
export function addSample(samples: readonly DrainSample[], survey: Survey): readonly DrainSample[] {
  const sample: DrainSample = {
    atMs: survey.takenAt,
    sources: survey.sources.map(({ source, lagSeconds, backlogEntries, rowsWritten }) => ({
      source,
      lagSeconds,
      backlog: backlogEntries,
      rowsWritten,
    })),
  };
  const before = within(samples, sample.atMs - FORGET_AFTER_MS, sample.atMs);
  const most = Math.min(
    MAX_SAMPLES,
    Math.max(16, Math.floor(MAX_POINTS / Math.max(1, sample.sources.length))),
  );
  return before.length < most ? [...before, sample] : [...thinned(before), sample];
}

/** A clock that was set back leaves out what was sampled after it: it would stand in no order. */
function within(
  samples: readonly DrainSample[],
  afterMs: EpochMs,
  beforeMs: EpochMs,
): readonly DrainSample[] {
  const isWhole =
    (samples[0]?.atMs ?? beforeMs) > afterMs && (samples.at(-1)?.atMs ?? afterMs) < beforeMs;
  return isWhole ? samples : samples.filter(({ atMs }) => atMs > afterMs && atMs < beforeMs);
}

function thinned(samples: readonly DrainSample[]): readonly DrainSample[] {
  const half = Math.ceil(samples.length / 4) * 2;
  const old: DrainSample[] = [];
  for (let at = 0; at < half; at += 2) {
    const [a, b] = [samples[at], samples[at + 1]];
    if (a === undefined) break;
    old.push(b === undefined ? a : worseOf(a, b));
  }
  return [...old, ...samples.slice(half)];
}

function worseOf(a: DrainSample, b: DrainSample): DrainSample {
  const earlier = new Map(a.sources.map((entry) => [entry.source, entry]));
  return {
    atMs: b.atMs,
    sources: b.sources.map((entry) => {
      const other = earlier.get(entry.source);
      if (other === undefined) return entry;
      return {
        ...entry,
        lagSeconds: most(entry.lagSeconds, other.lagSeconds),
        backlog: most(entry.backlog, other.backlog),
      };
    }),
  };
}

/** Null where neither is known. */
export function most(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}
