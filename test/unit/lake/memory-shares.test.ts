import { describe, expect, it } from 'vitest';
import { MemoryShares } from '../../../src/lake/segment/memory-shares.ts';

/** Something that holds a share until it is told to end. */
function holder(shares: MemoryShares, bytes: number) {
  let end = (): void => undefined;
  let hasBegun = false;
  const done = shares.hold(bytes, async () => {
    hasBegun = true;
    await new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  return { hasBegun: () => hasBegun, end: () => end(), done };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('shares of the engine’s memory', () => {
  it('let in what fits beside the others, and the rest as they end', async () => {
    const shares = new MemoryShares(100);
    const [first, second, third] = [60, 40, 10].map((bytes) => holder(shares, bytes));
    await settled();
    expect([first, second, third].map((each) => each?.hasBegun())).toEqual([true, true, false]);
    second?.end();
    await settled();
    expect(third?.hasBegun()).toBe(true);
  });

  it('give what needs more than there is all of it, and let nobody pass it', async () => {
    const shares = new MemoryShares(100);
    const [small, large, late] = [10, 500, 10].map((bytes) => holder(shares, bytes));
    await settled();
    expect([small, large, late].map((each) => each?.hasBegun())).toEqual([true, false, false]);
    small?.end();
    await settled();
    expect([large?.hasBegun(), late?.hasBegun()]).toEqual([true, false]);
    large?.end();
    await settled();
    expect(late?.hasBegun()).toBe(true);
  });

  it('come back from what fails', async () => {
    const shares = new MemoryShares(100);
    await expect(shares.hold(100, () => Promise.reject(new Error('disk full')))).rejects.toThrow(
      'disk full',
    );
    await expect(shares.hold(100, () => Promise.resolve('done'))).resolves.toBe('done');
  });
});
