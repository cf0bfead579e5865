/** Statements that nobody wrote, over the columns of the tables of fragments. */
import fc from 'fast-check';

type Sql = fc.Arbitrary<string>;

const pick = (...texts: readonly string[]): Sql => fc.constantFrom(...texts);
const join = (format: (...parts: string[]) => string, ...parts: Sql[]): Sql =>
  fc.tuple(...parts).map((found) => format(...found));

interface Kinds {
  readonly whole: string;
  readonly numeric: string;
  readonly float: string;
  readonly word: string;
  readonly day: string;
  readonly at: string;
  readonly zoned: string;
  readonly truth: string;
}

const { whole, numeric, float, word, day, at, zoned, truth } = fc.letrec<Kinds>((tie) => {
  const of = (kind: keyof Kinds): Sql => tie(kind) as Sql;
  const comparison = pick('=', '<>', '<', '<=', '>', '>=');
  const compared = (kind: keyof Kinds, other: keyof Kinds = kind): Sql =>
    join((a, op, b) => `(${a} ${op} ${b})`, of(kind), comparison, of(other));
  const chosen = (kind: keyof Kinds): Sql =>
    fc.oneof(
      join((c, a, b) => `case when ${c} then ${a} else ${b} end`, of('truth'), of(kind), of(kind)),
      join((a, b) => `coalesce(${a}, ${b})`, of(kind), of(kind)),
      join((a, b) => `nullif(${a}, ${b})`, of(kind), of(kind)),
      join((a) => `(${a})`, of(kind)),
    );
  return {
    whole: fc.oneof(
      { maxDepth: 2, depthSize: 'xsmall' },
      pick(
        'id',
        'small',
        'big',
        '0',
        '1',
        '-1',
        '7',
        '-3',
        '32767',
        '2147483647',
        '3000000000',
        'null::int',
        "'5'::int8",
        '2::int2',
      ),
      join(
        (a, op, b) => `(${a} ${op} ${b})`,
        of('whole'),
        pick('+', '-', '*', '/', '%', '&', '|', '#'),
        of('whole'),
      ),
      join((f, a) => `${f}(${a})`, pick('abs', '-', '~'), of('whole')),
      join((a) => `${a}::int8`, of('numeric')),
      join((a) => `${a}::int`, of('float')),
      join((a) => `length(${a})`, of('word')),
      join((a, b) => `(${a} - ${b})`, of('day'), of('day')),
      chosen('whole'),
    ),
    numeric: fc.oneof(
      { maxDepth: 2, depthSize: 'xsmall' },
      pick(
        'price',
        'fine',
        '0.00',
        '1.5',
        '-2.50',
        '0.000001',
        '100000',
        "'3.14159'::numeric",
        'null::numeric',
        '12345.678',
        'price::numeric(8,1)',
      ),
      join(
        (a, op, b) => `(${a} ${op} ${b})`,
        of('numeric'),
        pick('+', '-', '*', '/', '%'),
        of('numeric'),
      ),
      join((a, op, b) => `(${a} ${op} ${b})`, of('numeric'), pick('+', '-', '*', '/'), of('whole')),
      join(
        (f, a) => `${f}(${a})`,
        pick('abs', 'floor', 'ceil', 'round', 'trunc', 'sign', '-'),
        of('numeric'),
      ),
      join((a, n) => `round(${a}, ${n})`, of('numeric'), pick('0', '1', '3', '8')),
      join(
        (f, a) => `extract(${f} from ${a})`,
        pick('epoch', 'second', 'year', 'dow', 'milliseconds', 'week'),
        of('at'),
      ),
      join(
        (f, a) => `extract(${f} from ${a})`,
        pick('epoch', 'hour', 'minute', 'doy'),
        of('zoned'),
      ),
      join((a) => `floor(extract(epoch from ${a}) / 300) * 300`, of('zoned')),
      join((a) => `${a}::numeric`, of('float')),
      join(
        (a) => `round(${a}::numeric, 2)`,
        pick('real4', 'real4 / 3', "date_part('epoch', atz) / 7"),
      ),
      join(
        (f, a, b) => `${f}(${a}, ${b})`,
        pick('greatest', 'least'),
        of('numeric'),
        fc.oneof(of('numeric'), of('whole')),
      ),
      chosen('numeric'),
    ),
    float: fc.oneof(
      { maxDepth: 2, depthSize: 'xsmall' },
      pick(
        'real8',
        'real4',
        '0.5::float8',
        '2::float8',
        "'NaN'::float8",
        "'-Infinity'::float8",
        '1e300::float8',
        '-0.0::float8',
        '1.5::float4',
        'null::float8',
      ),
      join((a, op, b) => `(${a} ${op} ${b})`, of('float'), pick('+', '-', '*', '/'), of('float')),
      join(
        (a, op, b) => `(${a} ${op} ${b})`,
        of('float'),
        pick('+', '-', '*', '/'),
        fc.oneof(of('whole'), of('numeric')),
      ),
      join(
        (f, a) => `${f}(${a})`,
        pick('abs', 'floor', 'ceil', 'round', 'trunc', 'sign', '-'),
        of('float'),
      ),
      join((a) => `${a}::float8`, fc.oneof(of('whole'), of('numeric'))),
      join((f, a) => `date_part('${f}', ${a})`, pick('epoch', 'second', 'month'), of('at')),
      chosen('float'),
    ),
    word: fc.oneof(
      { maxDepth: 2, depthSize: 'xsmall' },
      pick('name', 'code', 'tag', "'a'", "''", "'it''s'", "'%b_'", 'null::text', "'ä€'"),
      join((a, b) => `(${a} || ${b})`, of('word'), fc.oneof(of('word'), of('whole'), of('day'))),
      join((f, a) => `${f}(${a})`, pick('btrim', 'ltrim', 'rtrim', 'md5', 'reverse'), of('word')),
      join(
        (f, a, n) => `${f}(${a}, ${n})`,
        pick('left', 'right', 'substr', 'repeat', 'lpad', 'rpad'),
        of('word'),
        pick('0', '1', '3', '-1', '-2', 'id % 5 - 2'),
      ),
      join(
        (a, n, m) => `substring(${a} from ${n} for ${m})`,
        of('word'),
        pick('0', '1', '-1', '2'),
        pick('0', '1', '3', '5'),
      ),
      join((a, b, c) => `replace(${a}, ${b}, ${c})`, of('word'), of('word'), of('word')),
      join(
        (a) => `${a}::text`,
        fc.oneof(of('whole'), of('numeric'), of('truth'), of('day'), of('at'), of('zoned')),
      ),
      join((a) => `${a}::varchar(3)`, of('word')),
      join(
        (a) => `to_char(${a}, 'YYYY-MM-DD HH24:MI:SS')`,
        fc.oneof(of('at'), of('zoned'), of('day')),
      ),
      chosen('word'),
    ),
    day: fc.oneof(
      { maxDepth: 2, depthSize: 'xsmall' },
      pick('day', "'2024-02-29'::date", "date '1999-12-31'", 'null::date', "'2024-01-01'::date"),
      join(
        (a, op, n) => `(${a} ${op} ${n})`,
        of('day'),
        pick('+', '-'),
        pick('0', '1', '366', 'id'),
      ),
      join((a) => `${a}::date`, fc.oneof(of('at'), of('zoned'))),
      chosen('day'),
    ),
    at: fc.oneof(
      { maxDepth: 2, depthSize: 'xsmall' },
      pick(
        'at',
        "timestamp '2024-02-29 23:59:59.999999'",
        "'1970-01-01'::timestamp",
        'null::timestamp',
        "'2001-02-03T04:05:06'::timestamp",
      ),
      join(
        (a, op, n) => `(${a} ${op} interval '${n}')`,
        of('at'),
        pick('+', '-'),
        pick('1 day', '1 month', '90 minutes', '1 year 2 mons 3 days', '0.5 seconds', '-1 month'),
      ),
      join(
        (f, a) => `date_trunc('${f}', ${a})`,
        pick('second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'),
        of('at'),
      ),
      join((a) => `${a}::timestamp`, fc.oneof(of('day'), of('zoned'))),
      join((a) => `date_bin('7 minutes', ${a}, '2001-01-01')`, of('at')),
      join(
        (a, z) => `(${a} at time zone '${z}')`,
        of('zoned'),
        pick('UTC', 'Europe/Berlin', 'America/New_York'),
      ),
      chosen('at'),
    ),
    zoned: fc.oneof(
      { maxDepth: 2, depthSize: 'xsmall' },
      pick(
        'atz',
        "'2024-03-10 07:30+00'::timestamptz",
        "timestamptz '2024-01-01T00:00:00Z'",
        'null::timestamptz',
        "'2024-06-01 12:00:00+02:00'::timestamptz",
      ),
      join(
        (a, op, n) => `(${a} ${op} interval '${n}')`,
        of('zoned'),
        pick('+', '-'),
        pick('1 day', '1 month', '36 hours', '1 microsecond'),
      ),
      join(
        (f, a) => `date_trunc('${f}', ${a})`,
        pick('minute', 'hour', 'day', 'week', 'month'),
        of('zoned'),
      ),
      join(
        (f, a) => `date_trunc('${f}', ${a}, 'America/New_York')`,
        pick('hour', 'day', 'month'),
        of('zoned'),
      ),
      join((a) => `date_bin('15 minutes', ${a}, '2001-01-01')`, of('zoned')),
      join(
        (a) => `to_timestamp(${a})`,
        pick('id', 'small * 100', 'price', 'floor(extract(epoch from atz) / 60) * 60'),
      ),
      chosen('zoned'),
    ),
    truth: fc.oneof(
      { maxDepth: 2, depthSize: 'xsmall' },
      pick('flag', 'true', 'false', 'null::bool', 'id % 2 = 0'),
      compared('whole'),
      compared('numeric'),
      compared('numeric', 'whole'),
      compared('float'),
      compared('float', 'numeric'),
      join((a, op, b) => `(${a} collate "C" ${op} ${b})`, of('word'), comparison, of('word')),
      compared('day'),
      compared('at', 'day'),
      compared('zoned'),
      join((a) => `(${a} is null)`, fc.oneof(of('word'), of('numeric'), of('day'))),
      join((a, b) => `(${a} and ${b})`, of('truth'), of('truth')),
      join((a, b) => `(${a} or ${b})`, of('truth'), of('truth')),
      join((a) => `(not ${a})`, of('truth')),
      join(
        (a, t) => `(${a} is ${t})`,
        of('truth'),
        pick('true', 'not true', 'false', 'unknown', 'not unknown'),
      ),
      join((a, b) => `(${a} is distinct from ${b})`, of('whole'), of('whole')),
      join((a, b, c) => `(${a} in (${b}, ${c}, 3))`, of('whole'), of('whole'), of('numeric')),
      join((a, b) => `(${a} in (${b}, 'a'))`, of('word'), of('word')),
      join((a, b, c) => `(${a} between ${b} and ${c})`, of('numeric'), of('whole'), of('numeric')),
      join(
        (a, op, p) => `(${a} ${op} '${p}')`,
        of('word'),
        pick('like', 'not like', 'ilike'),
        pick('a%', '%b_', '_', '%', '', String.raw`50\%%`, String.raw`%\\x`, '%C%'),
      ),
      join(
        (a, op, p) => `(${a} ${op} '${p}')`,
        of('word'),
        pick('~', '!~', '~*'),
        pick(
          'a',
          '^a',
          'c$',
          '[a-c]+',
          'b.a',
          '^(a|b)*$',
          String.raw`\d`,
          String.raw`\.`,
          'A',
          '^.{2,3}$',
          '[^a-z]',
        ),
      ),
      join((a) => `(${a} = any('{1,2,7,-3}'))`, of('whole')),
    ),
  };
});

