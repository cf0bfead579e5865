import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differingRows, restoreSlice } from '../../support/codec/read-back.ts';
import {
  encodeTable,
  openWorkshop,
  verifySlice,
  type Workshop,
} from '../../support/codec/slice.ts';
import {
  anyColumn,
  FIXED_COLUMNS,
  TYPES_SQL,
  type TypedColumn,
  valueSql,
} from '../../support/codec/typed-values.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let client: pg.Client;
let workshop: Workshop;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  await client.query("set timezone = 'UTC'");
  await client.query(TYPES_SQL);
  workshop = await openWorkshop();
});

afterAll(() => workshop.close());

async function fillTable(
  columns: readonly TypedColumn[],
  rows: readonly (readonly (string | null)[])[],
): Promise<void> {
  await client.query('drop table if exists original, restored');
  const definitions = columns.map(({ type }, index) => `"c${index}" ${type}`);
  await client.query(`create table original (at timestamptz not null, ${definitions.join(', ')})`);
  const values = columns.map((column, index) => valueSql(column, index + 2)).join(', ');
  for (const [index, row] of rows.entries()) {
    // Rows that are equal in all columns, time included, must stay as many.
    const at = new Date(Date.UTC(2024, 0, 15) + (index >> 1) * 1000).toISOString();
    await client.query(`insert into original values ($1, ${values})`, [at, ...row]);
  }
}

async function expectSameAfterRoundTrip(
  sortBy: readonly string[],
  targetFileBytes?: number,
): Promise<void> {
  const slice = await encodeTable({
    client,
    workshop,
    table: 'original',
    sortBy,
    ...(targetFileBytes === undefined ? {} : { targetFileBytes }),
  });
  const standard = await verifySlice(workshop, slice, 'standard');
  const independent = await verifySlice(workshop, slice, 'independent');
  expect(independent.segments.map((segment) => segment.fingerprint)).toEqual(
    standard.segments.map((segment) => segment.fingerprint),
  );
  await restoreSlice(client, slice, 'original', 'restored');
  expect(await differingRows(client, 'original', 'restored')).toEqual([]);
}

describe('a table through PostgreSQL, Parquet and back', () => {
  it.for(FIXED_COLUMNS)('I6: $type comes back as it was, by value and by bytes', async (column) => {
    await fc.assert(
      fc.asyncProperty(fc.array(column.value, { minLength: 8, maxLength: 20 }), async (values) => {
        await fillTable(
          [column],
          values.map((value) => [value]),
        );
        await expectSameAfterRoundTrip([]);
      }),
      { numRuns: 3 },
    );
  });

  it('I6: random tables come back as they were, whatever they are sorted by', async () => {
    const table = fc.array(anyColumn, { minLength: 1, maxLength: 8 }).chain((columns) =>
      fc.record({
        columns: fc.constant(columns),
        rows: fc.array(fc.tuple(...columns.map(({ value }) => value)), {
          minLength: 1,
          maxLength: 25,
        }),
        sortBy: fc.subarray(columns.map((_, index) => `c${index}`)),
      }),
    );
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows, sortBy }) => {
        await fillTable(columns, rows);
        await expectSameAfterRoundTrip(sortBy);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
