import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `create table ticks (ts timestamptz not null, price numeric, size numeric(65,30), exact numeric(10,2), note text)`,
  );
  await database.query(
    `insert into ticks select now() - interval '40 days', n, n, n, n from unnest(array[9, 500, 1000]) n`,
  );
  for (const argv of [['migrate'], ['rotate', '--quiet', '--force']]) {
    const { exitCode, stderr } = await tierd(argv);
    expect(exitCode, stderr).toBe(0);
  }
});

function tierd(argv: readonly string[], columns = '') {
  const workingDirectory = directoryWith({
    'unified_config.yaml': `
postgres: { url: "${database.url}" }
lake: { type: local, path: ${JSON.stringify(join(tmpdir(), `${database.name}-lake`))} }
datasets: { ticks: { time_column: ts${columns} } }
`,
  });
  return runInside(argv, { workingDirectory, clock: systemClock });
}

/** The columns of which a query is told that they are compared as text. */
const notedBy = (where: string): Promise<string[]> =>
  notedOf(`select count(*) from ticks where ${where}`);

async function notedOf(query: string): Promise<string[]> {
  const { stderr, exitCode } = await tierd(['query', query]);
  expect(exitCode, stderr).toBe(0);
  return [...stderr.matchAll(/^note (\S+) of ticks is a number that is held as text/gm)].map(
    ([, column = '']) => column,
  );
}

it.each([
  ["price > '500'", ['price']],
  ["'500' <= t.size", ['size']],
  ["price between '1' and '500'", ['price']],
  ["price in ('9', '500')", ['price']],
  ["\"PRICE\" = '9' or size < '1'", ['price', 'size']],
] as const)(
  'a number that is held as text and compared as one is told: %s',
  async (where, told) => {
    expect(await notedBy(where.replace('t.size', 'ticks.size'))).toEqual(told);
  },
);

it.each([
  ['select max(price) from ticks', ['price']],
  ['select note from ticks order by ticks.price desc limit 1', ['price']],
  ['select least(price, size) from ticks', ['price', 'size']],
  ['select arg_max(price, size) from ticks', ['size']],
  ['select row_number() over (order by price) from ticks', ['price']],
  ['select count(*) from ticks where price < size', ['price', 'size']],
  ['select price::double as price from ticks order by price', []],
  ["with c as (select price as a from ticks) select * from c where a > '500'", ['price']],
  ['select max(b) from (select a as b from (select size as a from ticks))', ['size']],
  ['select price as a from ticks order by a', ['price']],
  ['select price as a from ticks order by ts', []],
  ['select price from ticks order by ts', []],
  ['select max(price::decimal(38,10)), max(exact), max(note) from ticks', []],
] as const)('so is one by whose order the answer goes: %s', async (query, told) => {
  expect(await notedOf(query)).toEqual(told);
});

it.each([
  'price::decimal(38,10) > 500',
  'exact > 500',
  "note > '500'",
  'price is not null',
  'price = size',
])('what is compared as a number, or is a text, is not: %s', async (where) => {
  expect(await notedBy(where)).toEqual([]);
});

it('the note says what to write', async () => {
  const { stderr } = await tierd(['query', "select 1 from ticks where price > '500'"]);
  expect(stderr).toContain('columns: { price: "decimal(38,10)" } under datasets.ticks');
  const quiet = await tierd(['query', '--quiet', "select 1 from ticks where price > '500'"]);
  expect(quiet.stderr).not.toContain('note');
});
