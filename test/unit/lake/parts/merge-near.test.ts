import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeNear } from '../../../../src/lake/parts/merge-near.ts';

const NEAR = 64;
const RUN = 500;

describe('requests for chunks', () => {
  /** Without overlap, in any order. */
  const chunks = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 700 })), {
      maxLength: 20,
    })
    .map((found) => {
      let at = 4;
      return found.map(([gap, length]) => {
        const start = at + gap;
        at = start + length;
        return { start, end: at };
      });
    })
    .chain((rising) => fc.shuffledSubarray(rising, { minLength: rising.length }));

  it('have each chunk once, whole, and none that could be with its neighbour', () => {
    fc.assert(
      fc.property(chunks, (all) => {
        const runs = mergeNear(all, NEAR, RUN);
        const found = runs.flatMap((run) => run.chunks);
        expect(found).toEqual([...all].sort((a, b) => a.start - b.start));
        for (const [index, { range, chunks: own }] of runs.entries()) {
          expect(range.fromInclusive).toBe(own[0]?.start);
          expect(range.toExclusive).toBe(own.at(-1)?.end);
          const length = range.toExclusive - range.fromInclusive;
          expect(own.length === 1 || length <= RUN).toBe(true);
          const next = runs[index + 1];
          if (next === undefined) continue;
          const isNear = next.range.fromInclusive - range.toExclusive < NEAR;
          const together = (next.chunks[0]?.end ?? 0) - range.fromInclusive;
          expect(isNear && together <= RUN).toBe(false);
        }
      }),
    );
  });
});
