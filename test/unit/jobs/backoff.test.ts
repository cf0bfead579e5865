import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from '../../../src/jobs/drain/backoff.ts';

it('waits grow to half a minute, and no two sources wait alike', () => {
  expect([1, 2, 3].map((attempt) => backoffMs(attempt, 1))).toEqual([200, 400, 800]);
  expect([1, 2, 3].map((attempt) => backoffMs(attempt, 0))).toEqual([100, 200, 400]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const ms = backoffMs(attempt, random);
        expect(ms).toBeGreaterThanOrEqual(100);
        expect(ms).toBeLessThanOrEqual(30_000);
      },
    ),
  );
});
