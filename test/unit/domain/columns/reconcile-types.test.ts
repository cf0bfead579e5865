import { describe, expect, test } from 'vitest';
import { reconcileTypes } from '../../../../src/domain/columns/reconcile-types.ts';

describe('a type that holds the values of two exactly', () => {
  test.each([
    ['SMALLINT', 'INTEGER', 'INTEGER'],
    ['INTEGER', 'BIGINT', 'BIGINT'],
    ['INTEGER', 'UINTEGER', 'BIGINT'],
    ['BIGINT', 'UINTEGER', 'BIGINT'],
    ['INTEGER', 'DECIMAL(4,2)', 'DECIMAL(12,2)'],
    ['DECIMAL(20,8)', 'DECIMAL(10,2)', 'DECIMAL(20,8)'],
    ['DECIMAL(20,8)', 'DECIMAL(15,0)', 'DECIMAL(23,8)'],
    ['FLOAT', 'DOUBLE', 'DOUBLE'],
    ['INTEGER', 'DOUBLE', 'DOUBLE'],
    ['SMALLINT', 'FLOAT', 'FLOAT'],
    ['VARCHAR', 'DECIMAL(20,8)', 'VARCHAR'],
    ['VARCHAR', 'UUID', 'VARCHAR'],
    ['VARCHAR', 'JSON', 'VARCHAR'],
    ['UUID', 'UUID', 'UUID'],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(reconcileTypes(a, b)).toBe(expected);
    expect(reconcileTypes(b, a)).toBe(expected);
  });

  test.each([
    ['BIGINT', 'DOUBLE'],
    ['INTEGER', 'FLOAT'],
    ['DECIMAL(10,2)', 'DOUBLE'],
    ['DECIMAL(38,0)', 'DECIMAL(38,10)'],
    ['DATE', 'TIMESTAMP'],
    ['TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'],
    ['VARCHAR', 'TIMESTAMP'],
    ['VARCHAR', 'DOUBLE'],
    ['VARCHAR', 'BLOB'],
    ['BOOLEAN', 'INTEGER'],
  ])('%s and %s: none', (a, b) => {
    expect(reconcileTypes(a, b)).toBeNull();
    expect(reconcileTypes(b, a)).toBeNull();
  });
});
