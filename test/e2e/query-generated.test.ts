/** Generated conditions: hot and cold together answer what a table that was never split answers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { askStores } from '../support/ask-stores.ts';
import { createTestDatabase } from '../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../support/rotation.ts';

const RUNS = Number(process.env['TIERD_TEST_QUERIES'] ?? 120);
const DAYS = 12;

/** A condition that DuckDB and PostgreSQL write and mean alike. */
const leaf = fc.oneof(
  fc
    .record({
      operator: fc.constantFrom('=', '<', '<=', '>', '>=', '<>'),
      at: fc.tuple(fc.nat(DAYS + 2), fc.nat(86_399), fc.constantFrom('', '.000001', '.999999')),
    })
    .map(({ operator, at: [day, seconds, fraction] }) => {
      const second = new Date(Date.parse(daysAgo(36 - day)) + seconds * 1000)
        .toISOString()
        .slice(0, 19);
      return `time ${operator} '${second}${fraction}+00'::timestamptz`;
    }),
  fc.nat(DAYS).map((day) => `time between '${daysAgo(36 - day)}' and '${daysAgo(35 - day)}'`),
  fc
    .subarray(["'a'", "'B'", "''", "'it''s'", "'zz'"], { minLength: 1 })
    .map((list) => `symbol in (${list.join(', ')})`),
  fc.constantFrom(
    "symbol = 'a'",
    "symbol = 'B'",
    'symbol is null',
    "symbol <> 'a'",
    "code = 'x'",
    "mood = 'happy'",
  ),
  fc
    .tuple(
      fc.constantFrom('lot', 'big', 'small'),
      fc.constantFrom('=', '<', '<=', '>', '>='),
      fc.integer({ min: -6, max: 6 }),
    )
    .map(([column, operator, value]) => `${column} ${operator} ${String(value)}`),
  fc.integer({ min: -6, max: 6 }).map((value) => `lot > ${String(value)}.5`),
  fc.constantFrom(
    "lot = '3'",
    'lot in (1, 2, null)',
    'price >= 2.50',
    'price < -1',
    'ratio > 0',
    "ratio = 'NaN'::float8",
    'ratio is null',
  ),
);

const condition = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} and ${b})`),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} or ${b})`),
    tie('condition').map((inner) => `not (${inner})`),
  ),
})).condition;

const shape = fc.constantFrom(
  (where: string) => `select id from ticks where ${where} order by id`,
  (where: string) =>
    `select count(*) as n, sum(lot) as s, min(price) as p from ticks where ${where}`,
  (where: string) =>
    `select lot, count(*) as n from ticks where ${where} group by lot order by lot`,
  (where: string) =>
    `select t.id from ticks t where ${where.replaceAll(/\btime\b/g, 't.time')} order by t.id desc limit 5`,
  (where: string) =>
    `select count(*) as n from ticks a join ticks b on a.id = b.id + 1 where a.lot > 0 and b.id in (select id from ticks where ${where})`,
);

describe('I6: generated queries', () => {
  test('answer what one table answers', async () => {
    const database = await createTestDatabase();
    const db = await database.connect();
    await db.query(`create type mood as enum ('happy', 'sad')`);
    await db.query(
      `create table ticks (time timestamptz not null, id int not null, symbol text, code varchar(5), mood mood,
         small smallint, lot int, big bigint, price numeric(12,2), ratio float8)`,
    );
    await db.query(
      `insert into ticks
       select $1::timestamptz + n * interval '13 minutes', n, (array['a', 'B', '', 'it''s', 'zz', null])[1 + n % 6],
              case when n % 3 = 0 then 'x' end, (array['happy', 'sad', null])[1 + n % 3]::mood, n % 7 - 3, n % 11 - 5,
              n % 13 - 6, (n % 17 - 8) * 0.25, (array['NaN', '0', '-0', '1.5', 'Infinity', null])[1 + n % 6]::float8
       from generate_series(0, 1200) n`,
      [daysAgo(36)],
    );
    await db.query('create table before as table ticks');
    const bench = await openBench(database);
    await rotateDataset(bench.rooms, makeDataset('ticks', { sortBy: ['symbol', 'time'] }), {
      force: true,
    });
    const split = [makeDataset('ticks', { sortBy: ['symbol', 'time'] })];
    const ask = async (sql: string) => (await askStores(bench, db, split, sql)).rows;
    const [{ n: cold } = { n: 0 }] = await ask('select count(*) as n from cold.ticks');
    expect(Number(cold)).toBeGreaterThan(300);
    expect(Number(cold)).toBeLessThan(1000);
    await fc.assert(
      fc.asyncProperty(shape, condition, async (toSql, where) => {
        const sql = toSql(where);
        const answer = await ask(sql);
        const truth = await db.query<Record<string, unknown>>(
          sql.replaceAll(/\bticks\b/g, 'before'),
        );
        expect(answer.map(plain)).toEqual(truth.rows.map(plain));
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});

function plain(row: Record<string, unknown>): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value === null ? null : String(Number(value)),
    ]),
  );
}
