import type { EpochMs } from './time-range.ts';

/** Where "now" comes from. Jobs are handed one, so that a test can hold or bend time. */
export interface Clock {
  now(): EpochMs;
}

export const systemClock: Clock = { now: () => Date.now() };
