import { expect, it } from 'vitest';
import { type Acquaintance, isGiven } from '../../../../src/domain/plan/given-tables.ts';

const ref = (name: string) => ({ schema: 'audit', name });
const TARGET = { ref: ref('january'), identity: '7/5/100' };

it.each<[string, Parameters<typeof isGiven>[0], Acquaintance]>([
  ['itself', { ref: ref('january'), identity: '7/5/100', isThere: true }, 'same'],
  ['itself, renamed since', { ref: ref('old'), identity: '7/5/100', isThere: false }, 'same'],
  ['itself, its name taken', { ref: ref('old'), identity: '7/5/100', isThere: true }, 'same'],
  ['one that it replaced', { ref: ref('january'), identity: '7/5/99', isThere: true }, 'unsure'],
  ['it, before a dump', { ref: ref('january'), identity: '7/4/99', isThere: true }, 'unsure'],
  ['another', { ref: ref('june'), identity: '7/5/99', isThere: true }, 'other'],
  ['one that is gone', { ref: ref('june'), identity: '7/5/99', isThere: false }, 'other'],
  ['another, before a dump', { ref: ref('june'), identity: '7/4/100', isThere: true }, 'other'],
  ['one renamed after a dump', { ref: ref('june'), identity: '7/4/100', isThere: false }, 'unsure'],
  ['one whose name nobody knows', { ref: null, identity: '6/5/100', isThere: false }, 'unsure'],
  ['a nameless one of here', { ref: null, identity: '7/5/99', isThere: false }, 'other'],
])('a table that was given rows is %s', (_, given, expected) => {
  expect(isGiven(given, TARGET)).toBe(expected);
});
