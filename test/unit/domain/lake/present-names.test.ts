import { expect, it } from 'vitest';
import type { KnownColumn } from '../../../../src/domain/lake/field-ids.ts';
import { presentNames } from '../../../../src/domain/lake/present-names.ts';

const known = (fieldId: number, name: string, changes: Partial<KnownColumn> = {}): KnownColumn => ({
  ...{ fieldId, name, firstName: name, postgresType: 'text', attnum: fieldId },
  ...{ tableIdentity: 'a', isDropped: false },
  ...changes,
});

it('I13: calls a column by the name that the table has for it', () => {
  const { nameOf } = presentNames(
    [known(1, 'a'), known(2, 'b')],
    [
      { fieldId: 1, name: 'b' },
      { fieldId: 2, name: 'a' },
    ],
  );
  expect([nameOf({ name: 'a', fieldId: 1 }), nameOf({ name: 'b', fieldId: 2 })]).toEqual([
    'b',
    'a',
  ]);
});

it('I13: goes by the ledger where there is no table', () => {
  const { nameOf } = presentNames([known(1, 'now', { firstName: 'then' })], null);
  expect(nameOf({ name: 'then', fieldId: 1 })).toBe('now');
  expect(nameOf({ name: 'between', fieldId: 1 })).toBe('now');
});

it('I13: keeps a dropped column apart from those that got its name', () => {
  const columns = [
    known(1, 'x', { isDropped: true }),
    known(2, 'X', { isDropped: true }),
    known(3, 'x_1', { isDropped: true }),
  ];
  const { nameOf } = presentNames(columns, [{ fieldId: 4, name: 'x' }]);
  const names = columns.map(nameOf);
  expect(names).toEqual(['x_1_', 'X_2', 'x_1']);
  expect(presentNames(columns, []).nameOf({ name: 'x', fieldId: 1 })).toBe('x_1_');
});

it('knows columns from before there were field ids by their first names', () => {
  const columns = [known(1, 'b', { firstName: 'a' }), known(2, 'a', { firstName: 'b' })];
  const { nameOf } = presentNames(columns, columns);
  expect([nameOf({ name: 'a' }), nameOf({ name: 'b' }), nameOf({ name: 'c' })]).toEqual([
    'b',
    'a',
    'c',
  ]);
});
