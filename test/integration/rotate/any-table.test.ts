/** Random tables of all supported types through a whole rotation: what the lake has is what they held. */
import { join } from 'node:path';
import fc from 'fast-check';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { listLiveSchemas } from '../../../src/ledger/live-segments.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { differingRows, restoreSlice } from '../../support/codec/read-back.ts';
import {
  anyColumn,
  TYPES_SQL,
  type TypedColumn,
  valueSql,
} from '../../support/codec/typed-values.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const DAYS = 3;
const OLDEST_DAYS_AGO = 36;

interface AnyTable {
  readonly columns: readonly TypedColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly sortBy: readonly string[];
}

const anyTable: fc.Arbitrary<AnyTable> = fc
  .array(anyColumn, { minLength: 1, maxLength: 8 })
  .chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      rows: fc.array(fc.tuple(...columns.map(({ value }) => value)), {
        minLength: 1,
        maxLength: 20,
      }),
      sortBy: fc.subarray(columns.map((_, index) => `c${String(index)}`)),
    }),
  );

let database: TestDatabase;
let client: pg.Client;
let tables = 0;

beforeAll(async () => {
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
    // Over several days, so that they become several files.
    const at = daysAgo(OLDEST_DAYS_AGO - (index % DAYS));
    await client.query(`insert into ${name} values ($1, ${values})`, [at, ...row]);
  }
  await client.query(`create table ${name}_before as table ${name}`);
  return name;
}

/** `<name>_after`, from the ledger and the lake alone. */
async function readBack(bench: Bench, name: string): Promise<void> {
  const schemas = (await listLiveSchemas(client)).filter(({ dataset }) => dataset === name);
  expect(schemas).toHaveLength(1);
  const segments = await listSegments(client, { dataset: name, states: ['live'] });
  const slice = {
    columns: schemas[0]?.columns ?? [],
    segments: segments.map(({ key }) => ({ path: join(bench.lake, key) })),
  };
  await restoreSlice(client, slice, name, `${name}_after`);
}

describe('rotate, on a table of any types', () => {
  it('I1, I6: every row leaves, and is in the lake as it was', async () => {
    const bench = await openBench(database);
    await fc.assert(
      fc.asyncProperty(anyTable, fc.boolean(), async (table, independently) => {
        const name = await makeTable(table);
        const verify = independently ? 'independent' : 'standard';
        const dataset = makeDataset(name, { sortBy: table.sortBy, verify });
        const outcome = await rotateDataset(bench.rooms, dataset, { force: true });
        expect(outcome.totals.failed).toEqual([]);
        expect((await client.query(`select 1 from ${name}`)).rowCount).toBe(0);
        await readBack(bench, name);
        expect(await differingRows(client, `${name}_before`, `${name}_after`)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});