const anything = fc.oneof(whole, numeric, float, word, day, at, zoned, truth);

const aggregate = fc.oneof(
  join(
    (f, a) => `${f}(${a})`,
    pick('sum', 'avg', 'min', 'max', 'count'),
    fc.oneof(pick('id', 'small', 'big', 'price', 'fine'), whole),
  ),
  join(
    (f, a) => `${f}(${a})`,
    pick('min', 'max', 'count', 'count'),
    fc.oneof(pick('day', 'at', 'atz', 'name'), day, zoned),
  ),
  join((f, a) => `round(${f}(${a}), 3)`, pick('sum', 'avg'), pick('price', 'fine', 'id', 'small')),
  join((a, c) => `sum(${a}) filter (where ${c})`, pick('id', 'price', 'big'), truth),
  join((a) => `count(distinct ${a})`, fc.oneof(whole, word, day)),
  join(
    (a, b) => `${a} / nullif(${b}, 0)`,
    pick('sum(price)', 'sum(id)', 'avg(fine)'),
    pick('count(*)', 'sum(small)', 'avg(price)'),
  ),
  join((f, c) => `${f}(${c})`, pick('bool_and', 'bool_or', 'every'), truth),
  join(
    (a, c) => `string_agg(${a}, ',' order by id) filter (where ${c})`,
    pick('name', 'code'),
    truth,
  ),
  join(
    (f, c, a, b) => `${f}(case when ${c} then ${a} else ${b} end)`,
    pick('sum', 'avg'),
    truth,
    pick('price', 'fine', '1.5', 'id'),
    pick('0', '0.000', 'price', 'fine', 'null'),
  ),
  join(
    (f, p) => `percentile_cont(${p}) within group (order by ${f})`,
    pick('price', 'id', 'real4', 'fine'),
    pick('0.5', '0.95', '0', '1'),
  ),
  pick(
    'count(*)',
    'coalesce(avg(price), 0)',
    'max(price) - min(price)',
    'avg(real8) filter (where id % 10 > 4)',
    'bit_or(id)',
    'array_agg(small order by id)',
  ),
);

