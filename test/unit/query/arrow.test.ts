import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Table, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeArrow } from '../../../src/query/answer/arrow/arrow-format.ts';
import { rowSourceOf } from '../../../src/query/answer/row-source.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  await connection.run(`set TimeZone = 'UTC'`);
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

interface Read {
  readonly table: Table;
  readonly rows: number;
}

async function readBack(sql: string): Promise<Read> {
  const parts: Uint8Array[] = [];
  const source = rowSourceOf(await connection.stream(sql), async () => undefined);
  const rows = await writeArrow(source, {
    write: async (part) => void parts.push(Buffer.from(part as Uint8Array)),
  });
  return { table: tableFromIPC(Buffer.concat(parts)), rows };
}

/** A value between two NULLs: its type in Arrow, and what its bytes are. */
async function oneOf(expression: string): Promise<readonly [string, unknown]> {
  const { table } = await readBack(
    `select case when i = 1 then ${expression} end as v from range(3) t(i)`,
  );
  const column = table.getChild('v');
  if (column === null) throw new Error('there is no column');
  expect([column.length, column.nullCount, column.get(0), column.get(2)]).toEqual([
    3,
    2,
    null,
    null,
  ]);
  return [String(column.type), column.data[0]?.values];
}

describe('a value in Arrow', () => {
  test.each<[string, string, ArrayLike<number | bigint>]>([
    ['(-7)::tinyint', 'Int8', [0, -7, 0]],
    ['(-300)::smallint', 'Int16', [0, -300, 0]],
    ['(-70000)::integer', 'Int32', [0, -70_000, 0]],
    ['9007199254740993::bigint', 'Int64', [0n, 9_007_199_254_740_993n, 0n]],
    ['18446744073709551615::ubigint', 'Uint64', [0n, 18_446_744_073_709_551_615n, 0n]],
    ['0.1::float', 'Float32', [0, Math.fround(0.1), 0]],
    [`'-infinity'::double`, 'Float64', [0, Number.NEGATIVE_INFINITY, 0]],
    ['true', 'Bool', [2]],
    [`date '1969-12-31'`, 'Date32<DAY>', [0, -1, 0]],
    [`time '00:00:01.000002'`, 'Time64<MICROSECOND>', [0n, 1_000_002n, 0n]],
    [`timestamp '1969-12-31 23:59:59.999999'`, 'Timestamp<MICROSECOND>', [0n, -1n, 0n]],
    [`timestamptz '1970-01-01 01:00:00+01'`, 'Timestamp<MICROSECOND, UTC>', [0n, 0n, 0n]],
    [`'1970-01-01 00:00:00.000000001'::timestamp_ns`, 'Timestamp<NANOSECOND>', [0n, 1n, 0n]],
    ['(-0.05)::decimal(4,2)', 'Decimal[4e+2]', [0, 0, 0, 0, 0xff_ff_ff_fb, ...ones(3), 0, 0, 0, 0]],
    ['(1::hugeint << 64) + 1', 'Decimal[38e0]', [0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]],
    [`'é'`, 'Utf8', [...Buffer.from('é')]],
    [`'\\x00\\xFF'::blob`, 'Binary', [0, 255]],
    [
      `uuid '00000000-0000-0000-0000-0000000000ff'`,
      'Utf8',
      textBytes('00000000-0000-0000-0000-0000000000ff'),
    ],
    ['interval 3 days', 'Utf8', textBytes('3 days')],
  ])('%s is a %s', async (expression, type, values) => {
    const [found, bytes] = await oneOf(expression);
    expect(found).toBe(type);
    expect([...(bytes as Iterable<number | bigint>)].slice(0, values.length)).toEqual([
      ...Array.from(values),
    ]);
  });

  test.each([
    ['[1, null, 3]', '[1,null,3]'],
    ['[[1], [], null]', '[[1],[],null]'],
    ['array_value(1, 2)', '[1,2]'],
    [`{'a': 1, 'b': [null, 'x']}`, '{"a":1,"b":[null,"x"]}'],
    [`map {'k': 1, 'l': null}`, '{"k":1,"l":null}'],
  ])('%s holds its parts', async (expression, json) => {
    // No CASE: DuckDB has none of arrays.
    const { table } = await readBack(`select v from (values (null), (${expression}), (null)) t(v)`);
    const column = table.getChild('v');
    expect([column?.get(0), column?.get(2)]).toEqual([null, null]);
    expect(JSON.stringify(column?.get(1))).toBe(json);
  });

  test.each([
    [`timestamptz 'infinity'`, 'infinity', 'a finite time'],
    [`date '-infinity'`, '-infinity', 'a finite time'],
    [`time '24:00:00'`, '24:00:00.000000', 'a finite time'],
    ['100000000000000000000000000000000000000::hugeint', '1000', 'at most 38 digits'],
    [`[timestamp 'infinity']`, 'infinity', 'a finite time'],
  ])('%s has no place there, and the column is named', async (expression, value, expected) => {
    await expect(readBack(`select 1 as a, ${expression} as odd`)).rejects.toMatchObject({
      code: 'QUERY_FAILED',
      message: expect.stringMatching(new RegExp(`${value}.*"odd".*${expected}`)) as string,
    });
  });
});

describe('a result in Arrow', () => {
  test('is as long as it is, over many batches', async () => {
    const { table, rows } = await readBack(
      `select i, case when i % 3 > 0 then 's' || i end as s from range(100000) t(i)`,
    );
    expect([rows, table.numRows, table.batches.length > 1]).toEqual([100_000, 100_000, true]);
    const texts = table.getChild('s');
    const wrong = [...(table.getChild('i') ?? [])].filter(
      (i, at) => i !== BigInt(at) || texts?.get(at) !== (at % 3 > 0 ? `s${String(at)}` : null),
    );
    expect(wrong).toEqual([]);
  });

  test('without rows has its columns, two of one name apart', async () => {
    const { table, rows } = await readBack(`select 1 as a, 'x' as a where false`);
    expect([rows, table.numRows]).toEqual([0, 0]);
    expect(table.schema.fields.map(String)).toEqual(['a: Int32', 'a:1: Utf8']);
  });
});

function ones(count: number): number[] {
  return Array.from({ length: count }, () => 0xff_ff_ff_ff);
}

function textBytes(text: string): number[] {
  return [...Buffer.from(text)];
}
