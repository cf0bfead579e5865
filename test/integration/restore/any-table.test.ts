/** Random tables of all supported types, rotated and restored: each row is back as it was. */
import fc from 'fast-check';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { listSegments } from '../../../src/ledger/segments.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import {
  anyColumn,
  FIXED_COLUMNS,
  TYPES_SQL,
  type TypedColumn,
  valueSql,
} from '../../support/codec/typed-values.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { days, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const DAYS = 3;
const OLDEST = 36;
const ALL = days(OLDEST + 1, OLDEST - DAYS);

interface AnyTable {
  readonly columns: readonly TypedColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}

const rowsOf = (columns: readonly TypedColumn[]): fc.Arbitrary<AnyTable> =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(fc.tuple(...columns.map(({ value }) => value)), { minLength: 1, maxLength: 20 }),
  });

const anyTable = fc.array(anyColumn, { minLength: 1, maxLength: 8 }).chain(rowsOf);

let database: TestDatabase;
let client: pg.Client;
let tables = 0;

beforeEach(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  await client.query("set timezone = 'UTC'");
  await client.query(TYPES_SQL);
});

/** Creates and fills it, and `<name>_before` with the same rows. */
async function makeTable({ columns, rows }: AnyTable): Promise<string> {
  tables += 1;
  const name = `any_${String(tables)}`;
  const definitions = columns.map(({ type }, index) => `c${String(index)} ${type}`);
  await client.query(`create table ${name} (time timestamptz not null, ${definitions.join(', ')})`);
  const values = columns.map((column, index) => valueSql(column, index + 2)).join(', ');
  for (const [index, row] of rows.entries()) {
    await client.query(`insert into ${name} values ($1, ${values})`, [
      daysAgo(OLDEST - (index % DAYS)),
      ...row,
    ]);
  }
  await client.query(`create table ${name}_before as table ${name}`);
  return name;
}

async function expectSameThereAndBack(bench: Bench, table: AnyTable): Promise<void> {
  const name = await makeTable(table);
  const dataset = makeDataset(name, { sortBy: [] });
  await rotateAll(bench, dataset);
  expect((await client.query(`select 1 from ${name}`)).rowCount).toBe(0);

  const copied = await restore(bench, dataset, ALL, {
    into: { schema: 'public', name: `${name}_copy` },
  });
  expect(copied.totals.failed).toEqual([]);
  expect(await differingRows(client, `${name}_before`, `${name}_copy`)).toEqual([]);

  // Some of them first, into what has rows of the same days then, and the others.
  const some = await restore(bench, dataset, ALL, { where: 'c0 is null' });
  expect(some.totals.failed).toEqual([]);
  expect((await client.query(`select 1 from ${name}`)).rowCount).toBe(some.plan.rows);
  expect((await client.query(`select 1 from ${name} where c0 is not null`)).rowCount).toBe(0);
  const { totals } = await restore(bench, dataset, ALL);
  expect(totals.failed).toEqual([]);
  expect(await differingRows(client, `${name}_before`, name)).toEqual([]);
  expect(await listSegments(client, { dataset: name, states: ['live'] })).toEqual([]);
}

describe('restore, on a table of any types (I2, I6)', () => {
  it('brings random tables back as they were', async () => {
    const bench = await openBench(database);
    await fc.assert(
      fc.asyncProperty(anyTable, (table) => expectSameThereAndBack(bench, table)),
      { numRuns: 10 },
    );
  }, 180_000);

  it('brings back every type of the type table', async () => {
    const bench = await openBench(database);
    const all = fc.sample(rowsOf(FIXED_COLUMNS), { numRuns: 1, seed: 7 });
    for (const table of all) {
      // Enough rows that each type shows its edges.
      const more = fc.sample(fc.tuple(...FIXED_COLUMNS.map(({ value }) => value)), {
        numRuns: 60,
        seed: 11,
      });
      await expectSameThereAndBack(bench, { ...table, rows: more });
    }
  }, 180_000);
});
