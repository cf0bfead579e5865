/** Translated statements over hot and cold rows answer what PostgreSQL answers of a table that was never split. */
import { expect, test } from 'vitest';
import { classifyStatement } from '../../../src/faces/postgres/translate/classify-statement.ts';
import { loadParser } from '../../../src/faces/postgres/translate/parse-statements.ts';
import { translate } from '../../../src/faces/postgres/translate/translate.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores } from '../../support/ask-stores.ts';
import { catalogueOf, type TableOfBoth } from '../../support/both-engines.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const TICKS: TableOfBoth = {
  name: 'ticks',
  columns: [
    ['time', 'timestamp with time zone'],
    ['id', 'integer'],
    ['symbol', 'text'],
    ['price', 'numeric(12,2)'],
    ['ratio', 'double precision'],
  ],
  rows: `$1::timestamptz + n * interval '13 minutes', n, (array['a', 'B', '', 'it''s', null])[1 + n % 5],
    (n % 17 - 8) * 0.25, (n % 9 - 4) * 0.5 from generate_series(0, 1200) n`,
};

const day = (days: number): string => `'${daysAgo(days)}'`;

const STATEMENTS = [
  `select count(*)::text, sum(price)::text, avg(price)::text, avg(id)::text, min(time) = ${day(36)} from ticks`,
  `select symbol, avg(price)::text, (sum(price) / count(*))::text from public.ticks group by symbol order by avg(price), symbol`,
  `select (floor(extract(epoch from time) / 86400) * 86400)::text as "time", count(*)::text from ticks where time between ${day(35)} and ${day(26)} group by 1 order by 1`,
  `select id::text, (price / 3)::text, (id / 7)::text from ticks where id % 100 = 7 order by id desc`,
  `select id::text from ticks where symbol = any('{a,"it''s"}'::text[]) and time >= ${day(31)}::timestamptz and time < ${day(29)} order by time limit 20`,
  `select a.id::text, b.symbol from ticks a join ticks b on b.id = a.id + 1 where a.time < ${day(35)} order by a.id`,
  `select id::text, (row_number() over (partition by symbol order by time))::text from ticks where symbol like 'i%' order by id limit 30`,
  `select symbol from ticks where symbol is distinct from 'a' group by symbol having count(*) > 5 order by symbol desc nulls last`,
  `with few as (select * from ticks where id < 40) select id::text from few where price in (select max(price) from few) order by id`,
] as const;

test('hot and cold rows', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  const columns = TICKS.columns.map(
    ([name, type]) =>
      `${name} ${type}${type === 'text' ? ' collate "C"' : ''}${name === 'time' ? ' not null' : ''}`,
  );
  await db.query(`create table ticks (${columns.join(', ')})`);
  await db.query(`insert into ticks select ${TICKS.rows}`, [daysAgo(36)]);
  await db.query('create table before as table ticks');
  await db.query(`set timezone = 'UTC'`);
  const bench = await openBench(database);
  const dataset = makeDataset('ticks', { sortBy: ['symbol', 'time'] });
  await rotateDataset(bench.rooms, dataset, { force: true });
  const parser = await loadParser();
  const ask = async (sql: string) => {
    const [statement] = parser.statements(sql);
    if (statement === undefined) throw new Error('no statement');
    const found = classifyStatement(statement, parser, (_, name) => name === 'ticks');
    if (found.kind !== 'select') throw new Error('no question');
    const translation = translate(found.question, { catalogue: catalogueOf([TICKS]) });
    return (await askStores(bench, db, [dataset], translation.sql)).rows;
  };
  const { rows: left } = await db.query('select from ticks');
  expect(left.length).toBeGreaterThan(100);
  expect(left.length).toBeLessThan(1100);
  for (const sql of STATEMENTS) {
    const truth = await db.query<unknown[]>({
      text: sql.replaceAll('ticks', 'before'),
      rowMode: 'array',
    });
    const rows = await ask(sql);
    expect(
      rows.map((row) => Object.values(row)),
      sql,
    ).toEqual(truth.rows);
    expect(rows.length, sql).toBeGreaterThan(0);
  }
});
