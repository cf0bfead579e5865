/** A column that is another one under its name by the time that rows of the lake come back. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { TableRef } from '../../../src/domain/table.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
});

const exchange = (table: string): string =>
  `alter table ${table} rename low to was; alter table ${table} rename high to low; alter table ${table} rename was to high`;

const CASES: readonly {
  readonly what: string;
  readonly into: TableRef | null;
  readonly altered: string;
}[] = [
  { what: 'of the table itself', into: null, altered: 'bars' },
  {
    what: 'of what a table is made like',
    into: { schema: 'public', name: 'made' },
    altered: 'bars',
  },
  {
    what: 'of the table that is given',
    into: { schema: 'public', name: 'given' },
    altered: 'given',
  },
];

describe('I13: restore, when two columns exchange their names after the plan', () => {
  it.each(CASES)('brings no value under the other name: $what', async (given) => {
    await database.query('create table bars (time timestamptz not null, low int, high int)');
    await database.query(
      `insert into bars select $1::timestamptz, n, n + 100 from generate_series(1, 9) n`,
      [daysAgo(40)],
    );
    await database.query('create table given (like bars)');
    const dataset = makeDataset('bars', { sortBy: [] });
    await rotateAll(bench, dataset);
    const { rooms } = bench;
    let isPlanned = false;
    let isDone = false;
    const connect: typeof rooms.connect = async (purpose) => {
      if (isPlanned && !isDone) await database.query(exchange(given.altered));
      isDone = isPlanned;
      return rooms.connect(purpose);
    };
    const wish = {
      ...(given.into === null ? {} : { into: given.into }),
      tell: () => {
        isPlanned = true;
      },
    };
    const span = days(40, 39);
    const failure = await failureOf(restore({ rooms: { ...rooms, connect } }, dataset, span, wish));
    expect(failure.code).toBe('COLUMNS_CHANGED');
    expect(await hotRows(given.into)).toBe(0);
    await restore(bench, dataset, span, wish);
    expect(await hotRows(given.into)).toBe(9);
  });
});

/** Null is the dataset's own table. */
async function hotRows(into: TableRef | null): Promise<number> {
  const name = into?.name ?? 'bars';
  const { rows } = await database.query('select to_regclass($1) is not null as there', [name]);
  if (!(rows[0] as { there: boolean }).there) return 0;
  const found = await database.query(`select count(*)::int as n from ${name}`);
  return (found.rows[0] as { n: number }).n;
}
