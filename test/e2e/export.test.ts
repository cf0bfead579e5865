/** `tierd export`: the rows of both stores as files, read again by an engine of another make than wrote them where there is one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { directoryForAll } from '../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeWorkspace, type Workspace } from '../support/workspace.ts';

const DATASETS = '  bars: { time_column: ts, hot_days: 20, sort_by: [symbol] }';
const SYMBOLS = ["'AAPL'", "'BRK/B'", "'é b%=..'", 'null'];
const EVERY = 4 * 400;

let database: TestDatabase;
let workspace: Workspace;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `create table bars (ts timestamptz not null, symbol text, price numeric(20,8), n bigint not null);
     insert into bars
     select date_trunc('day', now(), 'UTC') - n * interval '36 minutes', (array[${SYMBOLS.join(',')}])[1 + n % 4],
            n / 7.0, 9007199254740993 + n
     from generate_series(0, ${String(EVERY - 1)}) n`,
  );
  workspace = makeWorkspace(database, DATASETS, '', undefined, directoryForAll);
  expect(await workspace.tierd('migrate')).toMatchObject({ exitCode: 0 });
  expect(await workspace.tierd('rotate', '--quiet')).toMatchObject({ exitCode: 0 });
  const { rows } = await database.query('select count(*)::int as n from bars');
  // Both stores have some.
  expect((rows[0] as { n: number }).n).toBeLessThan(EVERY);
  expect((rows[0] as { n: number }).n).toBeGreaterThan(0);
});

const at = (name: string): string => join(workspace.directory, name);

async function duck(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const WHOLE = `count(*)::int as rows, count(distinct n)::int as distinct_rows, sum(n - 9007199254740993)::varchar as numbers, sum(price)::varchar as prices, count(symbol)::int as named`;
const TRUTH = {
  rows: EVERY,
  distinct_rows: EVERY,
  numbers: String((EVERY * (EVERY - 1)) / 2),
  named: (EVERY * 3) / 4,
};

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('an export', () => {
  it.each(['parquet', 'csv', 'ndjson'])('has every row once, as %s', async (format) => {
    const ended = await workspace.tierd('export', 'bars', '--output', `whole.${format}`, '--json');
    expect(ended).toMatchObject({ exitCode: 0 });
    const told = JSON.parse(ended.stdout) as { rows: number; bytes: number };
    expect(told).toMatchObject({ rows: EVERY, output: at(`whole.${format}`) });
    expect(told.bytes).toBe(readFileSync(at(`whole.${format}`)).byteLength);
    const types = "{n: 'bigint', price: 'decimal(20,8)', symbol: 'varchar', ts: 'timestamptz'}";
    const source = {
      parquet: `read_parquet('${at('whole.parquet')}')`,
      csv: `read_csv('${at('whole.csv')}', header = true, types = ${types})`,
      ndjson: `read_json('${at('whole.ndjson')}', columns = ${types})`,
    }[format];
    const [found] = await duck(`select ${WHOLE} from ${String(source)}`);
    expect(found).toMatchObject(TRUTH);
  });

  it('is sorted as segments are, and has the columns and the time that were asked for', async () => {
    const ended = await workspace.tierd(
      ...['export', 'bars', '-o', 'some.csv', '--columns', 'symbol,ts', '--from', '2020-01-01'],
      ...['--to', new Date(Date.now() - 10 * 86_400_000).toISOString().slice(0, 10)],
    );
    expect(ended).toMatchObject({ exitCode: 0 });
    const [header, ...lines] = readFileSync(at('some.csv'), 'utf8').trimEnd().split(/\r?\n/);
    expect(header).toBe('symbol,ts');
    expect(lines.length).toBeGreaterThan(1_150);
    expect(lines.length).toBeLessThan(1_250);
    const apple = lines.filter((line) => line.startsWith('AAPL,'));
    expect(apple).toEqual([...apple].sort());
    expect(lines.slice(0, apple.length)).toEqual(apple);
  });

  it('by month and by a column is in folders that other readers understand', async () => {
    const ended = await workspace.tierd(
      ...['export', 'bars', '--partition-by', 'month,symbol', '--output', 'parts'],
    );
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toMatch(/^1,600 rows \(.*\) written to parts, in \d+ files/);
    const [found] = await duck(
      `select ${WHOLE}, count(distinct (year, month))::int as months, bool_and(year::int = extract(year from ts at time zone 'UTC') and month::int = extract(month from ts at time zone 'UTC')) as fits
       from read_parquet('${at('parts')}/**/*.parquet', hive_partitioning = true)`,
    );
    expect(found).toMatchObject({ ...TRUTH, fits: true });
    const folders = new Set(filesUnder(at('parts')).map((path) => path.split('/').at(-2)));
    expect([...folders].sort()).toEqual([
      'symbol=%C3%A9 b%25%3D..',
      'symbol=AAPL',
      'symbol=BRK%2FB',
      'symbol=__HIVE_DEFAULT_PARTITION__',
    ]);
    expect(readdirSync(workspace.directory).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('by day is of one snapshot, whatever is inserted and moved meanwhile', async () => {
    const twin = await createTestDatabase();
    await twin.query(
      `create table bars (ts timestamptz not null, symbol text, n int);
       insert into bars select date_trunc('day', now(), 'UTC') - d * interval '1 day', 'A', d from generate_series(0, 30) d`,
    );
    const own = makeWorkspace(twin, DATASETS, 'query: { max_hold: 5min }');
    expect(await own.tierd('migrate')).toMatchObject({ exitCode: 0 });
    const over = new AbortController();
    const inserting = (async () => {
      while (!over.signal.aborted) {
        // Into each day, in one statement.
        await twin.query(
          `insert into bars select date_trunc('day', now(), 'UTC') - d * interval '1 day', 'B', d from generate_series(0, 30) d`,
        );
      }
    })();
    const rotating = own.tierd('rotate', '--quiet');
    const ended = await own.tierd('export', 'bars', '--partition-by', 'day', '--output', 'days');
    over.abort();
    await inserting;
    expect(ended).toMatchObject({ exitCode: 0 });
    await rotating;
    const counts = await duck(
      `select distinct count(*)::int as rows from read_parquet('${join(own.directory, 'days')}/**/*.parquet') group by n`,
    );
    expect(counts).toHaveLength(1);
    expect(filesUnder(join(own.directory, 'days'))).toHaveLength(31);
  });

  it('of nothing leaves no folder', async () => {
    const ended = await workspace.tierd(
      ...['export', 'bars', '--to', '1990-01-01', '--partition-by', 'year', '--output', 'none'],
    );
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toContain('there are no rows to export; nothing was written');
    expect(existsSync(at('none'))).toBe(false);
  });
});

