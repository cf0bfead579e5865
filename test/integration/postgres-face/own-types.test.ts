/** Columns of an enum or a domain, hot and cold, as PostgreSQL has them in a table that was never split. */
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type PostgresQuestion,
  translateQuestion,
} from '../../../src/cli/rooms/translate-question.ts';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let db: pg.Client;
let dataset: Dataset;
let bench: Awaited<ReturnType<typeof openBench>>;

beforeAll(async () => {
  const database = await createTestDatabase();
  db = await database.connect();
  await db.query(`create type mood as enum ('sad', 'ok', 'happy', 'it''s');
    create schema other; create type other."Side" as enum ('sell', 'buy');
    create domain ticker as text collate "C"; create domain price as numeric(12,2) check (value >= 0);
    create domain temper as mood;
    create table ticks (time timestamptz not null, id int, m mood, "Side" other."Side", symbol ticker, price price, t temper)`);
  await db.query(
    `insert into ticks select $1::timestamptz + n * interval '13 minutes', n,
       (array['sad', 'ok', 'happy', 'it''s', null])[1 + n % 5]::mood, (array['buy', 'sell'])[1 + n % 2]::other."Side",
       (array['a', 'B', ''])[1 + n % 3], (n % 17) * 0.25, (array['happy', 'ok'])[1 + n % 2]::mood
     from generate_series(0, 1200) n`,
    [daysAgo(36)],
  );
  await db.query(`create table before as table ticks; set timezone = 'UTC'`);
  bench = await openBench(database, {}, afterAll);
  dataset = makeDataset('ticks', { sortBy: ['symbol', 'time'] });
  await rotateDataset(bench.rooms, dataset, { force: true });
});

const NOTHING_GIVEN = { before: 0, parameterTypes: [], values: [], timeZone: 'UTC', instant: null };

const question = (sql: string, given: Partial<PostgresQuestion> = {}): PostgresQuestion => ({
  ...NOTHING_GIVEN,
  sql,
  ...given,
});

const codeOf = (sql: string, given?: Partial<PostgresQuestion>): Promise<unknown> =>
  translateQuestion(db, [dataset], question(sql, given)).then(
    () => null,
    (error: unknown) => (error as { context?: { sqlstate?: string } }).context?.sqlstate,
  );

const ALIKE: readonly { sql: string; values?: readonly (string | null)[] }[] = [
  { sql: `select m::text, count(*)::text from ticks group by m order by m` },
  { sql: `select m::text, id::text from ticks where m = 'happy' and id < 50 order by id` },
  {
    sql: `select id::text from ticks where m in ('sad', 'it''s') and "Side" <> 'buy' and id < 90 order by id`,
  },
  { sql: `select id::text from ticks where m > 'ok' and id < 60 order by m desc nulls last, id` },
  { sql: `select id::text from ticks where m between 'ok' and 'happy' and id < 60 order by 1` },
  {
    sql: `select min(m)::text, max(m)::text, min("Side")::text, count(distinct m)::text from ticks`,
  },
  { sql: `select "Side"::text, max(m)::text from ticks group by 1 order by max(m), 1` },
  { sql: `select distinct m::text as label, m from ticks order by m` },
  { sql: `select id::text from ticks where m = $1 and id < 30 order by id`, values: ['happy'] },
  {
    sql: `select id::text from ticks where m = any($1) and id < 30 order by id`,
    values: ['{sad,ok}'],
  },
  { sql: `select id::text from ticks where m = $1 and id < 30 order by id`, values: [null] },
  {
    sql: `select id::text from ticks where m = 'sad'::mood and "Side" = 'sell'::other."Side" and id < 40 order by id`,
  },
  { sql: `select id::text from ticks where m = any('{sad,ok}'::mood[]) and id < 30 order by id` },
  { sql: `select coalesce(m, 'ok')::text, id::text from ticks where id < 20 order by id` },
  {
    sql: `select (case when id % 2 = 0 then m else 'sad' end)::text from ticks where id < 20 order by id`,
  },
  { sql: `select m::text || '!' from ticks where m is not null and id < 20 order by id` },
  { sql: `select (lag(m) over (order by id))::text from ticks where id < 20 order by id` },
  { sql: `select a.id::text from ticks a join ticks b using (m, id) where a.id < 20 order by 1` },
  {
    sql: `select id::text from ticks where m in (select m from ticks where id < 2) and id < 20 order by id`,
  },
  {
    sql: `select symbol, count(*)::text, sum(price)::text from ticks where symbol >= 'B' group by symbol order by symbol`,
  },
  {
    sql: `select id::text, (price * 2)::text from ticks where price > 3.5 and symbol = 'a' order by price, id limit 20`,
  },
  {
    sql: `select greatest(m, 'ok')::text, least(m, 'happy', null)::text from ticks where id < 20 order by id`,
  },
  {
    sql: `select m::text, m from ticks where id < 9 union select 'it''s', 'it''s' order by 2 desc`,
  },
  { sql: `select distinct on (m) m::text, id::text from ticks order by m, id` },
  { sql: `select rank() over (order by m)::text from ticks where id < 30 order by id` },
  { sql: `select max(m) over (order by id)::text from ticks where id < 30 order by id` },
  {
    sql: `select id::text from ticks where m is distinct from 'ok' and id < 50 order by id`,
  },
  { sql: `select string_agg(m::text, ',' order by m desc, id) from ticks where id < 20` },
  {
    sql: `select nullif(m, 'ok')::text, id::text from ticks where id < 20 and m not in ('sad') order by id`,
  },
];

