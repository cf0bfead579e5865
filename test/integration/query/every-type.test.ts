/** A table with a column of each type that can be held, split between hot and cold, and beside it one that was never split. */
import fc from 'fast-check';
import type pg from 'pg';
import { expect, test } from 'vitest';
import type { ColumnChoice, Dataset } from '../../../src/domain/dataset.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores, type StoresAnswer } from '../../support/ask-stores.ts';
import { FIXED_COLUMNS, TYPES_SQL, valueSql } from '../../support/codec/typed-values.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const ROWS = 36;
const SEED = 20_260_101;

const COLUMNS = [
  ...FIXED_COLUMNS,
  {
    type: 'numeric(20,8)',
    value: fc.constantFrom('0', '-1.5', '999999999999.99999999', '10', '9'),
  },
  { type: 'numeric(38,0)', value: fc.constantFrom('9', '10', '-9', '1e37') },
].map((column, index) => ({ ...column, name: `c${String(index)}` }));

/** Ordered by bytes here. */
const BY_COLLATION = /^(text|varchar|name)/;

type Scene = (sql: string, explain?: boolean) => Promise<StoresAnswer>;

/** The rows as they are in `whole`, every second of them cold. */
async function split(name: string, columns: Dataset['columns']): Promise<[Scene, pg.Client]> {
  const database = await createTestDatabase();
  const db = await database.connect();
  const bench = await openBench(database);
  await db.query(`set time zone 'UTC'`);
  await database.query(TYPES_SQL);
  const list = COLUMNS.map(({ name: column, type }) => `${column} ${type}`).join(', ');
  await database.query(
    `create table whole (time timestamptz not null, id int not null, ${list});
     create table ${name} (like whole)`,
  );
  const samples = COLUMNS.map(({ value }) => fc.sample(value, { numRuns: ROWS, seed: SEED }));
  for (let row = 0; row < ROWS; row += 1) {
    const values = COLUMNS.map((column, at) => valueSql(column, at + 3));
    await db.query(`insert into whole values ($1, $2, ${values.join(', ')})`, [
      daysAgo(row % 2 === 0 ? 40 : 3),
      row,
      ...samples.map((of) => of[row] ?? null),
    ]);
  }
  await database.query(`insert into ${name} select * from whole`);
  const dataset = makeDataset(name, { sortBy: ['time'], columns });
  await rotateDataset(bench.rooms, dataset, { force: true });
  const datasets = [dataset, makeDataset('whole', { sortBy: ['time'] })];
  return [(sql, explain = false) => askStores(bench, db, datasets, sql, { explain }), db];
}

/** Of the table that was never split; null where the type has no such operator. */
async function inPostgres(db: pg.Client, sql: string): Promise<unknown> {
  try {
    return (await db.query<{ value: unknown }>(sql)).rows[0]?.value;
  } catch (error) {
    // undefined_function: it can't be ordered, or not be compared.
    if (error instanceof Error && 'code' in error && error.code === '42883') return null;
    throw error;
  }
}

