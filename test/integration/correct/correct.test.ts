/** Rows of the lake are replaced by those of a file: by key, exactly as PostgreSQL reads them, and no others. */
import { appendFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { setHold } from '../../../src/jobs/hold.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { compact } from '../../support/compact.ts';
import { correct, fileOf, planCorrect } from '../../support/correct.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const COLUMNS = `time timestamptz not null, id bigint not null, symbol text, price numeric, ratio float8, note text[],
  doc jsonb, twice bigint generated always as (id * 2) stored, check (price <> 13)`;
const KEYED = `${COLUMNS}, primary key (id, time)`;
const [FIRST, LAST] = [65, 62];
const DAYS = 4;
const ROWS_A_DAY = 10;
/** What a person gives; `twice` PostgreSQL computes. */
const GIVEN = 'time, id, symbol, price, ratio, note, doc';

const ROW_OF_JSON =
  '{"time":"2026-01-25","id":64000,"symbol":null,"price":1,"ratio":1,"note":null,"doc":null}';

let database: TestDatabase;
let bench: Bench;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase({ timescale: true });
  bench = await openBench(database);
  client = await database.connect();
});

async function fillAndRotate(changes: Partial<Dataset> = {}): Promise<Dataset> {
  for (let day = FIRST; day >= LAST; day -= 1) {
    await database.query(
      `insert into bars (${GIVEN})
       select $1::timestamptz + n * interval '7 minutes', $2 + n, 's' || n % 3, n / 7.0,
              (array['NaN', '-0', '0', '1.5'])[1 + n % 4]::float8, array['n' || n, null], jsonb_build_object('n', n)
       from generate_series(0, $3 - 1) n`,
      [daysAgo(day), day * 1000, ROWS_A_DAY],
    );
  }
  await database.query('create table bars_before as select * from bars');
  const dataset = makeDataset('bars', changes);
  await rotateAll(bench, dataset);
  return dataset;
}

async function coldTable(changes: Partial<Dataset> = {}, columns = KEYED): Promise<Dataset> {
  await database.query(`create table bars (${columns})`);
  return fillAndRotate(changes);
}

/** `bars_before` becomes what is wanted, and the rows that differ a file. */
async function wantedFile(
  format: 'csv' | 'ndjson',
  change: string,
  where: string,
): Promise<string> {
  await database.query(`update bars_before set ${change} where ${where}`);
  const list = `select ${GIVEN} from bars_before where ${where} order by id`;
  await client.query(`set timezone = 'UTC'; set datestyle = 'ISO'; set extra_float_digits = 1`);
  if (format === 'ndjson') {
    const { rows } = await client.query<{ line: string }>(
      `select row_to_json(r)::text as line from (${list}) r`,
    );
    return fileOf(bench, 'fixed.ndjson', rows.map(({ line }) => `${line}\n`).join(''));
  }
  const { rows } = await client.query<Record<string, string | null>>(
    `select ${GIVEN.split(', ')
      .map((name) => `${name}::text`)
      .join(', ')} from (${list}) r`,
  );
  const cell = (value: string | null): string =>
    value === null ? '' : `"${value.replaceAll('"', '""')}"`;
  const lines = [
    GIVEN.replaceAll(' ', ''),
    ...rows.map((row) => Object.values(row).map(cell).join(',')),
  ];
  return fileOf(bench, 'fixed.csv', `${lines.join('\n')}\n`);
}

/** All that the lake has is what is wanted, to the last bit. */
async function expectWanted(dataset: Dataset): Promise<void> {
  await database.query('drop table if exists bars_copy');
  const { totals } = await restore(bench, dataset, days(FIRST + 2, LAST - 2), {
    into: { schema: 'public', name: 'bars_copy' },
  });
  expect(totals.failed).toEqual([]);
  expect(await differingRows(client, 'bars_before', 'bars_copy')).toEqual([]);
  const { bytes, unproven } = await scrub(bench.rooms, {
    dataset: 'bars',
    sample: null,
    prove: 'standard',
    onProgress: () => undefined,
  });
  expect(bytes).toMatchObject({ missing: [], altered: [], unknown: [], leftovers: [] });
  expect(unproven).toEqual([]);
}

