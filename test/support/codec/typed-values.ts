/**
 * Columns of every type that can be held, with values at their edges, as the text PostgreSQL takes
 * in. Each type names the SQL that has to have run before (`TYPES_SQL`).
 */
import fc from 'fast-check';

export interface TypedColumn {
  /** As in CREATE TABLE. */
  readonly type: string;
  readonly value: fc.Arbitrary<string | null>;
}

/** Enums, domains and composites that the columns use. */
export const TYPES_SQL = `
  create type mood as enum ('sad', 'ok', 'very "happy" 🙂');
  create domain price as numeric(20,8) check (value > -1000000);
  create type quote as (bid price, note text, tags text[], at timestamptz);
  create type float_range as range (subtype = float8, subtype_diff = float8mi)`;

const BIG = 2n ** 63n;
const EPOCH_2000_MICROS = 946_684_800_000_000n;

/** Edges twice as often as anything between them. */
function edges(
  values: readonly string[],
  between?: fc.Arbitrary<string>,
): fc.Arbitrary<string | null> {
  const some = fc.constantFrom(...values);
  const weighted: fc.WeightedArbitrary<string | null>[] = [
    { arbitrary: some, weight: 4 },
    { arbitrary: fc.constant(null), weight: 1 },
  ];
  if (between !== undefined) weighted.push({ arbitrary: between, weight: 2 });
  return fc.oneof(...weighted);
}

/** All that PostgreSQL takes: no NUL, no half of a surrogate pair. */
const unicode = fc
  .string({ unit: 'binary', maxLength: 60 })
  .map((text) => text.replaceAll('\0', '\u0001'));

const hostile = [
  '',
  ' ',
  'exactly12byt',
  'thirteen byte',
  '\u0001\'"\\',
  '🙂🙂🙂',
  'ä€𝄞',
  '\t\n\r',
  'NULL',
  '\\N',
  '\u{10ffff}\ufeff',
  'x'.repeat(5000),
];

const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map((raw) => `\\x${Buffer.from(raw).toString('hex')}`);

const integers = (min: bigint, max: bigint): fc.Arbitrary<string | null> =>
  edges(
    [String(min), String(max), '0', '1', '-1'].filter((text) => BigInt(text) >= min),
    fc.bigInt(min, max).map(String),
  );

function timestampText(micros: bigint): string {
  // As an interval from a fixed point: any microsecond of the range, however far.
  return `micros ${micros}`;
}

const FIRST_MICROS = -211_813_488_000_000_000n;
/** The last µs that is no infinity in the lake, counted from 2000. */
const LAST_MICROS = BIG - 2n - EPOCH_2000_MICROS;

const timestamps = edges(
  [
    'infinity',
    '-infinity',
    '1970-01-01 00:00:00',
    '1969-12-31 23:59:59.999999',
    '2000-01-01 00:00:00',
    '1999-12-31 23:59:59.999999',
    '0001-01-01 00:00:00 BC',
    '4714-11-24 00:00:00 BC',
    '294247-01-10 04:00:54.775806',
    '2024-02-29 12:34:56.789012',
  ],
  fc.bigInt(FIRST_MICROS, LAST_MICROS).map(timestampText),
);

/** `numeric(p,s)` and values that fill it. */
const decimals: fc.Arbitrary<TypedColumn> = fc
  .tuple(fc.integer({ min: 1, max: 45 }), fc.integer({ min: -10, max: 45 }))
  .map(([precision, scale]) => {
    const shift = (digits: bigint): string => `${digits}e${-scale}`;
    const most = 10n ** BigInt(precision) - 1n;
    return {
      type: `numeric(${precision},${scale})`,
      value: edges(
        ['0', shift(most), shift(-most), shift(1n), shift(-1n), shift(most / 10n)],
        fc.bigInt(-most, most).map(shift),
      ),
    };
  });

