/** What is read out of the engine's memory is written as what the bindings make of it: both ways, byte by byte. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeCopy } from '../../../src/query/answer/postgres/copy-format.ts';
import { writePostgres } from '../../../src/query/answer/postgres/postgres-format.ts';
import type { CopyFormat } from '../../../src/query/answer/postgres/postgres-reply.ts';
import { rowSourceOf } from '../../../src/query/answer/row-source.ts';
import type { WriteRows } from '../../../src/query/answer/write-rows.ts';

const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 100_000);
/** Some chunks of the engine's. */
const ROWS = 5_000;

/** By type: values that are at its edges, and one at random. */
const TYPES: readonly (readonly [string, readonly string[], string])[] = [
  ['boolean', ['true', 'false'], 'random() < 0.5'],
  ['tinyint', ['-128', '127', '0'], '(random() * 255)::int - 128'],
  ['smallint', ['-32768', '32767', '0'], '(random() * 65535)::int - 32768'],
  ['integer', ['-2147483648', '2147483647', '999999999', '1000000000'], '(random() * 2e9)::int'],
  ['utinyint', ['0', '255'], '(random() * 255)::int'],
  ['usmallint', ['0', '65535'], '(random() * 65535)::int'],
  ['uinteger', ['0', '4294967295'], '(random() * 4294967295)::bigint'],
  [
    'bigint',
    [
      '-9223372036854775808',
      '9223372036854775807',
      '9007199254740991',
      '9007199254740992',
      '-9007199254740992',
      '-9007199254740993',
      '1000000000',
      '999999999999999999',
    ],
    '((random() - 0.5) * 10 ** (random() * 18)::int)::bigint',
  ],
  ['hugeint', ['170141183460469231731687303715884105727', '-1'], '(random() * 1e15)::hugeint'],
  [
    'double',
    [
      "'-0'",
      "'nan'",
      "'inf'",
      "'-inf'",
      '0',
      '1e-4',
      '9.9999e-5',
      '9999999.99999999',
      '1e7',
      '99999999999.9999',
      '1e11',
      '1e15',
      '1e22',
      '0.1 + 0.2',
      '1 / 3.0',
      '4.35',
      '1.005',
      '2.5e-5',
      '9007199254740993',
      '5e-324',
    ],
    `case when random() < 0.5 then random() * 10 ** (random() * 20 - 6)
          else round((random() - 0.5) * 10 ** (random() * 12)) / 10 ** (random() * 9)::int end`,
  ],
  ['float', ["'-0'", "'nan'", '0.1', '1e38', '3.4e-39'], 'random() * 1000'],
  ...(
    [
      [4, 2],
      [9, 0],
      [9, 9],
      [18, 8],
      [18, 18],
      [20, 8],
      [38, 0],
      [38, 12],
      [38, 13],
      [38, 38],
    ] as const
  ).map(
    ([precision, scale]) =>
      [
        `decimal(${precision},${scale})`,
        [
          `'${'9'.repeat(precision - scale) || '0'}.${'9'.repeat(scale)}'`,
          `'-${'9'.repeat(precision - scale) || '0'}.${'9'.repeat(scale)}'`,
          '0',
          `'0.${'0'.repeat(Math.max(0, scale - 1))}1'`,
          `'-0.${'0'.repeat(Math.max(0, scale - 1))}1'`,
          `'${'1'.padEnd(precision - scale, '0').slice(0, precision - scale) || '0'}'`,
        ],
        `(random() - 0.5) * 10 ** (random() * ${precision - scale - 1})`,
      ] as const,
  ),
  [
    'date',
    ["'infinity'", "'-infinity'", "'0001-01-01'", "'0001-12-31 (BC)'", "'9999-12-31'"],
    `date '1900-01-01' + (random() * 100000)::int`,
  ],
  ...['timestamp', 'timestamptz'].map(
    (type) =>
      [
        type,
        [
          "'infinity'",
          "'-infinity'",
          "'0044-03-15 (BC) 12:00:00'",
          "'1969-12-31 23:59:59.999999'",
          "'1971-12-31 23:59:59.999999'",
          "'1972-01-01'",
          "'2024-03-31 00:59:59.999999'",
          "'2024-03-31 01:00:00'",
          "'2024-10-27 00:59:59.5'",
          "'2255-06-05 23:47:34.740991'",
          "'2255-06-05 23:47:34.740993'",
          "'290000-01-01'",
        ],
        `make_timestamp((random() * 4e15)::bigint - 5e14::bigint)`,
      ] as const,
  ),
  ['uuid', ["'ffffffff-ffff-ffff-ffff-ffffffffffff'"], 'uuid()'],
  ['time', ["'24:00:00'", "'00:00:00'", "'23:59:59.999999'"], `'12:00:00'`],
  ['blob', ["''", "'\\x00\\xff'"], `'ab'`],
  [
    'varchar',
    [
      "''",
      "'twelve bytes'",
      "'thirteen byte'",
      "'é漢🙂'",
      "repeat('long ', 5000)",
      "'\\N'",
      "'a\tb'",
      '\'"q"\'',
      "'a,b'",
      "'\\'",
    ],
    `repeat('x', (random() * 40)::int) || chr((random() * 400)::int + 1)`,
  ],
  ['integer[]', ['[]', '[1, null]'], '[1, 2]'],
];

