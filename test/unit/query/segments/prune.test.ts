import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findNeeds } from '../../../../src/query/segments/prune.ts';
import type { Predicate } from '../../../../src/query/sql/predicate.ts';
import { formatAst } from '../../../../src/query/sql/sql-ast.ts';
import { admitSelect } from '../../../../src/query/sql/statement.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

const columns = new Map([
  ['time', 'TIMESTAMP WITH TIME ZONE'],
  ['symbol', 'VARCHAR'],
  ['volume', 'BIGINT'],
  ['close', 'DECIMAL(20,8)'],
  ['ratio', 'DOUBLE'],
  ['note', 'JSON'],
]);
const datasets = [
  { name: 'ticks', columns },
  { name: 'news', columns },
];

async function needsOf(sql: string) {
  return findNeeds(await admitSelect(connection, sql), datasets);
}

/** What a query needs of `ticks`, in words; null when it does not name it. */
async function ticksIn(sql: string): Promise<string | null> {
  const predicate = (await needsOf(sql)).datasets.get('ticks');
  return predicate === undefined ? null : wordsOf(predicate);
}

function wordsOf(predicate: Predicate): string {
  switch (predicate.kind) {
    case 'any':
      return 'any';
    case 'and':
    case 'or':
      return `(${predicate.of.map(wordsOf).join(` ${predicate.kind} `)})`;
    case 'null':
      return `${predicate.column} is ${predicate.isNull ? '' : 'not '}null`;
    case 'compare': {
      const text = formatAst(predicate.constant);
      const value = /"value":"?([^",{}]+)"?[,}]/.exec(text)?.[1] ?? 'expression';
      return `${predicate.column}${predicate.asDate ? '::date' : ''} ${predicate.operator} ${value}`;
    }
  }
}

