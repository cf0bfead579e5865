/** Queries of conditions that may rule something out, over tables `ticks`, `quotes` and `counters` that tests make. */
import fc from 'fast-check';

/** That the tables have rows of, from the first of March 2024. */
export const DAYS = 12;

const times = fc
  .record({ day: fc.integer({ min: -1, max: DAYS + 1 }), hour: fc.integer({ min: 0, max: 23 }) })
  .map(({ day, hour }) =>
    new Date(Date.UTC(2024, 2, 1 + day, hour)).toISOString().slice(0, 19).replace('T', ' '),
  );
const days = times.map((time) => time.slice(0, 10));
const small = fc.integer({ min: -20, max: 160 });

/** Constants for a column, some of them of another type than the column's. */
const constants = {
  time: fc.oneof(
    times.map((time) => `'${time}'`),
    days.map((day) => `date '${day}'`),
    days.map((day) => `'${day}'`),
    times.map((time) => `timestamptz '${time}+00'`),
    times.map((time) => `'${time}'::timestamp`),
    times.map((time) => `timestamp '${time}' - interval 1 day`),
    times.map((time) => `date_trunc('day', timestamp '${time}')`),
    fc.constant('now()'),
    fc.constant("now() - interval '900 days'"),
    fc.constant('current_date'),
    fc.constant('null'),
    fc.constant("timestamptz 'infinity'"),
  ),
  d: fc.oneof(
    days.map((day) => `'${day}'`),
    days.map((day) => `date '${day}'`),
    times.map((time) => `timestamp '${time}'`),
    times.map((time) => `'${time}'`),
    fc.constant('current_date - 1'),
  ),
  n: fc.oneof(
    small.map(String),
    small.map((value) => `'${String(value)}'`),
    small.map((value) => `${String(value)}.5`),
    small.map((value) => `${String(value)} + 3`),
    fc.constant('true'),
    fc.constant('1e1'),
  ),
  b: fc.oneof(
    fc.bigInt({ min: 9007199254740980n, max: 9007199255980000n }).map(String),
    fc
      .bigInt({ min: 9007199254740980n, max: 9007199255980000n })
      .map((value) => `'${String(value)}'`),
    fc.constant('9007199254740993'),
    fc.constant('123456789012345678901234567890'),
  ),
  p: fc.oneof(
    small.map(String),
    small.map((value) => `${String(value)}.12345678901`),
    small.map((value) => `'${String(value)}.005'`),
  ),
  s: fc.oneof(
    fc.stringMatching(/^[a-z][0-9]{0,2}$/).map((text) => `'${text}'`),
    fc.constant("''"),
    fc.constant("'z' || 'z'"),
    fc.constant("lower('C1')"),
  ),
  f: fc.oneof(small.map(String), fc.constant("'nan'::double")),
  z: small.map(String),
};

type Column = keyof typeof constants;
const columns = fc.constantFrom(...(Object.keys(constants) as Column[]));
const operators = fc.constantFrom('=', '<', '<=', '>', '>=', '<>', 'is not distinct from');

function comparison(qualifier: string): fc.Arbitrary<string> {
  return columns.chain((column) => {
    const name = `${qualifier}${column}`;
    const constant = constants[column];
    const direct = fc.tuple(operators, constant);
    const inTime = column === 'time' || column === 'd';
    return fc.oneof(
      { weight: 4, arbitrary: direct.map(([operator, value]) => `${name} ${operator} ${value}`) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom('=', '<', '<=', '>', '>='), constant)
          .map(([operator, value]) => `${value} ${operator} ${name}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(constant, constant)
          .map(([low, high]) => `${name} between ${low} and ${high}`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(constant, constant)
          .map(([low, high]) => `${name} not between ${low} and ${high}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .array(constant, { minLength: 1, maxLength: 3 })
          .map((values) => `${name} in (${values.join(', ')})`),
      },
      {
        weight: 1,
        arbitrary: fc
          .array(constant, { minLength: 1, maxLength: 2 })
          .map((values) => `${name} not in (${values.join(', ')})`),
      },
      { weight: 1, arbitrary: fc.constantFrom(`${name} is null`, `${name} is not null`) },
      ...(inTime
        ? [
            {
              weight: 2,
              arbitrary: fc
                .tuple(operators, constants.d)
                .map(([operator, value]) => `${name}::date ${operator} ${value}`),
            },
          ]
        : []),
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          `abs(${qualifier}n) > 40`,
          `${qualifier}n + 1 > ${qualifier}z`,
          `coalesce(${qualifier}n, 7) = 7`,
        ),
      },
    );
  });
}

