import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitedTo } from '../../../../src/lake/parts/limited-to.ts';

describe('steps that are limited', () => {
  it('run so many at once, and all of them, whichever fail', async () => {
    let running = 0;
    let most = 0;
    const limited = limitedTo(3);
    const steps = Array.from({ length: 20 }, (_, index) =>
      limited(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (index % 4 === 0) throw new Error(String(index));
        return index;
      }),
    );
    const ended = await Promise.allSettled(steps);
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(15);
    expect(most).toBe(3);
  });

  it('take no more together than there is, and one that takes more takes all of it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 15 }), { maxLength: 30 }),
        async (weights) => {
          let taken = 0;
          const limited = limitedTo(10);
          const done = await Promise.all(
            weights.map((weight, index) =>
              limited(async () => {
                taken += Math.min(10, weight);
                expect(taken).toBeLessThanOrEqual(10);
                await new Promise((resolve) => setImmediate(resolve));
                taken -= Math.min(10, weight);
                return index;
              }, weight),
            ),
          );
          expect(done).toEqual(weights.map((_, index) => index));
          expect(taken).toBe(0);
        },
      ),
    );
  });
});
