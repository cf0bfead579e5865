import { describe, expect, it } from 'vitest';
import {
  assignFieldIds,
  type FieldColumn,
  type KnownColumn,
} from '../../../../src/domain/lake/field-ids.ts';

const TABLE = 'cluster/5/100';

const placed = (tableIdentity: string, ...columns: readonly [string, number, string?][]) => ({
  tableIdentity,
  columns: columns.map(([name, attnum, postgresType = 'bigint']) => ({
    name,
    attnum,
    postgresType,
  })),
});

const known = (fields: readonly FieldColumn[]): KnownColumn[] =>
  fields.map((field) => ({ ...field, isDropped: false, firstName: field.name }));

const idsOf = (fields: readonly FieldColumn[]) =>
  Object.fromEntries(fields.map(({ name, fieldId }) => [name, fieldId]));

const seeded = assignFieldIds([], placed(TABLE, ['time', 1], ['price', 3], ['size', 4]));

describe('I13: a field id', () => {
  it('begins as the number that PostgreSQL gave the column', () => {
    expect(idsOf(seeded)).toEqual({ time: 1, price: 3, size: 4 });
  });

  it('stays with a column that is renamed, also when two change their names with each other', () => {
    const swapped = placed(TABLE, ['time', 1], ['size', 3], ['price', 4]);
    expect(idsOf(assignFieldIds(known(seeded), swapped))).toEqual({ time: 1, size: 3, price: 4 });
  });

  it('is a new one for a name that was dropped and added again, and is never given twice', () => {
    const again = assignFieldIds(
      known(seeded),
      placed(TABLE, ['time', 1], ['size', 4], ['price', 5]),
    );
    expect(idsOf(again)).toEqual({ time: 1, size: 4, price: 5 });
    const dropped = known(seeded).map((one) => ({ ...one, isDropped: one.name === 'size' }));
    const other = placed(TABLE, ['time', 1], ['price', 3], ['size', 6]);
    expect(idsOf(assignFieldIds(dropped, other))).toEqual({ time: 1, price: 3, size: 5 });
  });

  it('goes by the name in a table that was restored, where the numbers are others', () => {
    const restored = placed('cluster/9/100', ['time', 1], ['price', 2], ['size', 3], ['note', 4]);
    expect(idsOf(assignFieldIds(known(seeded), restored))).toEqual({
      time: 1,
      price: 3,
      size: 4,
      note: 5,
    });
  });

  it('is not guessed from the number in a restored table, whatever the types say', () => {
    const renamed = placed('cluster/9/100', ['time', 1], ['cost', 3], ['size', 4]);
    expect(idsOf(assignFieldIds(known(seeded), renamed))).toEqual({ time: 1, cost: 5, size: 4 });
  });
});