test.each(ALIKE)('$sql', async ({ sql, values = [] }) => {
  const truth = await db.query<unknown[]>({
    ...{ text: sql.replaceAll('ticks', 'before'), values: [...values], rowMode: 'array' },
  });
  const { sql: written } = await translateQuestion(db, [dataset], question(sql, { values }));
  const { rows } = await askStores(bench, db, [dataset], written);
  expect(rows.map((row) => Object.values(row))).toEqual(truth.rows);
  if (!values.includes(null)) expect(rows.length).toBeGreaterThan(0);
});

test('what is no label is refused as PostgreSQL refuses it', async () => {
  expect(await codeOf(`select id from ticks where m = 'glad'`)).toBe('22P02');
  expect(await codeOf(`select id from ticks where m = $1`, { values: ['glad'] })).toBe('22P02');
  expect(await codeOf(`select id from ticks where m = "Side"`)).toBe('42883');
  expect(await codeOf(`select id from ticks where m like 'h%'`)).toBe('42883');
  expect(await codeOf(`select id from ticks where m = t`)).toBe('42883');
  expect(await codeOf(`select greatest(t, t) from ticks`)).toBe('0A000');
  expect(await codeOf(`select array[m] from ticks`)).toBe('0A000');
});

test('parameters and columns are told by the oids that the type has', async () => {
  const { rows } = await db.query<{ m: number; many: number; text: number }>(
    `select 'mood'::regtype::oid::int as m, 'mood[]'::regtype::oid::int as many, 25 as text`,
  );
  const oids = rows[0];
  const found = await translateQuestion(
    db,
    [dataset],
    question('select m, symbol, max(m) from ticks where m = $1 or m = any($2) group by 1, 2', {
      values: null,
    }),
  );
  expect(found.parameterTypes).toEqual([oids?.m, oids?.many]);
  expect(found.columns.map(({ type }) => type?.oid)).toEqual([oids?.m, oids?.text, oids?.m]);
  const named = { parameterTypes: [oids?.m ?? 0], values: ['sad'] };
  const again = await translateQuestion(
    db,
    [dataset],
    question('select 1 from ticks where m = $1', named),
  );
  expect(again.parameterTypes).toEqual([oids?.m]);
});

test('an enum with a label that was renamed since rows left can be shown, and not compared', async () => {
  await db.query(`alter type mood rename value 'ok' to 'fine'`);
  try {
    expect(await codeOf(`select m from ticks where id < 5`)).toBeNull();
    expect(await codeOf(`select m from ticks where m::text = 'ok'`)).toBeNull();
    expect(await codeOf(`select m from ticks where m = 'fine'`)).toBe('42883');
    expect(await codeOf(`select m from ticks group by m`)).toBe('0A000');
    expect(await codeOf(`select "Side" from ticks group by 1`)).toBeNull();
  } finally {
    await db.query(`alter type mood rename value 'fine' to 'ok'`);
  }
  await db.query(`alter type mood add value 'glad' before 'happy'`);
  expect(await codeOf(`select m from ticks where m < 'glad'`)).toBeNull();
});
