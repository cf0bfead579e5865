import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeExpanded } from '../../../src/query/answer/expanded-format.ts';
import { rowSourceOf } from '../../../src/query/answer/row-source.ts';
import { writeTable } from '../../../src/query/answer/table-format.ts';
import { writeCsv, writeJson, writeNdjson } from '../../../src/query/answer/text-formats.ts';
import type { WriteRows } from '../../../src/query/answer/write-rows.ts';

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

async function render(write: WriteRows, sql: string): Promise<string> {
  let text = '';
  const sink = { write: async (part: string | Uint8Array) => void (text += String(part)) };
  await write(
    rowSourceOf(await connection.stream(sql), async () => undefined),
    sink,
  );
  return text;
}

/** The value as JSON, and as CSV without quotes. */
async function both(expression: string): Promise<readonly [string, string]> {
  const json = await render(writeNdjson, `select ${expression} as v`);
  const csv = await render(writeCsv, `select ${expression} as v`);
  const field = csv.slice('v\r\n'.length, -2);
  const plain = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
  return [json.slice('{"v":'.length, -2), plain];
}

describe('a value', () => {
  test.each([
    ['null', 'null', ''],
    ["''", '""', ''],
    ['true', 'true', 'true'],
    ['42', '42', '42'],
    ['9007199254740991::bigint', '9007199254740991', '9007199254740991'],
    ['9007199254740993::bigint', '"9007199254740993"', '9007199254740993'],
    ['(-9223372036854775808)::bigint', '"-9223372036854775808"', '-9223372036854775808'],
    [
      '170141183460469231731687303715884105727::hugeint',
      '"170141183460469231731687303715884105727"',
      '170141183460469231731687303715884105727',
    ],
    ['1.50::decimal(20,8)', '1.50000000', '1.50000000'],
    ['(-0.05)::decimal(4,2)', '-0.05', '-0.05'],
    ['12345678901234.567::decimal(20,3)', '"12345678901234.567"', '12345678901234.567'],
    ['123456789012.345::decimal(20,3)', '123456789012.345', '123456789012.345'],
    ['0.1::float', '0.1', '0.1'],
    ['0.1::double', '0.1', '0.1'],
    ['1e300::double', '1e+300', '1e+300'],
    ["'-0'::double", '-0', '-0'],
    ["'nan'::double", '"NaN"', 'NaN'],
    ["'-inf'::float", '"-Infinity"', '-Infinity'],
    ["date '2024-01-15'", '"2024-01-15"', '2024-01-15'],
    ["date '0044-03-15 (BC)'", '"-000043-03-15"', '-000043-03-15'],
    ["date 'infinity'", '"infinity"', 'infinity'],
    [
      "timestamptz '2024-01-15 06:00:00.123456+00'",
      '"2024-01-15T06:00:00.123456Z"',
      '2024-01-15T06:00:00.123456Z',
    ],
    [
      "timestamptz '1969-12-31 23:59:59.999999+00'",
      '"1969-12-31T23:59:59.999999Z"',
      '1969-12-31T23:59:59.999999Z',
    ],
    ["timestamptz '-infinity'", '"-infinity"', '-infinity'],
    [
      "timestamp '2024-01-15 06:00:00'",
      '"2024-01-15T06:00:00.000000"',
      '2024-01-15T06:00:00.000000',
    ],
    [
      "timestamp_ns '2024-01-15 06:00:00.123456789'",
      '"2024-01-15T06:00:00.123456789"',
      '2024-01-15T06:00:00.123456789',
    ],
    [
      "timestamp '294246-12-31 23:59:59'",
      '"+294246-12-31T23:59:59.000000"',
      '+294246-12-31T23:59:59.000000',
    ],
    ["time '24:00:00'", '"24:00:00.000000"', '24:00:00.000000'],
    ["interval '1 day 2 hours'", '"1 day 02:00:00"', '1 day 02:00:00'],
    ["'\\xDE\\xAD'::blob", '"\\\\xdead"', '\\xdead'],
    [
      "uuid '5f0c1d3e-0000-4000-8000-000000000001'",
      '"5f0c1d3e-0000-4000-8000-000000000001"',
      '5f0c1d3e-0000-4000-8000-000000000001',
    ],
    [
      `'{"a": 1,\n "b": [1e400, 12345678901234567890]}'::json`,
      '{"a": 1,  "b": [1e400, 12345678901234567890]}',
      '{"a": 1,\n "b": [1e400, 12345678901234567890]}',
    ],
    ['\'{"a":1}\'::varchar', '"{\\"a\\":1}"', '{"a":1}'],
    ['[1, null, 3]', '[1,null,3]', '[1,null,3]'],
    [
      "{'a': 9007199254740993::bigint, 'b': [0.1::float]}",
      '{"a":"9007199254740993","b":[0.1]}',
      '{"a":"9007199254740993","b":[0.1]}',
    ],
    ["map {1: 'x'}", '[{"key":1,"value":"x"}]', '[{"key":1,"value":"x"}]'],
    ["'a\"b,c\nd'", '"a\\"b,c\\nd"', 'a"b,c\nd'],
  ])('%s', async (expression, json, csv) => {
    expect(await both(expression)).toEqual([json, csv]);
  });

  test('I6: any timestamp is written as DuckDB writes it itself', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: -62135596800000000n, max: 253402300799999999n }),
        async (micros) => {
          const reader = await connection.runAndReadAll(
            `select strftime(make_timestamp($1::bigint), '%Y-%m-%dT%H:%M:%S.%f')`,
            [micros],
          );
          const expected = String(reader.getRows()[0]?.[0]).replace(/^\d+/, (year) =>
            year.padStart(4, '0'),
          );
          expect((await both(`make_timestamp(${String(micros)}::bigint)`))[1]).toBe(expected);
        },
      ),
    );
  });

  test('I6: any float and double reads back to itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (value) => {
        const [json] = await both(`'${String(value)}'::double`);
        expect(Number(json)).toBe(value === 0 ? Number(json) : value);
        const float = Math.fround(value);
        if (!Number.isFinite(float)) return;
        const [text] = await both(`'${String(float)}'::float`);
        expect(Math.fround(Number(text))).toBe(float === 0 ? Number(text) : float);
      }),
    );
  });
});

