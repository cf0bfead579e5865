import { stat } from 'node:fs/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyIn } from '../../support/codec/copy-in.ts';
import { differingRows, restoreSlice } from '../../support/codec/read-back.ts';
import {
  type EncodedSlice,
  type EncodeOptions,
  encodeTable,
  openWorkshop,
  verifySlice,
  type Workshop,
} from '../../support/codec/slice.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let client: pg.Client;
let workshop: Workshop;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  await client.query("set timezone = 'UTC'");
  workshop = await openWorkshop();
});

afterAll(() => workshop.close());

async function roundTrip(
  table: string,
  options: Partial<EncodeOptions> = {},
): Promise<EncodedSlice> {
  const slice = await encodeTable({ client, workshop, table, ...options });
  await verifySlice(workshop, slice, 'standard');
  await verifySlice(workshop, slice, 'independent');
  await client.query('drop table if exists restored');
  await restoreSlice(client, slice, table, 'restored');
  expect(await differingRows(client, table, 'restored')).toEqual([]);
  return slice;
}

const bits = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('floats', () => {
  const doubles = [
    '0000000000000000',
    '8000000000000000',
    '7ff8000000000000',
    'fff8000000000000',
    '7ff8000000000123',
    '7ff0000000000001',
    'fff0dead00000001',
    '7ff0000000000000',
    'fff0000000000000',
    '0000000000000001',
    '8000000000000001',
    '3ff0000000000000',
  ];
  const singles = [
    '00000000',
    '80000000',
    '7fc00000',
    'ffc00000',
    '7fc00123',
    '7f800001',
    'ff8dead1',
    '7f800000',
    'ff800000',
    '00000001',
    '80000001',
    '3f800000',
  ];

  // In a dictionary, and as a sort key, DuckDB would make one of −0 and 0 and one of all NaNs.
  it.for([[], ['d'], ['f', 'd'], ['i', 'd']])(
    'I6: keep every bit of −0, infinities and NaNs, sorted by %j',
    async (sortBy) => {
      await client.query('drop table if exists floats');
      await client.query('create table floats (at timestamptz, d float8, f float4, i int4)');
      const at = Buffer.alloc(8);
      const rows = Array.from({ length: 6000 }, (_, row) => {
        const i = Buffer.alloc(4);
        i.writeInt32BE(row % 7);
        return [at, bits(doubles[row % 12]!), bits(singles[(row * 5) % 12]!), i];
      });
      await copyIn(client, 'floats', rows);
      await roundTrip('floats', { sortBy });
    },
  );
});

describe('strings', () => {
  it('I6: a text of 10 MB, between short ones and nulls', async () => {
    await client.query('create table long_texts (at timestamptz, a text, b bytea, c jsonb)');
    await client.query(`
      insert into long_texts
      select '2024-01-15'::timestamptz + i * interval '1 s',
             case i % 4 when 0 then repeat('🙂x', 2000000) when 1 then '' when 2 then null else 'short' end,
             case i % 3 when 0 then decode(repeat('00ff', 1000000), 'hex') when 1 then '' end,
             case i % 5 when 0 then to_jsonb(repeat('y', 3000000)) else '{"a": [1, 2]}' end
      from generate_series(1, 9) i`);
    await roundTrip('long_texts');
  });

  it('I6: strings of every length around the 12 bytes that lie inside an entry', async () => {
    await client.query('create table lengths (at timestamptz, a text, b bytea)');
    await client.query(`
      insert into lengths
      select '2024-01-15'::timestamptz + i * interval '1 s', repeat('ä', i % 20), decode(repeat('0a', i % 33), 'hex')
      from generate_series(1, 5000) i`);
    await roundTrip('lengths', { sortBy: ['a'] });
  });

  it('I6: more than 65,536 different words, most of them long', async () => {
    await client.query('create table words (at timestamptz, word text, few text)');
    await client.query(`
      insert into words
      select '2024-01-15'::timestamptz + i * interval '1 ms', 'a rather long word ' || i * 7919 % 70001, 'one of three hundred words ' || i % 300
      from generate_series(1, 80000) i`);
    await roundTrip('words', { sortBy: ['few'] });
  });

  it('I6: text choice on any column keeps the same values', async () => {
    await client.query('drop table if exists chosen');
    await client.query(`
      create table chosen (at timestamptz, n numeric(20,8), f float8, b bpchar(5), u uuid, j json, t timestamptz, e bool);
      insert into chosen values
        ('2024-01-15', 'NaN', '-0', 'ab', gen_random_uuid(), ' {"a":  1} ', '294276-12-31 23:59:59.999999+00', true),
        ('2024-01-15', 1.5, 'Infinity', null, null, null, '-infinity', false)`);
    const choices = Object.fromEntries(
      ['n', 'f', 'b', 'u', 'j', 't', 'e'].map((name) => [name, 'text'] as const),
    );
    await roundTrip('chosen', { choices });
  });
});

