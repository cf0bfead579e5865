import { expect, it } from 'vitest';
import { planRows } from '../../../../src/domain/drain/resolve-types.ts';
import type { ColumnMapping, DrainSource } from '../../../../src/domain/drain/source.ts';
import { NO_RULES } from '../../../../src/domain/drain/source.ts';
import { parseKeyPattern } from '../../../../src/domain/live/key-pattern.ts';
import type { ColumnDescription } from '../../../../src/domain/table.ts';
import { makeDataset } from '../../../support/rotation.ts';

const OIDS = { timestamptz: 1184, bigint: 20, numeric: 1700, jsonb: 3802, text: 25, inet: 869 };

function table(columns: Readonly<Record<string, keyof typeof OIDS>>): ColumnDescription[] {
  return Object.entries(columns).map(([name, typeName]) => ({
    name,
    typeName,
    baseType: {
      oid: OIDS[typeName],
      schema: 'pg_catalog',
      name: typeName,
      kind: 'b',
      typmod: -1,
      isArray: false,
      madeOf: [],
    },
    notNull: false,
    generated: false,
  }));
}

function source(columns: readonly Partial<ColumnMapping>[], changes: object = {}): DrainSource {
  return {
    name: 'one',
    live: { name: 'one', pattern: parseKeyPattern('k:{x}'), kind: 'list' },
    format: 'json',
    dataset: makeDataset('ticks', changes),
    columns: columns.map((column) => ({
      column: 'a',
      origin: { from: 'field', name: 'a' },
      type: 'auto',
      onMissing: { then: 'reject' },
      ...column,
    })),
    version: null,
    sameKey: null,
    anyTime: false,
    rules: NO_RULES,
    enabled: true,
    limits: { maxEntries: 1, maxBytes: 1 },
    maxEntryBytes: 1,
  };
}

const targets = (plan: ReturnType<typeof planRows>): unknown =>
  'unknown' in plan ? plan : plan.columns.map(({ target }) => target);

it('the type of a value is what its column holds, unless it is configured', () => {
  const plan = planRows(
    source([
      { column: 'time' },
      { column: 'price' },
      { column: 'body' },
      { column: 'host' },
      { column: 'name', type: 'integer' },
    ]),
    table({ time: 'timestamptz', price: 'numeric', body: 'jsonb', host: 'inet', name: 'text' }),
  );
  expect(plan).toMatchObject({ timeIndex: 0 });
  expect(targets(plan)).toEqual([
    { type: 'time_iso', countsIn: null },
    { type: 'number', countsIn: null },
    { type: 'json', countsIn: null },
    { type: 'text', countsIn: null },
    { type: 'integer', countsIn: null },
  ]);
});

it('an integer time column is counted in its own unit, whatever the entry counts in', () => {
  const columns = [{ column: 'time' }, { column: 'other', type: 'time_ms' as const }];
  const plan = planRows(
    source(columns, { timeUnit: 's' }),
    table({ time: 'bigint', other: 'timestamptz' }),
  );
  expect(targets(plan)).toEqual([
    { type: 'time_s', countsIn: 's' },
    { type: 'time_ms', countsIn: null },
  ]);
  const written = planRows(
    source([{ column: 'time', type: 'time_iso' }], { timeUnit: 'ns' }),
    table({ time: 'bigint' }),
  );
  expect(targets(written)).toEqual([{ type: 'time_iso', countsIn: 'ns' }]);
});

it('columns that the table has not are named', () => {
  expect(planRows(source([{ column: 'b' }, { column: 'c' }]), table({ c: 'text' }))).toEqual({
    unknown: ['b'],
  });
});