describe('what a query needs of a dataset', () => {
  test.each([
    [`time >= '2024-01-01'`, 'time >= 2024-01-01'],
    [`'2024-01-01' <= time`, 'time >= 2024-01-01'],
    [`TIME > '2024-01-01'`, 'time > 2024-01-01'],
    [`time between '2024-01-01' and '2024-01-02'`, '(time >= 2024-01-01 and time <= 2024-01-02)'],
    [
      `time >= '2024-01-01' and time < '2024-02-01' and abs(volume) > 3`,
      '(time >= 2024-01-01 and time < 2024-02-01)',
    ],
    [`time < '2020-01-01' or time > '2024-01-01'`, '(time < 2020-01-01 or time > 2024-01-01)'],
    [`symbol in ('A', 'B')`, '(symbol = A or symbol = B)'],
    [`time::date = '2024-01-01'`, 'time::date = 2024-01-01'],
    [`ticks.volume = 9007199254740993`, 'volume = 9007199254740993'],
    [`time > now() - interval '3 days'`, 'time > 3 days'],
    [`not (time < '2024-01-01')`, 'time >= 2024-01-01'],
    [`close > 1.5`, 'close > 15'],
    [`ratio is null and note is not null`, '(ratio is null and note is not null)'],
  ])('reads `%s`', async (condition, expected) => {
    expect(await ticksIn(`select 1 from ticks where ${condition}`)).toBe(expected);
  });

  test.each([
    ['a disjunct that is not understood', `time > '2024-01-01' or abs(volume) = 3`],
    ['an inequality', `symbol <> 'A'`],
    ['a NOT IN', `symbol not in ('A')`],
    ['a null-safe comparison', `symbol is not distinct from 'A'`],
    ['a function of the column', `abs(volume) = 3`],
    ['a comparison of columns', `time > time`],
    ['a random constant', `volume > random()`],
    ['a subquery', `volume > (select 3)`],
    ['a text that is computed', `symbol > 'A' || 'B'`],
    ['a boolean', `volume = true`],
    ['floating point, where NaN may hide', `ratio > 3`],
    ['a type without an order of its own', `note > '{}'`],
    ['a collation', `symbol = 'a' collate nocase`],
    ['a lossy cast of the column', `volume::varchar > '5'`],
    ['a try_cast', `try_cast(time as date) = '2024-01-01'`],
    ['a parameter', `volume > $1`],
    ['a case', `case when time > '2024-01-01' then true end`],
  ])('takes everything for %s', async (_what, condition) => {
    expect(await ticksIn(`select 1 from ticks where ${condition}`)).toBe('any');
  });

  test.each([
    ['by its alias', `select 1 from ticks as t where t.volume = 3`, 'volume = 3'],
    ['in cold', `select 1 from cold.ticks where volume = 3`, 'volume = 3'],
    ['in upper case', `select 1 from "TICKS" where volume = 3`, 'volume = 3'],
    [
      'in an inner join, qualified',
      `select 1 from ticks t join news n using (time) where t.volume = 3`,
      'volume = 3',
    ],
    [
      'on the nullable side of a left join',
      `select 1 from news n left join ticks t using (time) where t.volume = 3`,
      'volume = 3',
    ],
    [
      'as what is not null on the nullable side of a left join',
      `select 1 from news n left join ticks t using (time) where t.volume is not null`,
      'volume is not null',
    ],
    [
      'in a cross join',
      `select 1 from news n, ticks t where n.volume = 4 and t.volume = 3`,
      'volume = 3',
    ],
    [
      'in a subquery, by its own condition',
      `select 1 from (select * from ticks where volume = 3) where volume = 4`,
      'volume = 3',
    ],
    [
      'in a common table expression',
      `with x as (select * from ticks where volume = 3) select 1 from x`,
      'volume = 3',
    ],
    [
      'twice',
      `select 1 from ticks where volume = 3 union select 1 from ticks where volume = 4`,
      '(volume = 3 or volume = 4)',
    ],
    ['twice, once whole', `select 1 from ticks where volume = 3 union select 1 from ticks`, 'any'],
    ['in an expression', `select (select max(volume) from ticks where volume = 3)`, 'volume = 3'],
  ])('finds it %s', async (_where, sql, expected) => {
    expect(await ticksIn(sql)).toBe(expected);
  });

  test.each([
    [
      'what is null on the nullable side of a left join',
      `select 1 from news n left join ticks t using (time) where t.volume is null`,
    ],
    ['unqualified names over two tables', `select 1 from ticks t, news n where volume = 3`],
    [
      'names of an outer query',
      `select 1 from news n where exists (select 1 from ticks where n.volume = 3)`,
    ],
    ['a full join', `select 1 from ticks t full join news n using (time) where t.volume = 3`],
    ['a right join', `select 1 from ticks t right join news n using (time) where t.volume = 3`],
    [
      'an asof join',
      `select 1 from news n asof join ticks t on n.time >= t.time where t.volume = 3`,
    ],
    ['a positional join', `select 1 from news n positional join ticks t where t.volume = 3`],
    ['a sample', `select 1 from ticks where volume = 3 using sample 10`],
    ['a sampled table', `select 1 from ticks tablesample 10% where volume = 3`],
    ['renamed columns', `select 1 from ticks t(volume, time) where volume = 3`],
    ['a condition in HAVING', `select 1 from ticks having count(*) = 3`],
    ['a new name in SELECT that is a column too', `select 1 as volume from ticks where volume = 3`],
    ['a pivot', `select * from (pivot ticks on symbol in ('A') using sum(volume))`],
    ['a description', `describe ticks`],
    [
      'a shadow that is read from it',
      `with ticks as (select * from ticks) select 1 from ticks where volume = 3`,
    ],
    ['a later shadow', `with x as (select * from ticks), ticks as (select 1) select 1 from x`],
  ])('takes everything in case of %s', async (_what, sql) => {
    expect(await ticksIn(sql)).toBe('any');
  });

  test.each([
    [
      'a common table expression of its name',
      `with ticks as (select 1 as volume) select 1 from ticks where volume = 3`,
    ],
    ['an alias of its name', `select 1 from news as ticks where ticks.volume = 3`],
    ['a column of its name', `select 1 as ticks`],
  ])('does not take %s for the dataset', async (_what, sql) => {
    expect(await ticksIn(sql)).toBeNull();
  });

  test('a shadow hides the name, not the dataset', async () => {
    const sql = `with ticks as (select 1) select 1 from ticks, cold.ticks c where c.volume = 3`;
    expect(await ticksIn(sql)).toBe('volume = 3');
  });

  test.each([
    [`select * from query_table('ticks')`, true],
    [`select * from query('select 1 from ticks')`, true],
    [`select * from duckdb_tables()`, true],
    [`select * from range(3), unnest([1, 2]) u(x)`, false],
  ])('knows whether `%s` may reach tables by other ways', async (sql, opaque) => {
    expect((await needsOf(sql)).opaque).toBe(opaque);
  });
});

describe('what may be asked', () => {
  test.each([
    'select 1',
    'with x as (select 1) from x',
    'values (1)',
    'from range(3)',
    'show tables',
    'describe select 1',
    'summarize select 1',
    "select ';' -- one; still\n;;",
  ])('admits `%s`', async (sql) => {
    await expect(admitSelect(connection, sql)).resolves.toBeDefined();
  });

  test.each([
    'select 1; select 2',
    'insert into x values (1)',
    'delete from ticks',
    "copy (select 1) to '/tmp/x'",
    "attach '/tmp/x' as x",
    'pragma version',
    'set threads = 1',
    'create table x (a int)',
    'explain analyze delete from ticks',
    'call duckdb_settings()',
    "export database '/tmp/x'",
    'install httpfs',
    'load httpfs',
    'begin',
    'checkpoint',
  ])('refuses `%s`', async (sql) => {
    await expect(admitSelect(connection, sql)).rejects.toMatchObject({ code: 'QUERY_NOT_ALLOWED' });
  });

  test.each(['', '  -- nothing\n', ';'])('says so when there is nothing in %j', async (sql) => {
    await expect(admitSelect(connection, sql)).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  });

  test('says where a query does not parse', async () => {
    await expect(admitSelect(connection, 'selec 1')).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining('selec'),
    });
  });
});