const digits = (max: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`, 'u'));

const numbers = fc
  .tuple(fc.constantFrom('', '-'), digits(60), digits(60))
  .map(([sign, whole, fraction]) => `${sign}${whole}.${fraction}`);

const floats = ['NaN', 'Infinity', '-Infinity', '0', '-0', '1', '-1', '0.1', '123456.789'];

const list = (parts: readonly string[]): fc.Arbitrary<string | null> => edges(parts);

export const FIXED_COLUMNS: readonly TypedColumn[] = [
  { type: 'bool', value: list(['t', 'f']) },
  { type: 'int2', value: integers(-32768n, 32767n) },
  { type: 'int4', value: integers(-(2n ** 31n), 2n ** 31n - 1n) },
  { type: 'int8', value: integers(-BIG, BIG - 1n) },
  { type: 'oid', value: integers(0n, 2n ** 32n - 1n) },
  {
    type: 'float4',
    value: edges([...floats, '1e-45', '3.4028235e38'], fc.float({ noNaN: true }).map(String)),
  },
  {
    type: 'float8',
    value: edges(
      [...floats, '5e-324', '1.7976931348623157e308', '9007199254740993'],
      fc.double({ noNaN: true }).map(String),
    ),
  },
  { type: 'numeric', value: edges(['NaN', 'Infinity', '-Infinity', '0.000', '1e1000'], numbers) },
  { type: 'price', value: list(['0', '-0.00000001', '999999999999.99999999', '1.5']) },
  {
    type: 'date',
    value: edges(
      ['infinity', '-infinity', '4714-11-24 BC', '5874897-12-31', '1970-01-01', '2000-01-01'],
      fc.integer({ min: -2_451_545, max: 2_145_031_948 }).map((days) => `days ${days}`),
    ),
  },
  { type: 'time', value: list(['00:00:00', '24:00:00', '23:59:59.999999', '12:34:56.000001']) },
  { type: 'timestamp', value: timestamps },
  { type: 'timestamptz', value: timestamps },
  {
    type: 'uuid',
    value: edges(
      [
        '00000000-0000-0000-0000-000000000000',
        'ffffffff-ffff-ffff-ffff-ffffffffffff',
        '80000000-0000-0000-8000-000000000000',
      ],
      fc.uuid(),
    ),
  },
  { type: 'bytea', value: edges(['\\x', '\\x00', '\\x000102030405060708090a0b0c'], bytes) },
  {
    type: 'json',
    value: edges(['{"a":1,"a":  2}', 'null', '[]', ' 1.50 ', '"\\u0001"'], fc.json()),
  },
  {
    type: 'jsonb',
    value: list(['{}', 'null', '[1, 2.50, "x"]', '{"b": {"c": [null]}, "a": 1e400}', '"🙂"']),
  },
  { type: 'text', value: edges(hostile, unicode) },
  { type: 'varchar(5000)', value: edges(hostile, unicode) },
  { type: 'char(7)', value: list(['', 'a', 'a      ', '🙂 b', 'sevench']) },
  { type: 'name', value: list(['', 'column', 'ünïcödé']) },
  { type: 'refcursor', value: list(['c1', '']) },
  { type: '"char"', value: list(['', 'a', '\\200', '\\377', '"']) },
  { type: 'mood', value: list(['sad', 'ok', 'very "happy" 🙂']) },
  {
    type: 'interval',
    value: list([
      '1 mon -3 days 04:05:06.789',
      '0',
      '-178000000 years',
      '00:00:00.000001',
      'infinity',
    ]),
  },
  { type: 'timetz', value: list(['00:00:00+00', '24:00:00-15:59:59', '12:34:56.789012+05:30']) },
  { type: 'bit(5)', value: list(['00000', '10101']) },
  { type: 'varbit', value: list(['', '1', '1010101010101']) },
  { type: 'inet', value: list(['1.2.3.4', '1.2.3.4/8', '::1', 'fe80::1/64']) },
  { type: 'cidr', value: list(['10.0.0.0/8', '2001:db8::/32']) },
  { type: 'macaddr', value: list(['08:00:2b:01:02:03']) },
  { type: 'macaddr8', value: list(['08:00:2b:01:02:03:04:05']) },
  { type: 'point', value: list(['(1.5,-0)', '(NaN,Infinity)', '(0.1,1e-300)']) },
  { type: 'lseg', value: list(['[(0,0),(1.1,2.2)]']) },
  { type: 'path', value: list(['((0,0),(1,1),(2,0))', '[(0,0),(0.3,0.7)]']) },
  { type: 'box', value: list(['(2,2),(0.1,0.1)']) },
  { type: 'polygon', value: list(['((0,0),(1,1),(2,0))']) },
  { type: 'line', value: list(['{1,-1,0.1}']) },
  { type: 'circle', value: list(['<(0.1,0.2),3>']) },
  { type: 'jsonpath', value: list(['$."a"[*] ? (@ > 1)']) },
  { type: 'tsvector', value: list(["'a':1A 'b' '''quoted''':2", '']) },
  { type: 'tsquery', value: list(["'a' & !'b'", "'a' <-> 'c':*A"]) },
  { type: 'tid', value: list(['(0,1)', '(4294967295,65535)']) },
  { type: 'xid', value: list(['0', '4294967295']) },
  { type: 'xid8', value: list(['0', '18446744073709551615']) },
  { type: 'cid', value: list(['4294967295']) },
  { type: 'pg_lsn', value: list(['0/0', 'FFFFFFFF/FFFFFFFF']) },
  { type: 'pg_snapshot', value: list(['10:20:10,14,15']) },
  { type: 'txid_snapshot', value: list(['10:20:10,14,15']) },
  { type: 'int2vector', value: list(['1 2 3', '']) },
  { type: 'oidvector', value: list(['1 4294967295']) },
  { type: 'int4range', value: list(['empty', '[1,5)', '(,)', '[,2147483647)']) },
  { type: 'int8range', value: list(['[-9223372036854775808,9223372036854775807)']) },
  { type: 'numrange', value: list(['(1.10,2.200]', 'empty', '[NaN,NaN]']) },
  { type: 'tsrange', value: list(['["2024-01-01 00:00:00.000001","infinity")']) },
  { type: 'tstzrange', value: list(['[-infinity,"2024-01-01 00:00:00+05:30")']) },
  { type: 'daterange', value: list(['[2024-01-01,2024-01-03)', '(,)']) },
  { type: 'float_range', value: list(['[0.1,0.2)', 'empty']) },
  { type: 'int4multirange', value: list(['{}', '{[1,3),[5,9)}']) },
  { type: 'int8multirange', value: list(['{[1,3)}']) },
  { type: 'nummultirange', value: list(['{(1.10,2.200]}']) },
  { type: 'tsmultirange', value: list(['{["2024-01-01","2024-01-02")}']) },
  {
    type: 'tstzmultirange',
    value: list(['{["2024-01-01 00:00:00+00","2024-01-02 00:00:00+00")}']),
  },
  { type: 'datemultirange', value: list(['{[2024-01-01,2024-01-03)}']) },
  {
    type: 'int4[]',
    value: list([
      '{}',
      '{1,NULL,-3}',
      '{{1,NULL},{3,4}}',
      '[2:3]={1,2}',
      '[-1:0][5:6]={{1,2},{3,4}}',
    ]),
  },
  { type: 'text[]', value: list(['{"",NULL,"NULL","a,b","\\"q\\"","{}","\\\\"}', '{🙂}']) },
  { type: 'float8[]', value: list(['{NaN,-0,Infinity,0.1}']) },
  { type: 'price[]', value: list(['{1.5,NULL}']) },
  {
    type: 'quote',
    value: list([
      '(1.5,"a ""b"" (c)","{x,NULL}","2024-01-01 00:00:00+00")',
      '(,,,)',
      '(,"",{},infinity)',
    ]),
  },
  { type: 'quote[]', value: list(['{"(1.5,x,{},-infinity)",NULL}']) },
  { type: 'mood[]', value: list(['{ok,NULL,"very \\"happy\\" 🙂"}']) },
];

/** Any of them; `numeric(p,s)` with any p and s. */
export const anyColumn: fc.Arbitrary<TypedColumn> = fc.oneof(
  { arbitrary: fc.constantFrom(...FIXED_COLUMNS), weight: 5 },
  { arbitrary: decimals, weight: 1 },
);

/** SQL for the value in parameter `$index`, which is text. */
export function valueSql({ type }: TypedColumn, index: number): string {
  const parameter = `$${index}::text`;
  const since = (word: string, sql: string): string =>
    `case when ${parameter} like '${word} %' then ${sql} else ${parameter}::${type} end`;
  if (type === 'timestamp' || type === 'timestamptz') {
    const micros = `substr(${parameter}, 8)::numeric`;
    // Days and the rest apart: an interval of all of it as microseconds would overflow.
    const days = `div(${micros}, 86400000000)::int`;
    const rest = `mod(${micros}, 86400000000)::float8 / 1000000`;
    return since(
      'micros',
      `'2000-01-01 00:00:00'::${type} + make_interval(days => ${days}) + make_interval(secs => ${rest})`,
    );
  }
  if (type === 'date') return since('days', `'2000-01-01'::date + substr(${parameter}, 6)::int`);
  return `${parameter}::${type}`;
}
