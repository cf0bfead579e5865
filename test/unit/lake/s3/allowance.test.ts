import { describe, expect, it } from 'vitest';
import { Allowance } from '../../../../src/lake/s3/allowance.ts';

/** What a turn that nobody waits for may be early by: see MADE_UP_FOR_MS. A timer leaves out the fraction of its milliseconds as well. */
const EARLY_MS = 103;

async function takesMs(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

describe('an allowance', () => {
  it('is one for all who ask at once', async () => {
    const allowance = new Allowance(50);
    const asking = () => Promise.all(Array.from({ length: 21 }, () => allowance.take(1)));
    expect(await takesMs(asking)).toBeGreaterThanOrEqual(20 * 20 - EARLY_MS);
  });

  it('counts what is taken, not how often', async () => {
    const allowance = new Allowance(1_000_000);
    const both = async () => {
      await allowance.take(500_000);
      await allowance.take(1);
    };
    expect(await takesMs(both)).toBeGreaterThanOrEqual(500 - EARLY_MS);
  });

  it('serves them in the order in which they asked', async () => {
    const allowance = new Allowance(200);
    const served: number[] = [];
    const ask = (number: number) => allowance.take(1).then(() => served.push(number));
    await Promise.all([1, 2, 3, 4, 5].map(ask));
    expect(served).toEqual([1, 2, 3, 4, 5]);
  });

  it('of 0 is none', async () => {
    const allowance = new Allowance(0);
    for (let times = 0; times < 1_000; times += 1) await allowance.take(1e12);
  });

  it('is not waited for by those who are aborted, who have taken nothing of it', async () => {
    const allowance = new Allowance(2);
    await allowance.take(1);
    const waiting = new AbortController();
    const behind = new AbortController();
    const first = allowance.take(1e9, waiting.signal);
    const second = allowance.take(1e9, behind.signal);
    behind.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    waiting.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    // Else it would wait for years.
    await allowance.take(1);
  });
});
