import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ColumnChoice } from '../../../src/domain/dataset.ts';
import { type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
});

/** One row for each price, each verification level by which they are proven. */
async function move(
  type: string,
  choice: ColumnChoice,
  ...prices: (string | null)[]
): Promise<RotationOutcome> {
  await database.query(`create table ticks (time timestamptz, price ${type})`);
  for (const price of prices) {
    await database.query('insert into ticks values ($1, $2)', [daysAgo(40), price]);
  }
  const dataset = makeDataset('ticks', {
    sortBy: ['price'],
    columns: { price: choice },
    verify: 'independent',
  });
  return rotateDataset(bench.rooms, dataset, { force: false });
}

async function coldPrices(): Promise<readonly unknown[]> {
  const segments = await listSegments(db, { states: ['live'] });
  const rows = await readCold(
    bench.lake,
    segments,
    'typeof(price) as type, price::varchar as price',
  );
  return rows.map((row) => [row['type'], row['price']]);
}

describe('columns: { price: "decimal(38,10)" }', () => {
  it('I6: holds a numeric without a scale as a number, and orders it as one', async () => {
    await move('numeric', 'decimal(38,10)', '500', '1e3', '-0.0000000001', '1.50', null);
    expect(await coldPrices()).toEqual([
      ['DECIMAL(38,10)', '-0.0000000001'],
      ['DECIMAL(38,10)', '1.5000000000'],
      ['DECIMAL(38,10)', '500.0000000000'],
      ['DECIMAL(38,10)', '1000.0000000000'],
      ['DECIMAL(38,10)', null],
    ]);
  });

  it('I6: holds a numeric(65,30) whose values fit, and a numeric(20,8) with fewer digits', async () => {
    await move('numeric(65,30)', 'decimal(18,4)', '1.25');
    expect(await coldPrices()).toEqual([['DECIMAL(18,4)', '1.2500']]);
  });

  it.for([
    ['numeric', '1.00000000001', /11 digits after the point/],
    ['numeric(65,30)', '1e-30', /30 digits after the point/],
    ['numeric', '1e28', /more than 28 digits before the point/],
    ['numeric', 'NaN', /NaN/],
  ] as const)('I6: refuses a %s of %s, and moves nothing', async ([type, price, message]) => {
    const { totals } = await move(type, 'decimal(38,10)', '1', price);
    expect(totals.moved).toEqual([]);
    expect(totals.failed[0]?.error).toMatchObject({
      code: 'VALUE_NOT_HELD',
      message: expect.stringMatching(message),
    });
    expect((await db.query('select from ticks')).rowCount).toBe(2);
  });

  it('refuses what is no numeric before anything moves', async () => {
    await expect(move('int', 'decimal(38,10)', '1')).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('decimal(38,10) is a choice for numeric columns only'),
    });
  });
});

describe('a column that the configuration names and the table lacks', () => {
  it.for([
    [{ sortBy: ['symbl'] }, /no column symbl \(datasets.ticks.sort_by\)/, /did you mean symbol/],
    [{ intervalColumn: 'spann', hotIntervals: ['1d'] }, /no column spann/, /did you mean span/],
    [{ timeColumn: 'tme' }, /no column tme/, /did you mean time/],
  ] as const)(
    'is told with the nearest name when planning: %j',
    async ([changes, message, hint]) => {
      await database.query('create table ticks (time timestamptz, symbol text, span text)');
      await expect(
        rotateDataset(bench.rooms, makeDataset('ticks', changes), { force: false }),
      ).rejects.toMatchObject({
        code: 'COLUMN_NOT_FOUND',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      });
    },
  );
});
