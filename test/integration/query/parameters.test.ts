/** `$1`, `$2`, … : values that are values, whatever stands in them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ParameterValue } from '../../../src/query/sql/parameters.ts';
import { askLake } from '../../support/ask-lake.ts';
import { createTestLake, type TestLake } from '../../support/test-lake.ts';

let lake: TestLake;

beforeAll(async () => {
  lake = await createTestLake();
  for (let day = 1; day <= 9; day += 1) {
    await lake.add(
      'ticks',
      `ticks/day=${String(day)}/ticks.parquet`,
      `select timestamptz '2024-01-0${String(day)} 00:00:00+00' + to_hours(i::int) as time,
              'S' || (i % 3) as symbol, (i * 1.25)::decimal(20,8) as close, i as volume
       from range(24) t(i)`,
      'epoch_us(time)',
    );
  }
});
afterAll(() => lake.destroy());

async function ask(sql: string, ...parameters: readonly ParameterValue[]): Promise<unknown[]> {
  const { text } = await askLake(lake, sql, { parameters });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

describe('parameters', () => {
  test.each([
    ['NUL', 'a\0b', 'the character NUL (at 2)'],
    ['half of a pair', 'ab\ud83d', 'half of a surrogate pair (at 3)'],
    ['the other half', '\ude00', 'half of a surrogate pair (at 1)'],
  ])('and a query with what no text can hold are refused by name: %s', async (_, text, what) => {
    await expect(ask('select $1 = $2', 'x', text)).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining(`The value of $2 has ${what}`) as string,
    });
    await expect(ask(`select '${text}'`)).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining('The query has ') as string,
    });
  });

  test('hold whole pairs', async () => {
    expect(await ask('select $1 as v', '\u{1f600}')).toEqual([{ v: '\u{1f600}' }]);
  });

  test('prune segments as constants do', async () => {
    const { text, summary } = await askLake(
      lake,
      'select count(*) as n from ticks where time >= $1 and time < $2 and symbol = $3',
      { parameters: ['2024-01-03', '2024-01-05', 'S1'] },
    );
    expect(text).toBe('{"n":16}\n');
    expect(summary).toMatchObject({ segmentsRead: 2, segmentsLive: 9 });
  });

  test.each<[string, readonly ParameterValue[], unknown]>([
    ['select max(volume) as v from ticks where volume < $1', ['7'], { v: 6 }],
    ['select max(close) as v from ticks where close <= $1', ['2.5'], { v: 2.5 }],
    ['select $1::integer + 1 as v', ['41'], { v: 42 }],
    ['select $1 + 1 as v', [41], { v: 42 }],
    ['select 1-$1 as v', [-1], { v: 2 }],
    ['select $2 || $1 || $2 as v', ['a', 'b'], { v: 'bab' }],
    ['select typeof($1) as v', ['text'], { v: 'VARCHAR' }],
    ['select $1 as v', [true], { v: true }],
    ['select $1 is null as v', [null], { v: true }],
    ['select count(*) as v from (select 1 from ticks limit $1)', ['3'], { v: 3 }],
    ['select count(*) as v from ticks where symbol in ($1, $2)', ['S0', 'S9'], { v: 72 }],
    ['select coalesce($1, $2) as v', [null, 'x'], { v: 'x' }],
    ['select 1e2 + $1 as v', [1e21], { v: 1e21 }],
  ])('%s with %j', async (sql, values, expected) => {
    expect(await ask(sql, ...values)).toEqual([expected]);
  });

  test.each([
    "it's",
    "'; drop table ticks; --",
    '$1 $2',
    '$$',
    '\\',
    'é "quoted" /* */ -- 😀',
    "' || (select count(*) from ticks) || '",
    '',
    ' ',
    'line\nbreak',
    '?',
  ])('stay the text that they are: %j', async (value) => {
    expect(await ask('select $1 as v, length($1) as n', value)).toEqual([
      { v: value, n: Array.from(value).length },
    ]);
  });

  test('are found where they are, and only there', async () => {
    const sql = `select /* $9 */ '$1' as a, "x$1" as b, $$ $1 $$ as c, $tag$ $1 $tag$ as d, -- $2
      e'\\'$1' as e, $1 as f, 'it''s $1' as g, $1 as "$1" from (select 1 as "x$1")`;
    expect(await ask(sql, 'v')).toEqual([
      { a: '$1', b: 1, c: ' $1 ', d: ' $1 ', e: "'$1", f: 'v', g: "it's $1", $1: 'v' },
    ]);
  });

  test('are written to a file as well', async () => {
    const file = join(lake.root, 'out.parquet');
    const { summary } = await askLake(lake, 'select * from ticks where volume = $1', {
      parameters: ['5'],
      format: 'parquet',
      file,
    });
    expect(summary.rows).toBe(9);
    expect((await readFile(file)).subarray(0, 4).toString()).toBe('PAR1');
  });

  test.each<[string, readonly ParameterValue[], string]>([
    ['select $1', [], 'the parameters $1, and 0 values'],
    ['select 1', ['x'], 'no parameters, and 1 value is'],
    ['select $1, $3', ['x', 'y', 'z'], '$1, $3, and 3 values'],
    ['select $1, $2', ['x'], '$1, $2, and 1 value is'],
    ['select $name', ['x'], 'the parameters $name'],
    ['select ?', ['x'], 'could not be put'],
  ])('that do not fit are refused before anything runs: %s with %j', async (sql, values, told) => {
    await expect(ask(sql, ...values)).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining(told),
    });
  });

  test('open no way to what a query may not read', async () => {
    for (const sql of ['select * from query_table($1)', 'select * from read_parquet($1)']) {
      const path = join(lake.root, 'ticks/day=1/ticks.parquet');
      await expect(ask(sql, path)).rejects.toMatchObject({ code: 'QUERY_NOT_ALLOWED' });
    }
  });
});
