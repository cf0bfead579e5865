/** Limits on what a rotation may do, for all datasets and again for one. */
import { z } from 'zod';
import type { RotationLimits } from '../domain/dataset.ts';
import { duration, share, wholeNumber } from './fields.ts';
import { parseDuration } from './units.ts';

const maxShare = share(
  'Refuse a run that would move more than this share of a table: more likely a wrong clock or a wrong hot_days than a real backlog. `--force` overrides once.',
);
const maxShareMinRows = wholeNumber(
  { min: 0, max: 1_000_000_000_000 },
  'Tables with fewer rows than this are exempt from max_share.',
);
const maxClockSkew = duration(
  'Refuse when this machine and the database disagree about the time by more than this.',
);
const maxClockJump = duration(
  "Refuse when this machine's clock is further than this ahead of the last run: a clock that jumped would move everything.",
);
const maxFuture = duration(
  'Refuse when rows lie further in the future than this. Rows of the future never move the cutoff.',
);
const maxReplicaLag = duration(
  'Stop between slices, keeping what is done, while a replica lags by more than this. 0s is no limit.',
);
const maxRowsPerSecond = wholeNumber(
  { min: 0, max: 1_000_000_000 },
  'Read no faster than this from the source. 0 is no limit.',
);
const pauseBetweenSlices = duration('Rest between two slices, for a busy database.');

export const guardsSection = z.strictObject({
  max_share: maxShare.default(0.5),
  max_share_min_rows: maxShareMinRows.default(10_000),
  max_clock_skew: maxClockSkew.default('5min'),
  max_clock_jump: maxClockJump.default('30d'),
  max_future: maxFuture.default('1d'),
  max_replica_lag: maxReplicaLag.default('30s'),
  max_rows_per_second: maxRowsPerSecond.default(0),
  pause_between_slices: pauseBetweenSlices.default('0s'),
});

export const guardsOverride = z.strictObject({
  max_share: maxShare.optional(),
  max_share_min_rows: maxShareMinRows.optional(),
  max_clock_skew: maxClockSkew.optional(),
  max_clock_jump: maxClockJump.optional(),
  max_future: maxFuture.optional(),
  max_replica_lag: maxReplicaLag.optional(),
  max_rows_per_second: maxRowsPerSecond.optional(),
  pause_between_slices: pauseBetweenSlices.optional(),
});

export type GuardsFile = z.output<typeof guardsSection>;

export function resolveLimits(guards: GuardsFile, minFreeBytes: number): RotationLimits {
  return {
    maxShare: guards.max_share,
    maxShareMinRows: guards.max_share_min_rows,
    maxClockSkewMs: parseDuration(guards.max_clock_skew),
    maxClockJumpMs: parseDuration(guards.max_clock_jump),
    maxFutureMs: parseDuration(guards.max_future),
    maxReplicaLagMs: parseDuration(guards.max_replica_lag),
    maxRowsPerSecond: guards.max_rows_per_second,
    pauseBetweenSlicesMs: parseDuration(guards.pause_between_slices),
    minFreeBytes,
  };
}