/** What compares otherwise than in PostgreSQL: no more than docs/query.md says. */
function isUnlike(type: string, isHeldAsText: boolean): boolean {
  return (
    /range$|\[\]$|vector$|^(jsonb|mood|quote|numeric|interval|timetz|"char"|char\(7\))$/.test(
      type,
    ) ||
    /^(bit\(5\)|varbit|inet|cidr|macaddr8?|point|lseg|path|box|polygon|line|circle)$/.test(type) ||
    /^(jsonpath|tsquery|tid|pg_lsn|pg_snapshot|txid_snapshot)$/.test(type) ||
    (isHeldAsText && /^(price|numeric\(.*|date|timestamp|timestamptz|bytea|json)$/.test(type))
  );
}

const CHOSEN = Object.fromEntries(
  COLUMNS.map(({ name }): [string, ColumnChoice] => [name, 'text']),
);

test.each([
  ['natives', {}],
  ['texts', CHOSEN],
] as const)(
  'I6: every type, held as %s, is as in a table that was never split',
  async (name, choices) => {
    const [ask, db] = await split(name, choices);
    expect((await ask(`select count(*)::int as n from cold.${name}`)).rows).toEqual([
      { n: ROWS / 2 },
    ]);
    const { plan } = (await ask(`select * from ${name}`, true)).summary;
    const unlike = new Set((plan?.[0]?.differences ?? []).map(({ column }) => column));
    const wrong: unknown[] = [];

    const here = (await ask(`select * exclude (time) from ${name} order by id`)).rows;
    const there = (await ask('select * exclude (time) from whole order by id')).rows;
    const types = COLUMNS.map((column) => `typeof(${column.name}) as ${column.name}`).join(', ');
    const [typesHere = {}] = (await ask(`select distinct ${types} from ${name}`)).rows;
    const [typesThere = {}] = (await ask(`select distinct ${types} from whole`)).rows;
    for (const { name: column, type } of COLUMNS) {
      if (typesHere[column] !== typesThere[column]) {
        if (!unlike.has(column)) wrong.push([type, typesHere[column], typesThere[column]]);
        continue;
      }
      for (let row = 0; row < ROWS; row += 1) {
        const values = [here[row]?.[column], there[row]?.[column]].map((one) =>
          JSON.stringify(one),
        );
        if (values[0] !== values[1]) wrong.push([type, row, ...values]);
      }
    }

    const alike = COLUMNS.filter((column) => !unlike.has(column.name));
    const ordered = alike.map(
      ({ name: c }) => `list(id order by ${c}, id) filter (where ${c} is not null) as ${c}`,
    );
    const equal = alike.map(
      ({ name: c }) =>
        `(select count(*)::int from ${name} a join ${name} b on a.${c} = b.${c}) as ${c}`,
    );
    const [orders = {}] = (await ask(`select ${ordered.join(', ')} from ${name}`)).rows;
    const [equals = {}] = (await ask(`select ${equal.join(', ')}`)).rows;
    for (const { name: c, type } of alike) {
      const by = BY_COLLATION.test(type) ? `${c} collate "C"` : c;
      const order = await inPostgres(
        db,
        `select array_agg(id order by ${by}, id) filter (where ${c} is not null) as value from whole`,
      );
      const pairs = await inPostgres(
        db,
        `select count(*)::int as value from whole a join whole b on a.${c} = b.${c}`,
      );
      if (order !== null && JSON.stringify(order) !== JSON.stringify(orders[c])) {
        wrong.push([type, 'order', orders[c], order]);
      }
      if (pairs !== null && pairs !== equals[c]) wrong.push([type, 'equal', equals[c], pairs]);
    }
    expect(wrong).toEqual([]);
    const told = COLUMNS.filter((column) => unlike.has(column.name)).map(({ type }) => type);
    expect(told.filter((type) => !isUnlike(type, name === 'texts'))).toEqual([]);
  },
);

test('I6: numbers that are held as text compare as numbers, with the bounds of no text', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  const bench = await openBench(database);
  await database.query('create table lots (time timestamptz not null, lot int, big bigint)');
  await database.query(
    `insert into lots select d::timestamptz, n, -n from unnest($1::text[]) d, unnest(array[9, 10, 100, -3]) n`,
    [[daysAgo(40), daysAgo(3)]],
  );
  const dataset = makeDataset('lots', {
    sortBy: ['lot', 'big', 'time'],
    columns: { lot: 'text', big: 'text' },
  });
  await rotateDataset(bench.rooms, dataset, { force: true });
  const ask = async (sql: string) => (await askStores(bench, db, [dataset], sql)).rows;
  // As texts the bounds of the segment are '-3' and '9'.
  for (const condition of ['lot > 50', 'lot between 10 and 11', 'big <= -100', "lot = '100'"]) {
    const counted = await ask(`select count(*)::int as n from lots where ${condition}`);
    expect([condition, counted]).toEqual([condition, [{ n: 2 }]]);
  }
  for (const side of ['hot', 'cold']) {
    const types = await ask(`select distinct typeof(lot) as t from ${side}.lots`);
    expect([side, types]).toEqual([side, [{ t: 'INTEGER' }]]);
  }
});

test('a number that was held as text, and is a text since, is text', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  const bench = await openBench(database);
  await database.query('create table lots (time timestamptz not null, lot real)');
  await database.query('insert into lots values ($1, 1.5), ($2, 2.5)', [daysAgo(40), daysAgo(3)]);
  const dataset = makeDataset('lots', { sortBy: ['time'], columns: { lot: 'text' } });
  await rotateDataset(bench.rooms, dataset, { force: true });
  await database.query('alter table lots alter lot type text');
  const { rows } = await askStores(bench, db, [dataset], 'select lot from lots order by lot');
  expect(rows).toEqual([{ lot: '1.5' }, { lot: '2.5' }]);
});