describe('a value that the native type can not hold', () => {
  it.for([
    ['numeric(20,8)', 'NaN', 'NaN'],
    ['timestamp', '294247-01-10 04:00:54.775807', '294247-01-10 04:00:54.775807'],
    ['timestamptz', '294276-12-31 23:59:59.999999+00', '294276-12-31 23:59:59.999999'],
  ] as const)('I6: %s %s is refused by name, with what to do', async ([type, value, shown]) => {
    await client.query('drop table if exists refused');
    await client.query(`create table refused (at timestamptz, "Odd ""col" ${type})`);
    await client.query(
      `insert into refused select '2024-01-15', null from generate_series(1, 3000)`,
    );
    await client.query(`insert into refused values ('2024-01-15', $1)`, [value]);
    const failure = encodeTable({ client, workshop, table: 'refused' });
    await expect(failure).rejects.toMatchObject({
      code: 'VALUE_NOT_HELD',
      exitCode: 3,
      message: expect.stringContaining(shown),
      hint: 'Set datasets.quotes.columns.Odd "col: text to keep the column as exact text.',
    });
    // The connection is as good as before.
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await roundTrip('refused', { choices: { 'Odd "col': 'text' } });
  });
});

describe('a table of any shape', () => {
  it('I6: columns whose names could be mistaken for something else', async () => {
    await client.query(`
      create table names (at timestamptz, "c0" int, "c1" text, "select" int, "a""b" int, "it's" int,
                          "year" int, "filename" text, "file_row_number" int, "Ünï 🙂" int, "a.b" int);
      insert into names select '2024-01-15', i % 5, 'x' || i, i, -i, i, 1999, 'f', i, i, i from generate_series(1, 500) i`);
    await roundTrip('names', { sortBy: ['c1', "it's"] });
  });

  it('I6: 300 columns and rows that are all null', async () => {
    const columns = Array.from(
      { length: 300 },
      (_, index) => `v${index} ${index % 2 ? 'float8' : 'text'}`,
    );
    await client.query(`create table wide (at timestamptz, ${columns.join(', ')})`);
    await client.query(
      `insert into wide (at, v0, v299) select '2024-01-15', i, i from generate_series(1, 2500) i`,
    );
    await roundTrip('wide');
  });

  it('an empty table makes no segment', async () => {
    await client.query('create table nothing (at timestamptz, a int)');
    const slice = await encodeTable({ client, workshop, table: 'nothing' });
    expect(slice.segments).toEqual([]);
    expect((await verifySlice(workshop, slice, 'standard')).rows).toBe(0);
  });
});

describe('a slice too large for one file', () => {
  beforeAll(async () => {
    await client.query('create table large (at timestamptz, symbol text, price float8, note text)');
    await client.query(`
      insert into large
      select '2024-01-15'::timestamptz + i * interval '1 ms', 'S' || i % 50, random(), repeat(md5(i::text), case when i % 1000 = 0 then 200 else 1 end)
      from generate_series(1, 200000) i`);
  });

  it.for([1_000_000, 150_000])(
    'is cut into files of at most %i bytes, in sort order',
    async (targetFileBytes) => {
      const slice = await roundTrip('large', { sortBy: ['symbol'], targetFileBytes });
      expect(slice.segments.length).toBeGreaterThan(5_000_000 / targetFileBytes);
      for (const segment of slice.segments) {
        expect(segment.bytes).toBeLessThanOrEqual(targetFileBytes);
        expect((await stat(segment.path)).size).toBe(segment.bytes);
      }
      const bounds = slice.segments.map(({ bounds: { symbol } }) => symbol!);
      for (const [index, bound] of bounds.slice(1).entries()) {
        expect(bound.min! >= bounds[index]!.max!).toBe(true);
      }
    },
  );

  it('a single row larger than the target is a file of its own', async () => {
    await client.query('create table giants (at timestamptz, blob bytea)');
    await client.query(`
      insert into giants select '2024-01-15', string_agg(sha512(('x' || i || j)::bytea), '')
      from generate_series(1, 3) i, generate_series(1, 4000) j group by i`);
    const slice = await roundTrip('giants', { targetFileBytes: 100_000 });
    expect(slice.segments.map(({ rows }) => rows)).toEqual([1, 1, 1]);
  });
});

describe('what is known of a file', () => {
  it('holds the exact bounds of the time column, whatever its type', async () => {
    await client.query(`
      create table times (a timestamptz, b timestamp, c date, d bigint);
      insert into times values
        ('1969-12-31 23:59:59.999999+00', '2024-01-15 00:00:00.000001', '0044-03-15 BC', -1500),
        ('2024-02-29 12:00:00.123456+00', '0001-01-01 BC', '2024-02-29', 1705276800123456789)`);
    const boundsOf = async (timeColumn: string): Promise<(bigint | undefined)[]> => {
      const [segment] = (await encodeTable({ client, workshop, table: 'times', timeColumn }))
        .segments;
      return [segment?.minTimeUs, segment?.maxTimeUs];
    };
    const exact = async (sql: string): Promise<bigint> =>
      BigInt(
        (await client.query(`select trunc(extract(epoch from ${sql}) * 1000000)::text as us`))
          .rows[0].us,
      );
    expect(await boundsOf('a')).toEqual([-1n, 1_709_208_000_123_456n]);
    expect(await boundsOf('b')).toEqual([
      await exact(`'0001-01-01 BC'::timestamp`),
      1_705_276_800_000_001n,
    ]);
    expect(await boundsOf('c')).toEqual([
      await exact(`'0044-03-15 BC'::date`),
      1_709_164_800_000_000n,
    ]);
  });
});