function condition(qualifier: string): fc.Arbitrary<string> {
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 3, arbitrary: comparison(qualifier) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(tie('expression'), tie('expression'))
          .map(([a, b]) => `(${a} and ${b})`),
      },
      {
        weight: 2,
        arbitrary: fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a} or ${b})`),
      },
      { weight: 1, arbitrary: tie('expression').map((inner) => `not (${inner})`) },
      {
        weight: 1,
        arbitrary: tie('expression').map((inner) => `case when ${inner} then true else false end`),
      },
    ),
  }));
  // Most conditions are what people write: the others are there to be not understood.
  const usual = usualComparison(qualifier);
  return fc.oneof(
    { weight: 6, arbitrary: usual },
    { weight: 3, arbitrary: fc.tuple(usual, usual).map(([a, b]) => `${a} and ${b}`) },
    { weight: 2, arbitrary: fc.tuple(usual, usual).map(([a, b]) => `(${a} or ${b})`) },
    { weight: 4, arbitrary: expression },
  );
}

function usualComparison(qualifier: string): fc.Arbitrary<string> {
  const order = fc.constantFrom('=', '<', '<=', '>', '>=');
  const subject = fc.constantFrom(
    ['time', 'time'],
    ['time::date', 'd'],
    ['d', 'd'],
    ['n', 'n'],
    ['b', 'b'],
    ['p', 'p'],
  ) as fc.Arbitrary<[string, Column]>;
  const compared = subject.chain(([name, column]) =>
    fc
      .tuple(order, constants[column])
      .map(([operator, value]) => `${qualifier}${name} ${operator} ${value}`),
  );
  const known = fc
    .tuple(columns, fc.constantFrom('is null', 'is not null'))
    .map(([column, test]) => `${qualifier}${column} ${test}`);
  return fc.oneof({ weight: 5, arbitrary: compared }, { weight: 1, arbitrary: known });
}

const sum = (qualifier: string) =>
  `select count(*), sum(${qualifier}n), min(${qualifier}time), max(${qualifier}time), sum(${qualifier}p), bit_xor(hash(${qualifier}s))`;

/** Queries of many shapes, each with conditions in the places where conditions may stand. */
export const queries: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: condition('').map((c) => `${sum('')} from ticks where ${c}`) },
  { weight: 8, arbitrary: condition('').map((c) => `${sum('')} from quotes where ${c}`) },
  condition('t.').map((c) => `${sum('t.')} from cold.ticks as t where ${c}`),
  condition('ticks.').map((c) => `${sum('')} from main.ticks where ${c}`),
  fc
    .tuple(
      fc.constantFrom('join', 'left join', 'right join', 'full join', 'semi join', 'anti join'),
      condition('a.'),
      condition('b.'),
    )
    .map(([join, a, b]) =>
      join === 'semi join' || join === 'anti join'
        ? `${sum('a.')} from ticks a ${join} quotes b on a.n = b.n and ${b} where ${a}`
        : `${sum('a.')} from ticks a ${join} quotes b on a.n = b.n + 1 where ${a} and (${b} or b.n is null)`,
    ),
  fc
    .tuple(condition('a.'), condition('b.'))
    .map(
      ([a, b]) => `${sum('a.')} from ticks a left join quotes b on a.n = b.n where ${a} or ${b}`,
    ),
  fc
    .tuple(condition('a.'), condition('b.'))
    .map(
      ([a, b]) => `${sum('a.')} from ticks a left join quotes b on a.n = b.n where ${b} and ${a}`,
    ),
  {
    weight: 2,
    arbitrary: fc
      .tuple(condition('b.'))
      .map(([b]) => `${sum('a.')} from ticks a asof join quotes b on a.b >= b.b where ${b}`),
  },
  fc
    .tuple(condition('b.'))
    .map(
      ([b]) => `select count(*), sum(a.b - b.b) from ticks a positional join quotes b where ${b}`,
    ),
  fc
    .tuple(condition(''), condition(''))
    .map(
      ([a, b]) =>
        `with recent as (select * from ticks where ${a}) ${sum('')} from recent where ${b}`,
    ),
  fc
    .tuple(condition(''), condition(''))
    .map(
      ([a, b]) => `with ticks as (select * from ticks where ${a}) ${sum('')} from ticks where ${b}`,
    ),
  fc
    .tuple(condition(''), condition(''))
    .map(
      ([a, b]) =>
        `with x as (select * from ticks where ${a}), ticks as (select * from x) ${sum('')} from ticks, (select max(n) from cold.ticks) where ${b}`,
    ),
  fc
    .tuple(condition(''), condition(''))
    .map(([a, b]) => `${sum('')} from (select * from ticks where ${a}) where ${b}`),
  fc
    .tuple(condition(''), condition(''))
    .map(
      ([a, b]) =>
        `${sum('')} from (select * from ticks where ${a} union all select * from ticks where ${b})`,
    ),
  fc
    .tuple(condition('o.'), condition('i.'))
    .map(
      ([o, i]) =>
        `${sum('o.')} from ticks o where ${o} and exists (select 1 from ticks i where i.n = o.n and ${i})`,
    ),
  fc
    .tuple(condition(''), times)
    .map(
      ([a, time]) =>
        `select count(*) from ticks where ${a} and time >= (select min(time) from ticks where time > '${time}')`,
    ),
  fc
    .tuple(condition(''), condition(''))
    .map(
      ([a, b]) =>
        `select count(*), count(*) filter (where ${b}) from ticks where ${a} having count(*) > 2`,
    ),
  condition('').map(
    (a) =>
      `select count(*) from (select d as time, timestamptz '2024-03-05 00:00:00+00' as d2, * exclude (time) from ticks) where ${a}`,
  ),
  times.map(
    (time) =>
      `select count(*) from (select time + interval 5 days as late, now() as n2 from ticks where late > '${time}')`,
  ),
  fc
    .tuple(times, times)
    .map(
      ([a, b]) =>
        `select count(*) from (select now() as time2, d as time from ticks where time between '${a}' and '${b}')`,
    ),
  fc
    .tuple(condition('t.'), times)
    .map(
      ([a, time]) =>
        `${sum('t.')} from ticks t(time, d, n, b, p, s, f, z) where ${a} and t.time > '${time}'`,
    ),
  times.map(
    (time) => `select count(*) from ticks as t(d, time, n, b, p, s, f, z) where d > '${time}'`,
  ),
  fc
    .tuple(small, small, fc.constantFrom('', '.5', '::double'))
    .map(
      ([a, b, tail]) =>
        `select count(*), sum(n) from counters where epoch > 1709251200 + ${String(a)} * 3600${tail} and epoch < ${String(1709251200 + (b + 40) * 3600)}${tail}`,
    ),
  small.map(
    (n) =>
      `select count(*) from counters c, ticks t where c.epoch = '${String(1709251200 + n * 3600)}' and t.time < '2024-03-03'`,
  ),
);