const ALL = TYPES.map((_, at) => `c${String(at)}`).join(', ');

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  connection = await instance.connect();
  await connection.run(`set TimeZone = 'UTC'; select setseed(${String((SEED % 1000) / 1000)})`);
  const columns = TYPES.map(([type, edges, any], at) => {
    const known = edges.map((edge) => `cast(${edge} as ${type})`);
    const edge = `[${known.join(', ')}][1 + n % ${String(known.length)}]`;
    return `case when n % 11 = 3 then null when n < 200 then ${edge} else try_cast(${any} as ${type}) end as c${String(at)}`;
  });
  await connection.run(
    `create table given as select ${columns.join(',\n')} from range(${String(ROWS)}) r(n)`,
  );
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

async function written(sql: string, write: WriteRows, isHeld: boolean): Promise<Buffer> {
  const parts: Buffer[] = [];
  const whole = rowSourceOf(await connection.stream(sql), () => Promise.resolve());
  const { columns, chunks } = whole;
  await write(isHeld ? whole : { columns, chunks }, {
    write: async (part) => void parts.push(Buffer.from(part)),
  });
  return Buffer.concat(parts);
}

const TEXT = {
  format: 'text',
  delimiter: '\t',
  null: '\\N',
  hasHeader: true,
  quote: '"',
  escape: '"',
  quoted: [],
} as const;

const FORMATS: Readonly<Record<string, (timeZone: string) => WriteRows>> = {
  text: (timeZone) => writePostgres({ formats: [0], timeZone, columns: null, copy: null }),
  binary: (timeZone) => writePostgres({ formats: [1], timeZone, columns: null, copy: null }),
  ...copies({
    'copy binary': { format: 'binary' },
    'copy text': TEXT,
    'copy csv': { ...TEXT, format: 'csv', delimiter: ',', null: '' },
    'copy csv, all quoted': { ...TEXT, format: 'csv', delimiter: '-', null: '0', quoted: 'all' },
  }),
};

function copies(of: Record<string, CopyFormat>): Record<string, (timeZone: string) => WriteRows> {
  const made = Object.entries(of).map(
    ([name, copy]) => [name, (timeZone: string) => writeCopy(copy, timeZone, null)] as const,
  );
  return Object.fromEntries(made);
}

test.each(Object.entries(FORMATS))('I6: rows as %s, seed ' + String(SEED), async (_, write) => {
  for (const timeZone of ['UTC', 'Europe/Berlin', 'Asia/Kathmandu']) {
    for (const [at, [type]] of TYPES.entries()) {
      const sql = `select c${String(at)} from given`;
      const fast = await written(sql, write(timeZone), true);
      const slow = await written(sql, write(timeZone), false);
      expect(fast.equals(slow), `${type} in ${timeZone}: ${differenceOf(fast, slow)}`).toBe(true);
    }
  }
  const sql = `select ${ALL} from given`;
  const fast = await written(sql, write('UTC'), true);
  expect(fast.equals(await written(sql, write('UTC'), false))).toBe(true);
  expect(fast.length).toBeGreaterThan(ROWS * TYPES.length);
});

function differenceOf(one: Buffer, other: Buffer): string {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  const near = (bytes: Buffer): string => bytes.toString('latin1', Math.max(0, at - 20), at + 30);
  return JSON.stringify([near(one), near(other)]);
}
