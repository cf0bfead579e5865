import { describe, expect, it } from 'vitest';
import { lastPartitionId, partitionValue, specFor } from '../../../src/catalogue/partition.ts';
import {
  MAX_SNAPSHOTS,
  nextMetadata,
  type TableMetadata,
} from '../../../src/catalogue/table-metadata.ts';
import { tableSchemaOf } from '../../../src/catalogue/table-schema.ts';
import type { ColumnPlan, Held } from '../../../src/domain/columns/column-plan.ts';
import { commonType } from '../../../src/domain/columns/iceberg-type.ts';
import type { KnownColumn } from '../../../src/domain/lake/field-ids.ts';

const plan = (name: string, fieldId: number | undefined, held: Held): ColumnPlan => ({
  name,
  postgresType: '',
  held,
  select: '',
  duckdbType: '',
  ...(fieldId === undefined ? {} : { fieldId }),
});

const known = (
  fieldId: number,
  name: string,
  firstName = name,
  isDropped = false,
): KnownColumn => ({
  fieldId,
  name,
  firstName,
  isDropped,
  postgresType: '',
  attnum: fieldId,
  tableIdentity: '',
});

describe('the type of a column over all segments', () => {
  it.each([
    [['int', 'int'], 'int'],
    [['int', 'long'], 'long'],
    [['float', 'double'], 'double'],
    [['decimal(9, 2)', 'decimal(20, 2)'], 'decimal(20, 2)'],
    [['decimal(9, 2)', 'decimal(9, 3)'], null],
    [['decimal(9, 2)', 'int'], null],
    [['int', 'string'], null],
    [['int', 'double'], null],
  ])('%j is read as %s', (types, expected) => {
    expect(commonType(types)).toBe(expected);
  });
});

describe('the schema', () => {
  it('leaves out what engines read differently, and says why', () => {
    const schema = tableSchemaOf(
      [known(1, 'at'), known(2, 'clock'), known(3, 'owner')],
      [
        plan('at', 1, { kind: 'timestamptz' }),
        plan('clock', 2, { kind: 'time' }),
        plan('owner', 3, { kind: 'uint4' }),
      ],
      [],
    );
    expect(schema.fields.map(({ name }) => name)).toEqual(['at']);
    expect(schema.leftOut.map(({ column }) => column)).toEqual(['clock', 'owner']);
  });

  it('I13: gives a name of old segments to the column that had it first, dropped or not', () => {
    const current = [plan('at', 1, { kind: 'date' }), plan('price', 5, { kind: 'int4' })];
    const old = [
      plan('at', undefined, { kind: 'date' }),
      plan('price', undefined, { kind: 'bool' }),
    ];
    const columns = [known(1, 'at'), known(2, 'price', 'price', true), known(5, 'price')];
    const schema = tableSchemaOf(columns, current, [old]);
    expect(schema.nameMapping).toEqual([{ 'field-id': 1, names: ['at'] }]);
    expect(schema.idsOf(old)).toEqual([1, null]);
    expect(schema.fields.map(({ type }) => type)).toEqual(['date', 'int']);
  });
});

describe('partitions', () => {
  const time = { column: { name: 'at', kind: 'timestamptz' } as const, fieldId: 7 };

  it('are hours, days or months since 1970, before it as well', () => {
    expect(partitionValue(Date.parse('1969-12-31T23:00:00Z'), 'hour')).toBe(-1);
    expect(partitionValue(Date.parse('1969-12-31T00:00:00Z'), 'day')).toBe(-1);
    expect(partitionValue(Date.parse('1969-12-01T00:00:00Z'), 'month')).toBe(-1);
    expect(partitionValue(Date.parse('2024-01-15T00:00:00Z'), 'day')).toBe(19_737);
  });

  it('keep the spec of each unit that a dataset was ever cut by', () => {
    const day = specFor([], time, 'day');
    const month = specFor([day], time, 'month');
    expect([day, month].map((spec) => spec['spec-id'])).toEqual([0, 1]);
    expect(specFor([day, month], time, 'day')).toBe(day);
    expect(lastPartitionId([day, month])).toBe(1001);
    expect(specFor([day], { ...time, fieldId: 8 }, 'day')['spec-id']).toBe(1);
  });

  it('are none for integers, and days for dates that are cut by the hour', () => {
    const integer = { column: { name: 'at', kind: 'integer', unit: 's' } as const, fieldId: 7 };
    expect(specFor([], integer, 'day').fields).toEqual([]);
    const date = { column: { name: 'at', kind: 'date' } as const, fieldId: 7 };
    expect(specFor([], date, 'hour').fields[0]?.transform).toBe('day');
  });
});

it('keeps the newest snapshots alone, so that no document grows for ever', () => {
  const schema = tableSchemaOf([known(1, 'at')], [plan('at', 1, { kind: 'date' })], []);
  let document: TableMetadata | null = null;
  for (let n = 1; n <= MAX_SNAPSHOTS + 5; n += 1) {
    document = nextMetadata(document, {
      tableUuid: 'u',
      location: 'file:///l',
      schema,
      schemaId: 0,
      spec: { 'spec-id': 0, fields: [] },
      specs: [{ 'spec-id': 0, fields: [] }],
      sortOrder: { 'order-id': 0, fields: [] },
      snapshot: {
        'snapshot-id': n,
        'sequence-number': n,
        'timestamp-ms': n,
        'manifest-list': '',
        summary: {},
        'schema-id': 0,
      },
    });
  }
  expect(document?.snapshots.length).toBe(MAX_SNAPSHOTS);
  expect(document?.['current-snapshot-id']).toBe(MAX_SNAPSHOTS + 5);
  expect(document?.schemas.length).toBe(1);
});
