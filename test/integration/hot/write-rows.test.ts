import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { listUniqueKeys } from '../../../src/hot/table/unique-key.ts';
import { canWrite } from '../../../src/hot/write/can-write.ts';
import { type Hope, type RefusedRow, writeRows } from '../../../src/hot/write/write-rows.ts';
import type { WriteTarget } from '../../../src/hot/write/write-statements.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { describePublic, reading, writing } from '../../support/hot.ts';

let database: TestDatabase;
let db: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  db = await database.connect();
});

let count = 0;

/** A fresh table and the way into it: newest wins by `ts` unless said otherwise. */
async function table(definition: string, changes: Partial<WriteTarget> = {}): Promise<WriteTarget> {
  count += 1;
  const name = `t${String(count)}`;
  await database.query(`create table ${name} (${definition})`);
  const { columns } = await describePublic(db, name);
  return {
    table: { schema: 'public', name },
    columns: columns.map((column) => ({
      name: column.name,
      type: { schema: column.baseType.schema, name: column.baseType.name },
      hasEquality: column.baseType.name !== 'json',
    })),
    key: ['symbol'],
    sameKey: null,
    version: 'ts',
    merge: false,
    mayKeepOut: false,
    ...changes,
  };
}

type Row = (string | null)[];

async function write(target: WriteTarget, rows: readonly Row[]): Promise<readonly RefusedRow[]> {
  return (await writing(db, () => writeRows(db, target, rows))).refused;
}

async function contents(target: WriteTarget): Promise<unknown[]> {
  const list = target.columns.map(({ name }) => `${name}::text`).join(', ');
  const text = `select ${list} from public.${target.table.name} order by 1, 2`;
  return reading(db, async () => (await db.query<Row>({ text, rowMode: 'array' })).rows);
}

const TS = (second: number): string => `2026-01-01 00:00:${String(second).padStart(2, '0')}+00`;
const PRICES = 'symbol text primary key, ts timestamptz not null, price numeric(10,2)';

/** Few rows go in as arrays, many through COPY: both have to do the same. */
const many = (row: (n: number) => Row): Row[] => Array.from({ length: 2_500 }, (_, n) => row(n));

describe.each(['few', 'many'] as const)('%s rows', (size) => {
  const padding = (n: number): Row[] =>
    size === 'few' ? [] : many((index) => [`pad ${String(index + n)}`, TS(0), '1']);
  const shown = async (target: WriteTarget): Promise<unknown[]> =>
    (await contents(target)).filter((row) => !String((row as Row)[0]).startsWith('pad'));

  it('are written as they are, whatever signs are in them', async () => {
    const odd = 'a\tb\\c\nd"e{f},\\N\r\u{1f600}';
    const target = await table('symbol text primary key, ts timestamptz not null, price text');
    expect(
      await write(target, [
        ...padding(0),
        [odd, TS(1), ''],
        ['x', TS(1), null],
        ['y', TS(1), '\\N'],
      ]),
    ).toEqual([]);
    expect(await shown(target)).toEqual([
      [odd, TS(1), ''],
      ['x', TS(1), null],
      ['y', TS(1), '\\N'],
    ]);
  });

  it('of one key leave the newest, in the batch and in the table', async () => {
    const target = await table(PRICES);
    await write(target, [
      ...padding(0),
      ['a', TS(2), '2'],
      ['a', TS(3), '3'],
      ['a', TS(1), '1'],
      ['b', TS(9), '9'],
    ]);
    await write(target, [...padding(0), ['a', TS(2), '5'], ['b', TS(9), '10']]);
    expect(await shown(target)).toMatchObject([
      ['a', expect.stringContaining(':03'), '3.00'],
      ['b', expect.stringContaining(':09'), '10.00'],
    ]);
  });

  it('of one key leave the last without a version', async () => {
    const target = await table(PRICES, { version: null });
    await write(target, [...padding(0), ['a', TS(2), '2'], ['a', TS(1), '1']]);
    expect(await shown(target)).toMatchObject([['a', expect.anything(), '1.00']]);
  });

  it('whose keys differ as text and not as values are one', async () => {
    const target = await table('symbol numeric primary key, ts timestamptz, price text');
    const rows = size === 'few' ? [] : many((n) => [String(n + 10), TS(0), 'pad']);
    await write(target, [...rows, ['1.0', TS(2), 'new'], ['1.00', TS(1), 'old']]);
    const found = (await contents(target)) as Row[];
    expect(found.filter((row) => row[2] !== 'pad')).toMatchObject([
      ['1.0', expect.anything(), 'new'],
    ]);
  });

  it('without a key are all written, also when they are equal', async () => {
    const target = await table('symbol text, ts timestamptz, price text', { key: null });
    await write(target, [...padding(0), ['a', TS(1), 'x'], ['a', TS(1), 'x']]);
    expect(await shown(target)).toHaveLength(2);
  });

  it('that PostgreSQL refuses are found, and the others written', async () => {
    const target = await table(`${PRICES}, check (price < 1000)`);
    const rows = [
      ...padding(0),
      ['a', TS(1), '1'],
      ['b', TS(1), '1e20'],
      ['c', TS(1), '5000'],
      ['d', TS(1), '2'],
    ] as Row[];
    const base = rows.length - 4;
    expect(await write(target, rows)).toEqual([
      {
        index: base + 1,
        sqlstate: '22003',
        message: expect.stringContaining('overflow') as string,
      },
      {
        index: base + 2,
        sqlstate: '23514',
        message: expect.stringContaining('check constraint') as string,
      },
    ]);
    expect(await shown(target)).toMatchObject(
      [['a'], ['d']].map(([symbol]) => [symbol, expect.anything(), expect.anything()]),
    );
  });
});