const windowed = fc.oneof(
  join(
    (f, p) => `${f}() over (partition by ${p} order by id)`,
    pick('row_number', 'rank', 'dense_rank'),
    pick('flag', 'code', 'id % 3'),
  ),
  join(
    (f, a, fr) => `${f}(${a}) over (order by id ${fr})`,
    pick('sum', 'avg', 'min', 'max', 'count'),
    pick('small', 'price', 'id'),
    pick(
      '',
      'rows between 3 preceding and current row',
      'rows between 1 preceding and 1 following',
      'rows between unbounded preceding and unbounded following',
    ),
  ),
  join(
    (f, a, n) => `${f}(${a}, ${n}) over (order by id)`,
    pick('lag', 'lead', 'nth_value'),
    pick('price', 'name', 'day', 'at'),
    pick('1', '3'),
  ),
  join(
    (f, a) => `${f}(${a}) over (partition by flag order by id desc)`,
    pick('first_value', 'last_value'),
    pick('price', 'name', 'real4'),
  ),
);

const group = pick(
  'flag',
  'code',
  'tag',
  'id % 5',
  'day',
  "date_trunc('month', atz)",
  'price',
  'length(name)',
  'floor(extract(epoch from atz) / 86400) * 86400',
  'id / 50',
  'small::int8 % 3',
);

