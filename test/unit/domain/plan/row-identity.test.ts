import { describe, expect, it } from 'vitest';
import type { ColumnPlan } from '../../../../src/domain/columns/column-plan.ts';
import {
  hasIdentity,
  identityOf,
  isHeldAlike,
  type RowIdentity,
} from '../../../../src/domain/plan/row-identity.ts';

const column = (name: string, kind: 'timestamptz' | 'varchar' | 'float8' | 'int8'): ColumnPlan => ({
  name,
  postgresType: kind,
  held: { kind },
  select: name,
  duckdbType: {
    timestamptz: 'TIMESTAMP WITH TIME ZONE',
    varchar: 'VARCHAR',
    float8: 'DOUBLE',
    int8: 'BIGINT',
  }[kind],
});
const TIME = column('time', 'timestamptz');
const ID = column('id', 'int8');
const SYMBOL = column('symbol', 'varchar');
const RATIO = column('ratio', 'float8');
const ALL = [TIME, ID, SYMBOL, RATIO];

const names = (columns: readonly ColumnPlan[] | undefined) => columns?.map(({ name }) => name);

describe('what a row that comes again is known by', () => {
  it('is the first key that the lake can compare, with the time', () => {
    const keys = [
      { index: 'by_ratio', columns: ['symbol', 'ratio'] },
      { index: 'gone', columns: ['nowhere'] },
      { index: 'by_id', columns: ['id'] },
      { index: 'by_symbol', columns: ['symbol', 'time'] },
    ].map((key) => ({ ...key, loose: [], nulls: 'equal' as const }));
    const identity = identityOf(keys, ALL, 'time');
    expect(identity?.index).toBe('by_id');
    expect(names(identity?.columns)).toEqual(['time', 'id']);
    expect(identityOf(keys.slice(0, 2), ALL, 'time')).toBeNull();
    expect(identityOf([], ALL, 'time')).toBeNull();
  });

  it('can be compared with older segments where the columns are still the same ones', () => {
    const identity: RowIdentity = {
      index: 'key',
      columns: [TIME, { ...SYMBOL, fieldId: 3 }],
      loose: [],
      nulls: 'equal',
    };
    expect(hasIdentity(ALL, identity)).toBe(true);
    expect(hasIdentity([TIME, { ...SYMBOL, fieldId: 3 }], identity)).toBe(true);
    expect(hasIdentity([TIME, { ...SYMBOL, fieldId: 4 }], identity)).toBe(false);
    expect(hasIdentity([TIME], identity)).toBe(false);
    expect(hasIdentity([TIME, { ...ID, name: 'symbol' }], identity)).toBe(false);
  });

  it('is equal row by row only where both are held in the same columns, in one order', () => {
    expect(isHeldAlike(ALL, ALL)).toBe(true);
    expect(isHeldAlike(ALL, [...ALL].reverse())).toBe(false);
    expect(isHeldAlike(ALL, ALL.slice(1))).toBe(false);
    expect(isHeldAlike([SYMBOL], [{ ...SYMBOL, postgresType: 'character varying(9)' }])).toBe(
      false,
    );
  });
});
