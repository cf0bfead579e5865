import { describe, expect, it } from 'vitest';
import { pacer } from '../../../src/jobs/rotation/move/pacer.ts';

/** A pacer of `maxRowsPerSecond` on a clock that stands still, and how often it said that it is alive. */
function paced(maxRowsPerSecond: number): {
  readonly slowDown: (rows: bigint) => Promise<void>;
  readonly stop: () => void;
  readonly signsOfLife: () => number;
} {
  const stopping = new AbortController();
  let signs = 0;
  const slowDown = pacer({
    maxRowsPerSecond,
    clock: { now: () => 0 },
    signal: stopping.signal,
    sayAlive: async () => {
      signs += 1;
      await Promise.resolve();
    },
  });
  return { slowDown, stop: () => stopping.abort(), signsOfLife: () => signs };
}

describe('slowing a deletion down', () => {
  it('does not wait where there is no limit', async () => {
    const { slowDown, signsOfLife } = paced(0);
    await slowDown(1_000_000n);
    expect(signsOfLife()).toBe(0);
  });

  it('tells the server within each second that it is still there', async () => {
    const { slowDown, signsOfLife } = paced(1_000);
    await slowDown(1_200n);
    expect(signsOfLife()).toBe(2);
  });

  it('waits no longer when it is stopped', async () => {
    const { slowDown, stop, signsOfLife } = paced(1);
    const waiting = slowDown(1_000_000n);
    stop();
    await waiting;
    expect(signsOfLife()).toBe(1);
  });
});
