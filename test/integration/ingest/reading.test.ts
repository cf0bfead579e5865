/** What files say, as PostgreSQL would take it: formats, times, zones, names of columns. Never a null for what was not understood. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { fileOf } from '../../support/correct.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type IngestWishes, ingest, planIngest } from '../../support/ingest.ts';
import { failureOf } from '../../support/restore.ts';
import { type Bench, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  client = await database.connect();
});

/** All rows stay hot, where PostgreSQL itself says what they are. */
const ALL_HOT = { hotDays: 36_500, sortBy: [] };

async function rowsOf(sql: string): Promise<readonly string[]> {
  await client.query("set timezone = 'UTC'; set datestyle = 'ISO, YMD'");
  const { rows } = await client.query<{ row: string }>(
    `select (${sql})::text as row from bars order by 1`,
  );
  return rows.map(({ row }) => row);
}

async function reasons(): Promise<readonly string[]> {
  const { rows } = await client.query<{ row: string }>(
    `select entry_id || ' ' || reason_code as row from tierd.dead_letters order by dead_letters.id`,
  );
  return rows.map(({ row }) => row);
}

async function duck(...statements: readonly string[]): Promise<void> {
  const connection = await (await DuckDBInstance.create()).connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
}

describe('ingest reads', () => {
  it('candles as Binance gives them: no names, epoch milliseconds and microseconds', async () => {
    await database.query(
      `create table bars (time timestamptz, symbol text, open numeric, high numeric, low numeric, close numeric, volume numeric, trades int,
                          primary key (symbol, time))`,
    );
    const lines = (factor: number): string =>
      Array.from({ length: 3 }, (_, n) => {
        const open = (1_735_689_600_000 + n * 60_000) * factor;
        return `${String(open)},93576.00000000,93610.93000000,93537.50000000,93610.93000000,8.21827000,${String(open + 60_000 * factor - 1)},768978.89,2631,3.95157000,369757.32652890,0\n`;
      }).join('');
    const wishes: IngestWishes = {
      columns:
        'time,open,high,low,close,volume,close_time,quote_volume,trades,taker_base,taker_quote,unused'.split(
          ',',
        ),
      ignore: ['close_time', 'quote_volume', 'taker_base', 'taker_quote', 'unused'],
    };
    const dataset = makeDataset('bars', ALL_HOT);
    const ms = await fileOf(bench, 'BTCUSDT-1m-ms.csv', lines(1));
    await ingest(bench, dataset, [ms], { ...wishes, timeUnit: 'ms', set: { symbol: 'MS' } });
    const us = await fileOf(bench, 'BTCUSDT-1m-us.csv', lines(1000));
    await ingest(bench, dataset, [us], { ...wishes, timeUnit: 'us', set: { symbol: 'US' } });
    const minutes = [0, 1, 2].map((n) => `2025-01-01 00:0${String(n)}:00+00`);
    expect(
      await rowsOf(`symbol || ' ' || time || ' ' || open || ' ' || volume || ' ' || trades`),
    ).toEqual(
      ['MS', 'US'].flatMap((symbol) =>
        minutes.map((time) => `${symbol} ${time} 93576.00000000 8.21827000 2631`),
      ),
    );
    // A unit that is not theirs is found out.
    const wrong = await failureOf(
      ingest(bench, dataset, [us], {
        ...wishes,
        timeUnit: 'ms',
        set: { symbol: 'X' },
        ignore: wishes.ignore ?? [],
      }).then(() => planIngest(bench, dataset, [us])),
    );
    expect(wrong).toMatchObject({ code: 'USAGE' });
    expect((await reasons()).slice(-3)).toEqual([
      'row 1 time_out_of_range',
      'row 2 time_out_of_range',
      'row 3 time_out_of_range',
    ]);
    const smaller = await failureOf(
      ingest(bench, dataset, [ms], { ...wishes, timeUnit: 'us', set: { symbol: 'Y' } }),
    );
    expect(smaller.message).toContain('all rows would be of 1970');
  });

  it('candles as yfinance writes them: a time with its zone, or a day', async () => {
    await database.query(
      'create table bars (time timestamptz, symbol text, open float8, close float8, volume bigint, primary key (symbol, time))',
    );
    const file = await fileOf(
      bench,
      'AAPL.csv',
      'Datetime,Open,High,Low,Close,Adj Close,Volume\n2025-03-07 15:30:00-05:00,238.5,239,238,238.25,238.25,1500\n2025-03-10 09:30:00-04:00,235.5,236,235,235.25,235.25,\n',
    );
    const wishes: IngestWishes = {
      map: { Datetime: 'time', Date: 'time', Open: 'open', Close: 'close', Volume: 'volume' },
      ignore: ['High', 'Low', 'Adj Close'],
      set: { symbol: 'AAPL' },
    };
    const { Date: _, ...map } = wishes.map ?? {};
    await ingest(bench, makeDataset('bars', ALL_HOT), [file], { ...wishes, map });
    expect(await rowsOf(`time || ' ' || close || ' ' || coalesce(volume::text, 'none')`)).toEqual([
      '2025-03-07 20:30:00+00 238.25 1500',
      '2025-03-10 13:30:00+00 235.25 none',
    ]);
  });

  it('candles as Kraken gives them: epoch seconds', async () => {
    await database.query(
      'create table bars (time timestamp, symbol text, open numeric, close numeric, primary key (symbol, time))',
    );
    const file = await fileOf(
      bench,
      'XBTUSD_60.csv',
      '1381095255,122.0,123.61,122.0,123.61,0.1,1\n1381179030.5,123.91,123.91,123.9,123.9,1.9,2\n',
    );
    await ingest(bench, makeDataset('bars', ALL_HOT), [file], {
      columns: ['time', 'open', 'h', 'l', 'close', 'v', 'n'],
      ignore: ['h', 'l', 'v', 'n'],
      set: { symbol: 'XBTUSD' },
      timeUnit: 's',
    });
    expect(await rowsOf(`time || ' ' || close`)).toEqual([
      '2013-10-06 21:34:15 123.61',
      '2013-10-07 20:50:30.5 123.9',
    ]);
  });

  it('times without a zone as local ones, and keeps those that no clock showed as dead letters', async () => {
    await database.query('create table bars (time timestamptz primary key, n int)');
    const file = await fileOf(
      bench,
      'a.csv',
      [
        'time,n',
        '2025-03-09 01:59:59,1',
        '2025-03-09 02:30:00,2',
        '2025-03-09 03:00:00,3',
        '2025-03-09 02:30:00Z,4',
        '2025-07-01,5',
        '2025-07-01T10:00:00+0200,6',
        '01/02/2025,7',
        'now,8',
      ].join('\n'),
    );
    await ingest(bench, makeDataset('bars', ALL_HOT), [file], { timeZone: 'America/New_York' });
    expect(await rowsOf(`n || ' ' || time`)).toEqual([
      '1 2025-03-09 06:59:59+00',
      '3 2025-03-09 07:00:00+00',
      '4 2025-03-09 02:30:00+00',
      '5 2025-07-01 04:00:00+00',
      '6 2025-07-01 08:00:00+00',
    ]);
    expect(await reasons()).toEqual(['row 2 not_a_time', 'row 7 refused', 'row 8 not_a_time']);
  });

  it('a time with a zone into a column without one as the local time of its dataset', async () => {
    await database.query('create table bars (time timestamp primary key, n int)');
    const file = await fileOf(
      bench,
      'a.csv',
      'time,n\n2025-07-01T10:00:00Z,1\n2025-07-01 13:00,2\n',
    );
    await ingest(bench, makeDataset('bars', { ...ALL_HOT, timeZone: 'Europe/Berlin' }), [file]);
    const epoch = await fileOf(bench, 'b.csv', 'time,n\n1751364000,3\n');
    await ingest(bench, makeDataset('bars', { ...ALL_HOT, timeZone: 'Europe/Berlin' }), [epoch], {
      timeUnit: 's',
      onConflict: 'skip',
    });
    expect(await rowsOf(`n || ' ' || time`)).toEqual([
      '1 2025-07-01 12:00:00',
      '2 2025-07-01 13:00:00',
    ]);
  });

  it('dates and counts: what is finer than the column is a dead letter', async () => {
    await database.query('create table bars (time date primary key, n int)');
    const file = await fileOf(
      bench,
      'a.csv',
      'time,n\n2025-07-01,1\n2025-07-02 00:00:00-04:00,2\n2025-07-03 12:00,3\n',
    );
    await ingest(bench, makeDataset('bars', ALL_HOT), [file]);
    expect(await rowsOf(`n || ' ' || time`)).toEqual(['1 2025-07-01', '2 2025-07-02']);
    expect(await reasons()).toEqual(['row 3 time_too_fine']);
    await database.query('drop table bars; create table bars (time bigint primary key, n int)');
    const counts = makeDataset('bars', { ...ALL_HOT, name: 'counts', timeUnit: 's' });
    const mixed = await fileOf(
      bench,
      'b.csv',
      'time,n\n1751364000,1\n2025-07-01T10:00:01Z,2\n2025-07-01T10:00:01.5Z,3\nabc,4\n',
    );
    await ingest(bench, counts, [mixed]);
    const ns = await fileOf(
      bench,
      'c.csv',
      'time,n\n1751364002000000000,5\n1751364002500000000,6\n1751364002000000001,7\n',
    );
    await ingest(bench, counts, [ns], { timeUnit: 'ns' });
    expect(await rowsOf(`n || ' ' || time`)).toEqual([
      '1 1751364000',
      '2 1751364001',
      '5 1751364002',
    ]);
    expect((await reasons()).slice(1)).toEqual([
      'row 3 time_too_fine',
      'row 4 not_a_time',
      'row 2 time_too_fine',
      'row 3 time_too_fine',
    ]);
  });

  it('I6: Parquet, CSV and JSON lines to the last digit, packed or not', async () => {
    const columns =
      'time timestamptz primary key, id uuid, price numeric, ratio float8, note text, doc jsonb, raw bytea, tags text[], ok boolean';
    await database.query(`create table bars (${columns}); create table wanted (${columns})`);
    await database.query(
      `insert into wanted select timestamptz '2025-01-01' + n * interval '1 minute 1.000001 seconds', md5(n::text)::uuid,
         (n || '.123456789012345678901234567890')::numeric, (array['NaN', '-0', 'Infinity', '0.1'])[1 + n % 4]::float8,
         (array['', null, 'a "b", c', e'line\\nbreak'])[1 + n % 4], jsonb_build_object('n', n, 'big', 12345678901234567890.5),
         decode(md5(n::text), 'hex'), array['t' || n, null, 'a,"b'], n % 2 = 0
       from generate_series(1, 40) n`,
    );
    await client.query(
      "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set extra_float_digits = 1; set bytea_output = 'hex'",
    );
    const texts = await client.query<Record<string, string | null>>(
      'select time::text, id::text, price::text, ratio::text, note, doc::text, raw::text, tags::text, ok::text from wanted order by time',
    );
    const cell = (value: string | null): string =>
      value === null ? '' : `"${value.replaceAll('"', '""')}"`;
    const head = 'time,id,price,ratio,note,doc,raw,tags,ok';
    const text = [head, ...texts.rows.map((row) => Object.values(row).map(cell).join(','))].join(
      '\r\n',
    );
    const json = await client.query<{ line: string }>(
      `select row_to_json(w)::text as line from (select time, id, price, ratio, note, doc, raw, tags, ok from wanted order by time) w`,
    );
    const lines = json.rows.map(({ line }) => `${line}\n`).join('');
    const path = (name: string): string => join(bench.directory, name);
    await writeFile(path('a.csv'), `\ufeff${text}`);
    await writeFile(
      path('a.csv.gz'),
      Buffer.concat([gzipSync(`${head}\r\n`), gzipSync(text.slice(head.length + 2))]),
    );
    await writeFile(path('a.ndjson'), lines);
    await writeFile(path('a.jsonl.gz'), gzipSync(lines));
    await duck(
      `copy (select * replace (raw::varchar as raw) from read_csv('${path('a.csv')}', all_varchar = true, nullstr = '', allow_quoted_nulls = false)) to '${path('a.csv.zst')}' (format csv, compression zstd, force_quote *)`,
      `copy (select time::timestamptz as time, id::uuid as id, price, ratio::double as ratio, note, doc, unhex(raw[3:]) as raw, tags, ok::boolean as ok from read_csv('${path('a.csv')}', all_varchar = true, nullstr = '', allow_quoted_nulls = false)) to '${path('a[1].parquet')}' (format parquet)`,
    );
    for (const name of [
      'a.csv',
      'a.csv.gz',
      'a.csv.zst',
      'a.ndjson',
      'a.jsonl.gz',
      'a[1].parquet',
    ]) {
      await database.query('truncate bars');
      const { totals } = await ingest(bench, makeDataset('bars', ALL_HOT), [path(name)]);
      expect(totals, name).toMatchObject({ hot: 40 });
      const differing = await client.query(
        `(select w::text from wanted w except select b::text from bars b) union all (select b::text from bars b except select w::text from wanted w)`,
      );
      expect(differing.rows, name).toEqual([]);
      expect(await reasons()).toEqual([]);
    }
  });

  it('refuses a packed file that ends too early, and takes nothing of it', async () => {
    await database.query('create table bars (time timestamptz primary key, n int)');
    const dataset = makeDataset('bars', ALL_HOT);
    const rows = Array.from(
      { length: 20_000 },
      (_, n) => new Date(n * 60_000).toISOString() + ',' + String(n),
    );
    const gz = gzipSync(['time,n', ...rows].join('\n'));
    const path = join(bench.directory, 'a.csv.gz');
    await writeFile(path, gz.subarray(0, gz.length - 20));
    expect(await failureOf(ingest(bench, dataset, [path]))).toMatchObject({ code: 'USAGE' });
    const zst = join(bench.directory, 'a.csv.zst');
    await duck(
      `copy (select make_timestamp(n * 60000000)::varchar as time, n from range(20000) t(n)) to '${zst}' (format csv, compression zstd)`,
    );
    const whole = await readFile(zst);
    await writeFile(zst, whole.subarray(0, whole.length - 3));
    expect((await failureOf(ingest(bench, dataset, [zst]))).message).toContain('unexpected EOF');
    expect(await rowsOf('n')).toEqual([]);
    await writeFile(zst, whole);
    expect((await ingest(bench, dataset, [zst])).totals).toMatchObject({ hot: 20_000 });
  });

  it('lines of JSON that are none as dead letters, whole', async () => {
    await database.query(
      'create table bars (time timestamptz primary key, n int, doc json, tags int[])',
    );
    const lines = [
      '{"time":"2025-01-01","n":1,"doc":{"a":[1.10]},"tags":[1,null]}',
      '{"time":"2025-01-02","n":2',
      '',
      '[1]',
      '{"time":"2025-01-03","n":3,"n":4}',
      '{"time":"2025-01-04","n":"5","doc":"[2]"}',
      String.raw`{"time":"2025-01-05","n":6,"doc":"\u0000"}`,
      '{"time":"2025-01-06","n":1.5}',
      '{"time":"2025-01-07","tags":[[1],[2]]}',
    ];
    const file = await fileOf(bench, 'a.jsonl', lines.join('\n'));
    await ingest(bench, makeDataset('bars', ALL_HOT), [file]);
    expect(
      await rowsOf(
        `time::date || ' ' || coalesce(n::text, '') || ' ' || coalesce(doc::text, '') || ' ' || coalesce(tags::text, '')`,
      ),
    ).toEqual(['2025-01-01 1 {"a":[1.10]} {1,NULL}', '2025-01-04 5 [2] ']);
    expect((await reasons()).toSorted()).toEqual([
      'row 2 not_json',
      'row 4 not_json',
      'row 5 not_json',
      'row 7 not_json',
      'row 8 refused',
      'row 9 refused',
    ]);
    const { rows } = await client.query(
      `select convert_from(payload, 'UTF8')::json ->> 'value' as line from tierd.dead_letters where entry_id = 'row 2'`,
    );
    expect(rows).toEqual([{ line: lines[1] }]);
  });

  it('what is no value also where PostgreSQL can only be asked by trying, as before version 16', async () => {
    await database.query(
      `create domain public.small as int check (value < 100);
       create table bars (time timestamptz primary key, n public.small, doc json, short varchar(3))`,
    );
    const older: typeof bench.rooms.connect = async (purpose) => {
      const db = await bench.rooms.connect(purpose);
      const query = db.query.bind(db) as (...given: unknown[]) => unknown;
      const asOlder = (...given: unknown[]): unknown =>
        typeof given[0] === 'string' && given[0].includes('pg_catalog.pg_input_error_info')
          ? Promise.resolve({ rows: [{ knows: false }] })
          : query(...given);
      return Object.assign(db, { query: asOlder });
    };
    const rows = [
      '2025-01-01,1,{},abc',
      '2025-01-02,x,{},a',
      '2025-01-03,100,{},a',
      '2025-01-04,1,{,a',
      '2025-01-05,1,{},abcd',
    ];
    const file = await fileOf(bench, 'a.csv', ['time,n,doc,short', ...rows].join('\n'));
    const rooms = { ...bench.rooms, connect: older };
    await ingest({ rooms }, makeDataset('bars', ALL_HOT), [file]);
    const json = await fileOf(bench, 'a.ndjson', '{"time":"2025-02-01","n":2}\n{"time"\n');
    await ingest({ rooms }, makeDataset('bars', ALL_HOT), [json]);
    expect(await rowsOf(`time::date || ' ' || n`)).toEqual(['2025-01-01 1', '2025-02-01 2']);
    expect(await reasons()).toEqual([
      'row 2 refused',
      'row 3 refused',
      'row 4 refused',
      'row 5 refused',
      'row 2 not_json',
    ]);
  });

  it('files without a row, and without a name', async () => {
    await database.query('create table bars (time timestamptz primary key, n int)');
    const dataset = makeDataset('bars', ALL_HOT);
    await ingest(bench, dataset, [
      await fileOf(bench, 'a.csv', 'time,n\n'),
      await fileOf(bench, 'b.ndjson', ''),
    ]);
    await ingest(bench, dataset, [await fileOf(bench, 'c.ndjson', '{}\n[]\n')], {
      set: { time: '2025-01-01' },
    });
    expect(await rowsOf(`time::date || coalesce(n::text, '')`)).toEqual(['2025-01-01']);
    expect(await reasons()).toEqual(['row 2 not_json']);
  });

  it('refuses by name what does not fit the table', async () => {
    await database.query(
      'create table bars (time timestamptz primary key, price numeric, twice numeric generated always as (price * 2) stored)',
    );
    const dataset = makeDataset('bars', ALL_HOT);
    const told = async (text: string, wishes: IngestWishes = {}, name = 'a.csv'): Promise<string> =>
      (await failureOf(ingest(bench, dataset, [await fileOf(bench, name, text)], wishes))).message;
    expect(await told('time,prize\n')).toContain(
      'the table has no column prize; did you mean price?',
    );
    expect(await told('time,twice\n')).toContain('PostgreSQL computes twice');
    expect(await told('time,time\n')).toContain('time is given twice');
    expect(await told('time,\n')).toContain('column 2 has no name');
    expect(await told('time,price\n', { map: { Close: 'price' } })).toContain(
      'the file has no column Close',
    );
    expect(await told('time,price\n2025-01-01\n')).toContain('missing data for column');
    expect(await told('time,price\n2025-01-01,"1\n')).toContain('unterminated CSV quoted field');
    expect(await told('time,price\n\\.\n')).toContain('where PostgreSQL would stop reading');
    expect(await told('')).toContain('it is empty');
    for (const name of ['a.feather', 'a.tsv', 'a.parquet.gz', 'a.json']) {
      expect(await told('x', {}, name)).toContain("can't be ingested");
    }
    expect((await failureOf(ingest(bench, dataset, ['s3://bucket/a.csv']))).message).toContain(
      'only files of this machine',
    );
    expect((await failureOf(ingest(bench, dataset, ['/nowhere/*.csv']))).message).toContain(
      'there is no such file',
    );
    const broken = await fileOf(bench, 'b.parquet', 'PAR1 no');
    expect((await failureOf(ingest(bench, dataset, [broken]))).message).toContain(broken);
    await rm(broken);
    expect(await rowsOf('price')).toEqual([]);
  });
});
