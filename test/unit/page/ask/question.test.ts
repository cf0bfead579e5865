import { describe, expect, it } from 'vitest';
import { cellOf, countParameters, valuesFor } from '../../../../src/page/ask/question.ts';

describe('a question', () => {
  it.each([
    ['select 1', 0],
    ['select $1, $2', 2],
    ['select $3', 3],
    ['select \'$1\', "$2" -- $3\n/* $4 */', 0],
    ['select a$1, $1a, $$', 0],
    ['where a = $1::int and b < $2;', 2],
  ])('%j has as many values as it names', (sql, count) => {
    expect(countParameters(sql)).toBe(count);
  });

  it('keeps the values that were given, also NULL', () => {
    expect(valuesFor(3, ['a', null])).toEqual(['a', null, '']);
    expect(valuesFor(1, ['a', 'b'])).toEqual(['a']);
  });
});

describe('a cell', () => {
  it.each([
    [null, { text: 'NULL', kind: 'null', isCut: false }],
    ['', { text: '', kind: 'text', isCut: false }],
    [1.5, { text: '1.5', kind: 'number', isCut: false }],
    [true, { text: 'true', kind: 'text', isCut: false }],
    [{ a: [1] }, { text: '{"a":[1]}', kind: 'text', isCut: false }],
  ])('of %j', (value, cell) => {
    expect(cellOf(value)).toEqual(cell);
  });

  it('is cut between characters, and says so', () => {
    expect(cellOf('🦆'.repeat(200))).toEqual({
      text: `${'🦆'.repeat(160)}…`,
      kind: 'text',
      isCut: true,
    });
    expect(cellOf('🦆'.repeat(160)).isCut).toBe(false);
  });
});
