import { expect, it } from 'vitest';
import { gapTexts } from '../../../src/page/gap-texts.ts';

it('a sum over everything needs no words', () => {
  expect(gapTexts({ missing: [], stale: [] })).toEqual([]);
  expect(gapTexts(null)).toEqual([]);
});

it('a sum names who is not in it, and counts where they are many', () => {
  expect(gapTexts({ missing: ['a', 'b', 'c', 'd', 'e'], stale: ['f'] })).toEqual([
    'without a, b, c and 2 more: not looked at yet',
    'f as of an earlier look',
  ]);
});
