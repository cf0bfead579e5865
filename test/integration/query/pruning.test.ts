/**
 * The one promise of pruning: the answer is the same without it. Random queries over a random
 * lake, answered through the pruned views and by DuckDB over all files at once.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rowSourceOf } from '../../../src/query/answer/row-source.ts';
import { writeNdjson } from '../../../src/query/answer/text-formats.ts';
import { askLake } from '../../support/ask-lake.ts';
import { createTestLake, type TestLake } from '../../support/test-lake.ts';

const RUNS = Number(process.env['PRUNING_RUNS'] ?? 300);
const DAYS = 12;

/** One of each kind, so that each way of reading a constant as an instant is walked. */
const TIME_COLUMNS = {
  ticks: { name: 'time' },
  quotes: { name: 'd' },
  counters: { name: 'epoch', unit: 's' },
} as const;

let lake: TestLake;

beforeAll(async () => {
  lake = await createTestLake();
  const { duckdb } = lake;
  for (let day = 0; day < DAYS; day += 1) {
    // Every third segment has a column that is null throughout; every other reaches into the next
    // day, and none begins at midnight.
    const nothing = day % 3 === 0 ? 'null' : 'i';
    const minutes = day % 2 === 0 ? 53 : 40;
    const select = `select
      timestamptz '2024-03-01 00:30:00+00' + to_days(${String(day)}) + to_minutes((i * ${String(minutes)})::int) as time,
      date '2024-03-01' + ${String(day)} + (i % 2)::int as d,
      case when i % 7 = 0 then null else i + ${String(day * 10)} end::integer as n,
      (9007199254740993 + i * 1000 + ${String(day)} * 100000)::bigint as b,
      ((i - 10) * 1.25 + ${String(day)})::decimal(20,8) as p,
      chr((97 + (i + ${String(day)}) % 26)::int) || i as s,
      case when i % 9 = 0 then 'nan'::double else i / 3.0 end as f,
      (${nothing})::integer as z
    from range(30) t(i)`;
    await lake.add('ticks', `ticks/${String(day)}.parquet`, select, 'epoch_us(time)');
    await lake.add('quotes', `quotes/${String(day)}.parquet`, select, 'epoch_us(d)');
  }
  for (let part = 0; part < 4; part += 1) {
    await lake.add(
      'counters',
      `counters/${String(part)}.parquet`,
      `select (1709251200 + ${String(part)} * 86400 + i * 3600)::bigint as epoch, i::integer as n, 's' || (i % 5) as s
       from range(24) t(i)`,
      'epoch * 1000000',
    );
  }
  for (const [part, name] of ['Price', 'price'].entries()) {
    await lake.add(
      'spelled',
      `spelled/${String(part)}.parquet`,
      `select (1709251200 + ${String(part)} * 86400)::bigint as epoch, 1::integer as "${name}"`,
      'epoch * 1000000',
    );
  }
  await duckdb.run(`create view ticks as from read_parquet('${lake.root}/ticks/*.parquet')`);
  await duckdb.run(`create view quotes as from read_parquet('${lake.root}/quotes/*.parquet')`);
  await duckdb.run(`create view counters as from read_parquet('${lake.root}/counters/*.parquet')`);
  await duckdb.run('create schema cold');
  await duckdb.run('create view cold.ticks as from main.ticks');
}, 60_000);

afterAll(() => lake.destroy());

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
const queries: fc.Arbitrary<string> = fc.oneof(
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

describe('pruning', () => {
  test('never changes an answer', async () => {
    let pruned = 0;
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(queries, async (sql) => {
        const expected = await answerDirectly(sql).catch(() => null);
        let read = { segmentsRead: 0, segmentsLive: 0 };
        const actual = askLake(lake, sql, { timeColumns: TIME_COLUMNS }).then(
          ({ text, summary }) => {
            read = summary;
            return text;
          },
        );
        if (expected === null) {
          await expect(actual).rejects.toThrow();
          return;
        }
        answered += 1;
        expect(await actual).toBe(expected);
        if (read.segmentsRead < read.segmentsLive) pruned += 1;
      }),
      { numRuns: RUNS },
    );
    // Or the test would pass for having tested nothing.
    expect(answered).toBeGreaterThan(RUNS / 4);
    expect(pruned).toBeGreaterThan(RUNS / 5);
  }, 300_000);
});

async function answerDirectly(sql: string): Promise<string> {
  let text = '';
  const source = rowSourceOf(await lake.duckdb.stream(sql), async () => undefined);
  await writeNdjson(source, { write: async (part) => void (text += String(part)) });
  return text;
}

test('a plan asks once for the segments of a span, though it counts what each condition rules out', async () => {
  const sql = "select n from ticks where time >= '2024-03-05' and time < '2024-03-06' and n = 45";
  const { asked, summary } = await askLake(lake, sql, { explain: true });
  expect(asked).toHaveLength(1);
  expect(summary.plan?.[0]?.cold).toMatchObject({ live: DAYS, read: 1 });
});

test.each([
  // Of every third day all, and of no other but its first row's.
  ['z is not null', DAYS - DAYS / 3],
  ['s is null', 0],
  ['s is null or z is null', DAYS / 3],
  [`z is null and time >= '2024-03-04' and n > 30`, 3],
])('reads for `%s` the segments that can have such rows alone', async (where, read) => {
  const { summary } = await askLake(lake, `select count(*) from ticks where ${where}`, {
    explain: true,
  });
  expect(summary.plan?.[0]?.cold).toMatchObject({ live: DAYS, read });
});

test('a column that was spelled otherwise has its values in older segments too', async () => {
  const { summary } = await askLake(lake, 'select price from spelled where price is not null');
  expect(summary.rows).toBe(2);
});