const ends = pick(' asc', ' desc', '', ' nulls first', ' desc nulls last');

/** Each is a whole statement with one order of its rows. */
export const statements: Sql = fc.oneof(
  {
    weight: 4,
    arbitrary: join(
      (a, b, c) => `select ${a}, ${b} from types_t where ${c} order by id`,
      anything,
      anything,
      truth,
    ),
  },
  {
    weight: 2,
    arbitrary: join(
      (a, e, l, o) => `select id, ${a} as v from types_t order by v${e}, id limit ${l} offset ${o}`,
      fc.oneof(whole, numeric, float, day, at, zoned),
      ends,
      pick('5', '17', 'null'),
      pick('0', '3'),
    ),
  },
  {
    weight: 3,
    arbitrary: join(
      (a, b, c) => `select ${a}, ${b} from types_t where ${c}`,
      aggregate,
      aggregate,
      truth,
    ),
  },
  {
    weight: 3,
    arbitrary: join(
      (g, a, e) => `select ${g}, ${a} from types_t group by 1 order by 1${e}`,
      group,
      aggregate,
      ends,
    ),
  },
  {
    weight: 1,
    arbitrary: join(
      (g, a, h) => `select ${g} as g, ${a} as v from types_t group by g having ${h} order by 1`,
      group,
      aggregate,
      pick(
        'count(*) > 20',
        'avg(price) > -10',
        'sum(id) / count(*) > 100',
        'avg(id) between 10.5 and 200',
      ),
    ),
  },
  { weight: 2, arbitrary: join((w) => `select id, ${w} from types_t order by id`, windowed) },
  {
    weight: 1,
    arbitrary: join(
      (a) => `select distinct ${a} as v from types_t order by 1`,
      fc.oneof(pick('flag', 'price', 'code', 'real4'), whole, day),
    ),
  },
  {
    weight: 1,
    arbitrary: join(
      (a, b, j, c) =>
        `select a.id, b.id, ${a}, ${b} from (select * from types_t where id < 40) a ${j} join (select id, price as p2 from types_t where ${c}) b on a.id = b.id + 1 order by a.id, b.id`,
      pick('a.price * b.p2', 'a.price / nullif(b.p2, 0)', 'a.name', 'a.price - b.p2'),
      pick('b.p2', 'a.tag', 'coalesce(b.p2, a.price)'),
      pick('inner', 'left', 'right', 'full'),
      truth,
    ),
  },
  {
    weight: 1,
    arbitrary: join(
      (a, b) =>
        `select v from (select ${a} as v from types_t union all select ${b} from types_t) u order by v, v::text`,
      numeric,
      fc.oneof(whole, numeric),
    ),
  },
  {
    weight: 1,
    arbitrary: join(
      (a, c) =>
        `with w as (select id, ${a} as v from types_t where ${c}) select count(*), count(v), min(id) from w where id in (select id from w where id % 2 = 0)`,
      anything,
      truth,
    ),
  },
);