describe('an export that ends early', () => {
  it('leaves neither folder nor parts after Ctrl-C, and nothing by the name after kill -9', async () => {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const running = workspace.start(
        ...['export', 'bars', '--partition-by', 'day', '--output', 'cut'],
      );
      await expect
        .poll(() => readdirSync(workspace.directory).some((name) => name.endsWith('.part')))
        .toBe(true);
      running.child.kill(signal);
      await running.ended;
      expect(existsSync(at('cut'))).toBe(false);
      const left = readdirSync(workspace.directory).filter((name) => name.endsWith('.part'));
      expect(left.length).toBe(signal === 'SIGINT' ? 0 : 1);
    }
    const again = await workspace.tierd(
      ...['export', 'bars', '--partition-by', 'month', '--output', 'cut'],
    );
    expect(again).toMatchObject({ exitCode: 0 });
  });

  it('tells that the snapshot was held for too long', async () => {
    const ended = await workspace.tierd(
      ...['export', 'bars', '--partition-by', 'day', '--max-hold', '1s', '--output', 'late'],
    );
    expect(ended).toMatchObject({ exitCode: 1 });
    expect(ended.stderr).toContain('was held for 1 s, and not all were written by then');
    expect(existsSync(at('late'))).toBe(false);
  });
});

describe('an export is refused', () => {
  it.each([
    [['--output', 'x'], 'tells no format'],
    [['--output', 'x.csv', '--max-hold', '1min'], '--max-hold is about the files'],
    [['--output', 'x.csv', '--columns', 'prize'], 'Did you mean price?'],
    [['--output', 'x', '--partition-by', 'price,'], 'names separated by commas'],
    [['--output', 'x.csv', '--from', '2024-02-01', '--to', '2024-01-01'], '--to must be later'],
  ])('where it is asked as %j', async (words, message) => {
    const ended = await workspace.tierd('export', 'bars', ...words);
    expect(ended.exitCode).toBeGreaterThan(0);
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toMatch(/^ +at /m);
    expect(existsSync(at('x'))).toBe(false);
  });

  it('where the folder has something', async () => {
    mkdirSync(at('taken'));
    writeFileSync(at('taken/old.parquet'), '');
    const ended = await workspace.tierd(
      ...['export', 'bars', '--partition-by', 'year', '--output', 'taken'],
    );
    expect(ended).toMatchObject({ exitCode: 3 });
    expect(ended.stderr).toContain('is not empty: it has "old.parquet"');
    expect(readdirSync(at('taken'))).toEqual(['old.parquet']);
  });

  it('where rows would be in no file, or a column would be taken for a folder', async () => {
    const other = await createTestDatabase();
    await other.query(
      `create table bars (ts timestamptz not null, symbol double precision, year int);
       insert into bars values ('infinity', 1, 1), (now(), 2, 2)`,
    );
    const own = makeWorkspace(other, DATASETS);
    expect(await own.tierd('migrate')).toMatchObject({ exitCode: 0 });
    const by = (what: string): ReturnType<typeof own.tierd> =>
      own.tierd('export', 'bars', '--partition-by', what, '--output', 'x');
    expect((await by('month')).stderr).toContain('has a column "year"');
    expect((await by('symbol')).stderr).toContain('make no folder');
    await other.query('alter table bars rename column year to century');
    const ended = await by('month');
    expect(ended).toMatchObject({ exitCode: 3 });
    expect(ended.stderr).toContain('1 rows have a time that belongs to no year');
    expect(existsSync(join(own.directory, 'x'))).toBe(false);
  });
});