describe('csv', () => {
  test('has a header, CRLF, and quotes where RFC 4180 asks for them', async () => {
    expect(await render(writeCsv, `select 1 as "a,b", 'x"y' as c union all select null, ''`)).toBe(
      '"a,b",c\r\n1,"x""y"\r\n,""\r\n',
    );
  });

  test('tells null from empty, also after DuckDB has read it back', async () => {
    const text = await render(
      writeCsv,
      `select * from (values ('', 1), (null, 2), ('NULL', 3)) t(v, n)`,
    );
    expect(text).toBe('v,n\r\n"",1\r\n,2\r\nNULL,3\r\n');
  });
});

describe('json', () => {
  test('is one array', async () => {
    expect(JSON.parse(await render(writeJson, 'select i from range(5000) t(i)'))).toHaveLength(
      5000,
    );
    expect(await render(writeJson, 'select 1 as i where false')).toBe('[]\n');
  });

  test('keeps both of two columns of one name', async () => {
    expect(await render(writeNdjson, 'select 1 as a, 2 as a')).toBe('{"a":1,"a:1":2}\n');
  });
});

describe('a table', () => {
  const width = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

  test('aligns numbers to the right and texts to the left', async () => {
    const text = await render(
      writeTable(null),
      `select 'ab' as name, 5 as n union all select 'c', 1234`,
    );
    expect(text).toBe('name     n\n────  ────\nab       5\nc     1234\n');
  });

  test('has a header and nothing else where there are no rows', async () => {
    expect(await render(writeTable(80), 'select 1 as n where false')).toBe('n\n─\n');
  });

  test('is cut to the width of the terminal, the widest column first', async () => {
    const text = await render(
      writeTable(40),
      `select 'short' as a, repeat('x', 100) as b, 12345 as n`,
    );
    expect(width(text)).toBe(40);
    expect(text).toContain('short  xxx');
    expect(text).toContain('…  12345');
  });

  test('is not cut where there is no terminal', async () => {
    expect(width(await render(writeTable(null), `select repeat('x', 500) as a`))).toBe(500);
  });

  test('shows control characters and does not send them to the terminal', async () => {
    const text = await render(
      writeTable(80),
      `select 'a' || chr(27) || '[31m' || chr(10) || chr(8238) as v`,
    );
    expect(text).toContain('a\\u001b[31m\\n\\u202e');
  });

  test('counts wide characters as two', async () => {
    const text = await render(
      writeTable(null),
      `select '東京' as city, 1 as n union all select 'Rome', 2`,
    );
    expect(text).toBe('city  n\n────  ─\n東京  1\nRome  2\n');
  });

  test('keeps its columns beyond the rows that it measured', async () => {
    const text = await render(
      writeTable(30),
      `select i, repeat('y', (i // 100)::int) as t from range(5000) t(i)`,
    );
    expect(text.split('\n')).toHaveLength(5003);
    expect(width(text)).toBeLessThanOrEqual(30);
  });

  test('too wide for the terminal leaves columns out, cuts no number, and says so', async () => {
    const notes: string[] = [];
    const columns = Array.from({ length: 30 }, (_, i) => `${String(i)}00000000 as n${String(i)}`);
    const text = await render(
      writeTable(40, (note) => notes.push(note)),
      `select repeat('x', 100) as note, ${columns.join(', ')}`,
    );
    expect(width(text)).toBeLessThanOrEqual(40);
    expect(text.split('\n')[0]).toMatch(/^note +n0 +n1 +n2$/);
    expect(text).toContain('200000000');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      /27 columns did not fit \(n3, n4, n5, n6, n7, n8, …\), and long values/,
    );
  });

  test('that fits, or that no terminal shows, has nothing to say', async () => {
    const notes: string[] = [];
    const say = (note: string): void => void notes.push(note);
    await render(writeTable(80, say), 'select 1 as n');
    await render(writeTable(null, say), `select repeat('x', 500) as a`);
    expect(notes).toEqual([]);
  });

  test('shows one column at least, however narrow the terminal', async () => {
    const notes: string[] = [];
    const text = await render(
      writeTable(5, (note) => notes.push(note)),
      `select 1234567890 as n, 'b' as b`,
    );
    expect(text).toBe('    n\n─────\n1234…\n');
    expect(notes[0]).toContain('1 column did not fit (b)');
  });
});

describe('expanded', () => {
  test('has a line for each column of each row, whole', async () => {
    const long = 'x'.repeat(300);
    expect(
      await render(
        writeExpanded,
        `select 1 as n, '${long}' as "a name", null as nothing union all select 2, 'a' || chr(10), null`,
      ),
    ).toBe(
      [
        '─ row 1 ────────────────',
        'n        1',
        `a name   ${long}`,
        'nothing  NULL',
        '─ row 2 ────────────────',
        'n        2',
        'a name   a\\n',
        'nothing  NULL',
        '',
      ].join('\n'),
    );
  });

  test('says nothing where there are no rows', async () => {
    expect(await render(writeExpanded, 'select 1 as n where false')).toBe('');
  });
});