const live = () => listSegments(client, { dataset: 'bars', states: ['live'] });

describe('correct', () => {
  it.each(['csv', 'ndjson'] as const)('I1, I2, I6: replaces rows by key, of %s', async (format) => {
    const dataset = await coldTable();
    const change = `price = price * 3 + 0.10, symbol = case when id % 2 = 0 then '' else null end, ratio = ratio + 0.1,
      note = array['a "b", c', e'line\\n2', null], doc = '{"a": [1.10, null]}'`;
    const file = await wantedFile(format, change, `id % 10 in (1, 4) and id < 65000`);
    const { plan } = await correct(bench, dataset, file);
    expect(plan).toMatchObject({ rows: 6, changed: 6, unknown: 0 });
    await expectWanted(dataset);
    expect((await listRuns(client, { dataset: 'bars', limit: 9 })).map(({ job }) => job)).toContain(
      'correct',
    );
  });

  it.each(['csv', 'ndjson'] as const)(
    'takes a file of %s whose text begins with a byte order mark',
    async (format) => {
      const dataset = await coldTable();
      const file = await wantedFile(format, 'price = price + 1', 'id = 64001');
      await writeFile(file, `\ufeff${await readFile(file, 'utf8')}`);
      const { plan } = await correct(bench, dataset, file);
      expect(plan).toMatchObject({ rows: 1, changed: 1, unknown: 0 });
      await expectWanted(dataset);
    },
  );

  it('takes a json as it is, and as the text that a query gives of it', async () => {
    const paper = `paper json not null default '{"a": 1.0,  "a": 2}'`;
    const dataset = await coldTable({}, `${COLUMNS}, ${paper}, primary key (id, time)`);
    await database.query('update bars_before set price = 2 where id in (64000, 64001)');
    await client.query(`set timezone = 'UTC'; set datestyle = 'ISO'`);
    const { rows } = await client.query<{ line: string }>(
      `select row_to_json(r)::text as line from (select ${GIVEN}, paper::text from bars_before where id = 64000) r
       union all
       select row_to_json(r)::text from (select ${GIVEN}, paper from bars_before where id = 64001) r`,
    );
    const file = await fileOf(bench, 'asked.ndjson', rows.map(({ line }) => `${line}\n`).join(''));
    expect((await correct(bench, dataset, file)).plan).toMatchObject({ rows: 2, changed: 2 });
    await expectWanted(dataset);
  });

  it('takes the types of a Parquet file as PostgreSQL reads their text', async () => {
    const dataset = await coldTable();
    const path = join(bench.directory, 'fixed.parquet');
    const duck = await (await DuckDBInstance.create(':memory:')).connect();
    await duck.run(`set timezone = 'UTC';
      copy (select timestamptz '${daysAgo(64)}' + interval 7 minutes as time, 64001 as id, '' as symbol, 1.50::decimal(9,2) as price,
            'nan'::double as ratio, null::varchar as note, '{"b": 1}' as doc) to '${path}' (format parquet)`);
    duck.closeSync();
    await database.query(`update bars_before set symbol = '', price = 1.50, ratio = 'NaN', note = null, doc = '{"b": 1}'
      where id = 64001`);
    await correct(bench, dataset, path);
    await expectWanted(dataset);
  });

  it('refuses bytes of a Parquet file for a text', async () => {
    const dataset = await coldTable();
    const path = join(bench.directory, 'bytes.parquet');
    const duck = await (await DuckDBInstance.create(':memory:')).connect();
    await duck.run(`copy (select timestamptz '${daysAgo(64)}' as time, 64000 as id, 'ab'::blob as symbol, 1 as price,
      1.0 as ratio, null::varchar as note, null::varchar as doc) to '${path}' (format parquet)`);
    duck.closeSync();
    const failure = await failureOf(correct(bench, dataset, path));
    expect(failure).toMatchObject({ code: 'USAGE' });
    expect(failure.message).toContain('its column symbol has bytes');
    await expectWanted(dataset);
  });

  it('takes columns of the file alone: not of the folder that it lies in, and a text with a line of \\.', async () => {
    const dataset = await coldTable();
    const file = await wantedFile('csv', String.raw`symbol = e'a\n\\.\nb'`, 'id < 63000');
    const folder = join(bench.directory, 'day=1');
    await mkdir(folder);
    await rename(file, join(folder, 'fixed.csv'));
    await correct(bench, dataset, join(folder, 'fixed.csv'));
    await expectWanted(dataset);
  });

  it('knows rows by a key of bytes', async () => {
    await database.query(`create table bars (time timestamptz not null, hash bytea not null, n int, primary key (hash, time));
      insert into bars select '${daysAgo(64)}', decode(repeat(x, 3), 'hex'), 1 from unnest(array['00', '5c', '61']) x;
      create table bars_before as select * from bars; update bars_before set n = 2`);
    const dataset = makeDataset('bars', { sortBy: ['hash'] });
    await rotateAll(bench, dataset);
    const lines = ['00', '0001', '5c', '5c30', '61', '7a'].map(
      (hex) => `${daysAgo(64)},\\x${hex.length === 2 ? hex.repeat(3) : hex},2`,
    );
    const file = await fileOf(bench, 'x.csv', ['time,hash,n', ...lines].join('\n'));
    const failure = await failureOf(correct(bench, dataset, file));
    expect(failure.message).toContain('\\x0001');
    const { plan } = await correct(bench, dataset, file, { onlyKnown: true });
    expect(plan).toMatchObject({ rows: 6, changed: 3, unknown: 3 });
    await expectWanted(dataset);
  });

  it('refuses rows without a time, which the lake has not', async () => {
    await database.query(`create table bars (time timestamptz, id int not null, n int, unique nulls not distinct (id, time));
      insert into bars values ('${daysAgo(64)}', 1, 1); create table bars_before as select * from bars`);
    const dataset = makeDataset('bars', { sortBy: ['id'] });
    await rotateAll(bench, dataset);
    const file = await fileOf(bench, 'x.csv', `time,id,n\n,1,2\n`);
    expect((await failureOf(correct(bench, dataset, file))).message).toContain('1 row of the file');
  });

  it('is refused where the lake has a key more than once, by the plan already', async () => {
    const dataset = await coldTable({ onColdDuplicate: 'keep-both' });
    await database.query(`insert into bars (${GIVEN}) select ${GIVEN} from bars_before where id = 64003;
      update bars set price = 7; insert into bars_before select * from bars`);
    await rotateAll(bench, dataset);
    const file = await wantedFile('csv', 'id = id', 'id = 64003 and price = 7 or id = 64004');
    const before = await live();
    const [{ message, hint }, plan] = [
      await failureOf(correct(bench, dataset, file)),
      await planCorrect(bench, dataset, file),
    ];
    expect(message).toContain('2 rows of the file have keys that 3 rows of the lake have');
    expect(hint).toContain('tierd delete bars');
    expect(plan.refusals.map(({ guard }) => guard)).toEqual(['repeated_keys']);
    expect(await live()).toEqual(before);
    await expectWanted(dataset);
  });

  it('is refused where the disk has no room for what is written anew', async () => {
    const dataset = await coldTable();
    const file = await wantedFile('csv', 'price = price + 1', 'id = 64003');
    await database.query('update bars_before set price = price - 1 where id = 64003');
    const noRoom = { ...nodeFileSystem, freeBytes: () => Promise.resolve(1) };
    const full = { rooms: { ...bench.rooms, store: await openLocalStore(bench.lake, noRoom) } };
    const failure = await failureOf(correct(full, dataset, file));
    expect(failure).toMatchObject({ code: 'REFUSED' });
    expect(failure.message).toContain('the slices that are written anew take');
    expect((await planCorrect(full, dataset, file)).refusals).toHaveLength(1);
    await expectWanted(dataset);
  });

  it('takes a whole slice, and one that was merged', async () => {
    const dataset = await coldTable();
    await compact(bench, dataset);
    await correct(bench, dataset, await wantedFile('csv', 'price = 1', 'id >= 64000'));
    await expectWanted(dataset);
  });

  it('publishes nothing where the lake has the rows as they are', async () => {
    const dataset = await coldTable();
    const before = await live();
    const { plan, segments } = await correct(
      bench,
      dataset,
      await wantedFile('csv', 'id = id', 'id < 63000'),
    );
    expect([plan.rows, plan.changed, segments]).toEqual([ROWS_A_DAY, 0, 0]);
    expect(await live()).toEqual(before);
    await expectWanted(dataset);
  });

  it('I7: a dry run changes nothing, and plans what the run does', async () => {
    const dataset = await coldTable();
    const file = await wantedFile('csv', 'price = 1', 'id % 10 = 3');
    const before = [
      await dumpDatabase(database.url),
      await readdir(bench.lake, { recursive: true }),
    ];
    const plan = await planCorrect(bench, dataset, file);
    expect([
      await dumpDatabase(database.url),
      await readdir(bench.lake, { recursive: true }),
    ]).toEqual(before);
    expect(plan.slices).toHaveLength(DAYS);
    expect((await correct(bench, dataset, file)).plan).toEqual(plan);
    expect(await readdir(bench.rooms.tempDirectory)).toEqual([]);
  });

  it('refuses keys that the lake has not, by name, and leaves them out with --only-known', async () => {
    const dataset = await coldTable();
    const file = await wantedFile('csv', 'price = 1', 'id = 64003');
    const soon = new Date(Date.parse(daysAgo(5))).toISOString();
    await appendFile(file, `${daysAgo(64)},7,,2,,,\n${daysAgo(63)},8,,2,,,\n${soon},9,,2,,,\n`);
    const before = await live();
    const failure = await failureOf(correct(bench, dataset, file));
    expect(failure).toMatchObject({ code: 'REFUSED' });
    expect(failure.message).toContain('3 rows of the file');
    expect(failure.message).toMatch(/ 00:00:00\+00, 7[;.]/);
    expect(await live()).toEqual(before);
    const { plan } = await correct(bench, dataset, file, { onlyKnown: true });
    expect(plan).toMatchObject({ rows: 4, changed: 1, unknown: 3 });
    await expectWanted(dataset);
  });

  it('says of no key that the lake has not got it, where it can not be compared: a new row would be there twice', async () => {
    const dataset = await coldTable({}, KEYED.replace('id bigint', 'id int'));
    await database.query('alter table bars drop column twice; alter table bars alter id type text');
    const line = '64003,,2,,,';
    const at = new Date(Date.parse(daysAgo(64)) + 21 * 60_000).toISOString();
    const names = 'time,id,symbol,price,ratio,note,doc';
    const file = await fileOf(bench, 'fixed.csv', `${names}\n${at},${line}\n`);
    const failure = await failureOf(correct(bench, dataset, file));
    expect(failure.message).toContain(
      'of the key bars_pkey, id was integer when they were written and is text now',
    );
    expect(failure.message).not.toContain('the lake has no row of');
    expect(failure.hint).toContain('tierd delete bars');
    expect(failure.hint).not.toContain('insert new rows');
    const { plan } = await correct(bench, dataset, file, { onlyKnown: true });
    expect(plan).toMatchObject({ rows: 1, unknown: 1, incomparable: expect.any(String) as string });
  });

  it('is refused where a hold is on a slice of it, and where the table has no key', async () => {
    const dataset = await coldTable();
    const file = await wantedFile('csv', 'price = 1', 'id = 64003');
    await setHold(bench.rooms, {
      dataset: 'bars',
      range: days(64, 63),
      reason: 'case 17',
      until: null,
    });
    expect((await failureOf(correct(bench, dataset, file))).message).toContain('case 17');
    await database.query('alter table bars drop constraint bars_pkey');
    expect((await failureOf(correct(bench, dataset, file))).message).toContain('no unique key');
  });

  it.each([
    ['x.csv', 'time,id\n', 'it lacks symbol, price'],
    ['x.csv', 'time,id,symbl\n', 'did you mean symbol'],
    ['x.csv', 'time,id,symbol,price,ratio,note,doc,twice\n', 'PostgreSQL computes twice'],
    [
      'x.csv',
      'time,id,symbol,price,ratio,note,doc\n2026-01-25,1,,x,,,\n',
      'invalid input syntax for type numeric',
    ],
    ['x.csv', 'time,id,symbol,price,ratio,note,doc\n2026-01-25,1,,13,,,\n', 'check constraint'],
    [
      'x.csv',
      'time,id,symbol,price,ratio,note,doc\n2026-01-25,1,,1,,,\n2026-01-25,1,,2,,,\n',
      'more than one row of a key',
    ],
    ['x.ndjson', '{"id": 1', 'json'],
    [
      'x.ndjson',
      '{"time":"2026-01-25","id":1,"symbol":null,"price":1,"ratio":1,"note":null,"doc":null}\n{"time":"2026-01-25","id":2}\n',
      'its line 2 lacks doc, and null has to be said',
    ],
    ['x.xlsx', '', 'format'],
    ['x.parquet', 'PAR1', 'x.parquet'],
    ['x[1].csv', 'a', 'rename it'],
    ['folder.csv', null, 'it is no file'],
    ['x.csv', 'time,id,symbol,symbol,price,ratio,note,doc\n', 'two columns of one name'],
    ['x.csv', '', 'it lacks time'],
    [
      'x.csv',
      'time,id,symbol,price,ratio,note,doc\n2026-01-25,64000,,1,,,\n\\.\n2026-01-25,1,,2,,,\n',
      'line 3 is \\.',
    ],
    ['x.ndjson', `${ROW_OF_JSON}\r\n\\.\r\n${ROW_OF_JSON}\r\n`, 'line 2 is \\.'],
    ['x.ndjson', `${ROW_OF_JSON}\n\\.`, 'line 2 is \\.'],
    [
      'x.ndjson',
      `${ROW_OF_JSON.replace('}', ',"note":["2"]}')}\n${ROW_OF_JSON.replace('"note":null,', '')}\n`,
      'its line 1 has note twice',
    ],
    ['x.ndjson', `[${ROW_OF_JSON}]`, 'its line 1 is no object'],
    ['x.ndjson', `${ROW_OF_JSON}\n\n7\n`, 'its line 3 is no object'],
    [
      'x.ndjson',
      `${ROW_OF_JSON}\n\n${ROW_OF_JSON}\n${ROW_OF_JSON.replace('"price":1', '"price":"x"')}\n${ROW_OF_JSON}\n`,
      'refuses its line 4, price: invalid input syntax for type numeric: "x"',
    ],
    [
      'x.ndjson',
      `${ROW_OF_JSON.replace('"price":1', '"price":13')}\n${ROW_OF_JSON}\n`,
      'refuses its line 1: new row for relation "tierd_correction" violates check constraint',
    ],
    [
      'x.ndjson',
      `${ROW_OF_JSON}\n${ROW_OF_JSON.replace('"symbol":null', '"symbol":"a\u0001b\u0001c"')}\n`,
      'its line 2 has a control character (U+0001)',
    ],
    [
      'x.ndjson',
      `${ROW_OF_JSON}\n${ROW_OF_JSON.replace('"symbol":null', '"symbol":"\\u0000"')}\n`,
      'refuses its line 2: unsupported Unicode escape sequence',
    ],
  ])('tells what is wrong with %s: %s', async (name, text, told) => {
    const dataset = await coldTable();
    if (text === null) await mkdir(join(bench.directory, name));
    else await fileOf(bench, name, text);
    const failure = await failureOf(correct(bench, dataset, join(bench.directory, name)));
    expect(failure).toMatchObject({ code: 'USAGE' });
    expect(failure.message).toContain(told);
    await expectWanted(dataset);
  });

  it.each([
    [
      'a tsquery',
      '"wanted":"a b","path":null',
      'refuses its line 2, wanted: syntax error in tsquery',
    ],
    [
      'a jsonpath',
      '"wanted":null,"path":"$.."',
      'refuses its line 2, path: syntax error at or near',
    ],
    [
      'not too deep',
      `"wanted":null,"path":null,"doc":${'['.repeat(50_000)}${']'.repeat(50_000)}`,
      'stack depth limit exceeded (COPY tierd_lines, line 2',
    ],
  ])('names the line where a value is to be %s and is not', async (_, values, told) => {
    const dataset = await coldTable();
    await database.query('alter table bars add column wanted tsquery, add column path jsonpath');
    const sound = ROW_OF_JSON.replace('{', '{"wanted":null,"path":null,');
    const other = ROW_OF_JSON.replace(
      '"doc":null',
      values.includes('"doc"') ? values : `"doc":null,${values}`,
    );
    const file = await fileOf(bench, 'x.ndjson', `${sound}\n${other}\n`);
    const failure = await failureOf(correct(bench, dataset, file));
    expect(failure).toMatchObject({ code: 'USAGE' });
    expect(failure.message).toContain(told);
  });

  it('names the column of a refused value also where another column takes no null by its domain', async () => {
    await database.query('create domain sure as int not null');
    const dataset = await coldTable();
    await database.query('alter table bars add column above sure default 1');
    const row = ROW_OF_JSON.replace('{', '{"above":1,').replace('"ratio":1', '"ratio":"much"');
    const failure = await failureOf(correct(bench, dataset, await fileOf(bench, 'x.ndjson', row)));
    expect(failure.message).toContain('refuses its line 1, ratio: invalid input syntax');
  });

  it('I1: is undone where what is published is not what was meant', async () => {
    const dataset = await coldTable();
    const file = await wantedFile('csv', 'price = price + 1', 'id = 64003');
    await database.query('update bars_before set price = price - 1 where id = 64003');
    const before = await live();
    const spoiling = {
      ...nodeFileSystem,
      link: async (from: string, to: string) => {
        await nodeFileSystem.link(from, to);
        await appendFile(to, 'x');
      },
    };
    const store = await openLocalStore(bench.lake, spoiling);
    const failure = await failureOf(correct({ rooms: { ...bench.rooms, store } }, dataset, file));
    expect(failure).toMatchObject({ code: 'VERIFY_MISMATCH' });
    expect(await live()).toEqual(before);
    await expectWanted(dataset);
  });

  it('I2: an Iceberg table has the corrected rows, once', async () => {
    const dataset = await coldTable({ iceberg: true });
    await correct(bench, dataset, await wantedFile('csv', 'price = 1', 'id % 10 = 3'));
    const { rows } = await database.query('select metadata_location from tierd.iceberg_tables');
    const [row] = rows as { metadata_location: string }[];
    const { files } = await readIceberg(row?.metadata_location ?? '');
    expect(files.map(({ path }) => path).sort()).toEqual(
      (await live()).map(({ key }) => join(bench.lake, key)).sort(),
    );
  });

  it('knows a partitioned table', async () => {
    await database.query(`create table bars (${KEYED}) partition by range (time);
      create table bars_rest partition of bars default`);
    const dataset = await fillAndRotate();
    await correct(bench, dataset, await wantedFile('csv', 'price = 1', 'id % 10 = 3'));
    await expectWanted(dataset);
  });
});

describeOn('timescale', 'correct', () => {
  it('knows a hypertable', async () => {
    await database.query(`create table bars (${KEYED});
      select create_hypertable('bars', 'time', chunk_time_interval => interval '24 hours')`);
    const dataset = await fillAndRotate();
    await correct(bench, dataset, await wantedFile('csv', 'price = 1', 'id % 10 = 3'));
    await expectWanted(dataset);
  });
});