describe('many rows that are hoped to be new', () => {
  const hoping = async (target: WriteTarget, rows: readonly Row[], hope: Hope) =>
    (await writing(db, () => writeRows(db, target, rows, hope))).refused;

  it('go in by COPY alone as long as they are', async () => {
    const target = await table(PRICES);
    const hope = { cautiousFor: 0 };
    await database.query(
      `create function no_upsert() returns trigger language plpgsql as 'begin raise exception ''an upsert''; end';
       create trigger no_upsert before update on ${target.table.name} for each statement execute function no_upsert()`,
    );
    expect(
      await hoping(
        target,
        many((n) => [`a${String(n)}`, TS(1), '1']),
        hope,
      ),
    ).toEqual([]);
    expect(
      await hoping(
        target,
        many((n) => [`b${String(n)}`, TS(1), '1']),
        hope,
      ),
    ).toEqual([]);
    expect(hope.cautiousFor).toBe(0);
    await database.query('drop function no_upsert cascade');
  });

  it('and are not, leave the newest all the same, and the next are written with caution', async () => {
    const target = await table(PRICES);
    const hope = { cautiousFor: 0 };
    await hoping(
      target,
      many((n) => [String(n), TS(5), '5']),
      hope,
    );
    await hoping(
      target,
      many((n) => [String(n + 2_499), TS(n === 0 ? 3 : 6), '6']),
      hope,
    );
    expect(hope.cautiousFor).toBe(64);
    const found = (await contents(target)) as Row[];
    expect(found).toHaveLength(4_999);
    expect(found.find(([symbol]) => symbol === '2499')?.[2]).toBe('5.00');
    await hoping(
      target,
      many((n) => [`c${String(n)}`, TS(5), '5']),
      hope,
    );
    expect(hope.cautiousFor).toBe(63);
  });

  it('are written but for those that PostgreSQL refuses', async () => {
    const target = await table(PRICES);
    const rows = many((n) => [String(n), TS(5), n === 7 ? '1e99' : '5']);
    expect(await hoping(target, rows, { cautiousFor: 0 })).toMatchObject([{ index: 7 }]);
    expect(await contents(target)).toHaveLength(2_499);
  });
});

