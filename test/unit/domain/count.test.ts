import { expect, it } from 'vitest';
import { agree, countOf } from '../../../src/domain/count.ts';

it('words agree with their counts', () => {
  expect(countOf(0, 'row')).toBe('0 rows');
  expect(countOf(1, 'dead letter')).toBe('1 dead letter');
  expect(countOf(1n, 'entry', 'entries')).toBe('1 entry');
  expect(countOf(15_403, 'entry', 'entries')).toBe('15,403 entries');
  expect([agree(1, 'is', 'are'), agree(2n, 'is', 'are')]).toEqual(['is', 'are']);
});