/** A statement with one parameter, and its value. */
export const withParameter = fc.oneof(
  fc.tuple(
    pick(
      'id = $1',
      'id / $1 > 3',
      'small < $1',
      '$1 + id > 7',
      'price > $1',
      'id in (1, $1)',
      'big >= $1',
    ),
    pick('5', '-3', '0', '7'),
  ),
  fc.tuple(
    pick('price > $1', 'price * $1 < 50', 'price = $1', 'fine between $1 and 1'),
    pick('5.25', '-3', '0.00', '1e2'),
  ),
  fc.tuple(
    pick('name = $1', 'name like $1', 'name < $1', "code || $1 = 'xa'", 'tag = $1'),
    pick('a', "it's", '%b%', '', 'ab'),
  ),
  fc.tuple(
    pick('at > $1', 'atz <= $1', 'day = $1', "atz between $1 and '2024-03-01'"),
    pick('2024-01-01', '2024-02-03 04:05:06', '2024-01-12'),
  ),
  fc.tuple(pick('real8 > $1', 'real4 = $1', 'real8 + $1 > 0'), pick('0.5', 'NaN', '-1e3', '0')),
  fc.tuple(
    pick(
      'flag = $1',
      '$1::bool or flag',
      'id = any($1)',
      'id = any($1::int8[])',
      'name = any($1::text[])',
    ),
    pick('t', 'false', '{1,2,3}', '{}', '{a,NULL,"it\'s"}'),
  ),
);