describe('rows', () => {
  it('fill in field by field, the newer value first, as a claim has them', async () => {
    const target = await table('symbol text primary key, ts timestamptz, a int not null, b int', {
      merge: true,
    });
    await write(target, [['x', TS(2), '1', null]]);
    await write(target, [
      ['x', null, null, '2'],
      ['x', TS(3), '3', null],
    ]);
    expect(await contents(target)).toMatchObject([['x', expect.stringContaining(':03'), '3', '2']]);
    await write(target, [['x', TS(1), '9', '9']]);
    expect(await contents(target)).toMatchObject([['x', expect.stringContaining(':03'), '3', '2']]);
    expect(await write(target, [['y', TS(1), null, '1']])).toMatchObject([
      { index: 0, sqlstate: '23502' },
    ]);
  });

  it('that are there already are not written again', async () => {
    const target = await table('symbol text primary key, ts timestamptz, price numeric, body json');
    const row = ['a', TS(1), '1.5', '{"a":1}'];
    await write(target, [row]);
    const before = await db.query(`select ctid::text from ${target.table.name}`);
    await write(target, [row]);
    expect((await db.query(`select ctid::text from ${target.table.name}`)).rows).toEqual(
      before.rows,
    );
  });

  it('are refused, not cut, where a text is too long', async () => {
    const target = await table('symbol varchar(3) primary key, ts timestamptz, price varchar(2)');
    expect(
      await write(target, [
        ['abcd', TS(1), 'x'],
        ['abc', TS(1), 'xyz'],
        ['abd', TS(1), 'xy'],
      ]),
    ).toMatchObject([
      { index: 0, sqlstate: '22001' },
      { index: 1, sqlstate: '22001' },
    ]);
  });

  it('of types of one’s own, domains and arrays arrive as their text says', async () => {
    await database.query(
      `create type mood as enum ('good', 'bad'); create domain price as numeric check (value > 0)`,
    );
    const target = await table('symbol text primary key, ts timestamptz, m mood, p price, l int[]');
    expect(
      await write(target, [
        ['a', TS(1), 'good', '1', '{1,2}'],
        ['b', TS(1), 'ugly', '1', null],
        ['c', TS(1), 'bad', '-1', null],
      ]),
    ).toMatchObject([
      { index: 1, sqlstate: '22P02' },
      { index: 2, sqlstate: '23514' },
    ]);
  });

  it('a poison entry in a batch of 5,000 is found in little time', async () => {
    const target = await table(PRICES);
    const rows = Array.from({ length: 5_000 }, (_, n) => [
      `s${String(n)}`,
      TS(1),
      n === 4_321 ? '1e99' : '1',
    ]);
    expect(await write(target, rows)).toMatchObject([{ index: 4_321, sqlstate: '22003' }]);
    expect(await contents(target)).toHaveLength(4_999);
  });

  it('are all given back when something else fails', async () => {
    const target = await table(PRICES);
    await database.query(`drop table ${target.table.name}`);
    await expect(write(target, [['a', TS(1), '1']])).rejects.toMatchObject({
      code: 'POSTGRES_FAILED',
      context: { sqlstate: '42P01' },
    });
  });
});

describe('the unique keys of a table', () => {
  async function keysOf(definition: string, more = ''): Promise<unknown> {
    const { table: ref } = await table(`ts timestamptz not null, ${definition}`);
    if (more !== '') await database.query(more.replaceAll('$t', ref.name));
    const described = await describePublic(db, ref.name);
    return (await listUniqueKeys(db, described)).map(({ columns }) => columns.join());
  }

  it('are those that hold for every row, the primary key first', async () => {
    expect(
      await keysOf(
        'symbol text, a int not null, unique (a), primary key (symbol, ts)',
        'create unique index on $t (a, ts) include (symbol)',
      ),
    ).toEqual(['symbol,ts', 'a', 'a,ts']);
  });

  it('are not those with nulls, conditions, expressions or a late check', async () => {
    expect(
      await keysOf(
        'symbol text, a int not null, unique (symbol), unique (a) deferrable',
        'create unique index on $t (a) where a > 1; create unique index on $t ((a + 1))',
      ),
    ).toEqual([]);
    expect(await keysOf('symbol text, unique nulls not distinct (symbol)')).toEqual(['symbol']);
  });
});

it('what a role lacks to write a table is named', async () => {
  const target = await table(PRICES);
  const role = `reader_of_${database.name}`;
  await database.query(`create role ${role}; grant select on ${target.table.name} to ${role}`);
  const lacking = (updates: boolean): Promise<readonly string[]> =>
    reading(db, async () => {
      await db.query(`set local role ${role}`);
      return canWrite(db, target.table, updates);
    });
  expect(await lacking(true)).toEqual(['insert', 'update']);
  expect(await lacking(false)).toEqual(['insert']);
  await database.query(`grant insert, update on ${target.table.name} to ${role}`);
  expect(await lacking(true)).toEqual([]);
  await database.query(`drop owned by ${role}; drop role ${role}`);
});
