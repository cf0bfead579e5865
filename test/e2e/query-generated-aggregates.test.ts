/**
 * Generated questions of every kind: hot and cold together answer what one PostgreSQL table answers that
 * was never split. `TIERD_TEST_QUERIES` asks more of them, `TIERD_TEST_SEED` the same again.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { askStores } from '../support/ask-stores.ts';
import { createTestDatabase } from '../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../support/rotation.ts';

const RUNS = Number(process.env['TIERD_TEST_QUERIES'] ?? 100);
const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 1_000_000);
const DAYS = 12;

/** The same expression in the words of both, and what its values are. */
interface Item {
  readonly duck: string;
  readonly postgres: string;
  readonly kind: 'exact' | 'float' | 'quotient' | 'time' | 'text';
}

const same = (sql: string, kind: Item['kind'] = 'exact'): Item => ({
  duck: sql,
  postgres: sql,
  kind,
});

const conditions = fc.letrec<{ condition: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(
    fc
      .tuple(fc.constantFrom('=', '<', '<=', '>', '>=', '<>'), fc.nat(DAYS + 2), fc.nat(86_399))
      .map(([operator, day, seconds]) => {
        const at = new Date(Date.parse(daysAgo(36 - day)) + seconds * 1000).toISOString();
        return `time ${operator} '${at.slice(0, 19)}+00'::timestamptz`;
      }),
    fc
      .tuple(
        fc.constantFrom('lot', 'big', 'small', 'price'),
        fc.constantFrom('=', '<', '<=', '>', '>=', '<>'),
        fc.constantFrom('-6', '-2.5', '0', '1', '1.25', '3', '100000', '9223372036854775000'),
      )
      .map(([column, operator, value]) => `${column} ${operator} ${value}`),
    fc
      .tuple(
        fc.constantFrom('=', '<', '<=', '>', '>=', '<>'),
        fc.constantFrom('a', 'B', '', 'é', 'zz', "it''s"),
      )
      .map(([operator, text]) => `symbol ${operator} '${text}'`),
    fc
      .tuple(
        fc.constantFrom('ratio', 'part'),
        fc.constantFrom('=', '<', '>=', '<>'),
        fc.constantFrom("'NaN'", "'Infinity'", "'-Infinity'", "'0'", "'1.5'"),
      )
      .map(([column, operator, value]) => `${column} ${operator} ${value}`),
    fc
      .tuple(
        fc.constantFrom('=', '<', '>='),
        fc.constantFrom('infinity', '-infinity', '2026-03-01'),
      )
      .map(([operator, value]) => `seen ${operator} '${value}'`),
    fc.constantFrom(
      'flag',
      "day > '2026-03-01'",
      "code like 'x%'",
      "mood = 'happy'",
      'small in (1, 2, null)',
    ),
    fc
      .constantFrom('symbol', 'lot', 'price', 'ratio', 'seen', 'amount', 'flag', 'id')
      .map((column) => `${column} is null`),
    fc
      .subarray(["'a'", "'B'", "''", "'é'"], { minLength: 1 })
      .map((list) => `symbol in (${list.join(', ')})`),
    fc.constantFrom(
      'lot between -2 and 3',
      'price between -1.5 and 1.75',
      "symbol between 'B' and 'b'",
    ),
  ),
  condition: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'condition' },
    tie('leaf'),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} and ${b})`),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} or ${b})`),
    tie('condition').map((inner) => `not (${inner})`),
  ),
}));

const AGGREGATES: readonly Item[] = [
  same('count(*)'),
  ...['symbol', 'lot', 'ratio', 'amount', 'span', 'seen'].map((column) => same(`count(${column})`)),
  ...['small', 'lot', 'big', 'price'].flatMap((column) => [
    same(`sum(${column})`),
    same(`min(${column})`),
    same(`max(${column})`),
  ]),
  ...['ratio', 'part'].flatMap((column) => [
    same(`min(${column})`, 'float'),
    same(`max(${column})`, 'float'),
  ]),
  ...['time', 'seen'].flatMap((column) => [
    same(`min(${column})`, 'time'),
    same(`max(${column})`, 'time'),
  ]),
  ...['symbol', 'code'].flatMap((column) => [
    same(`min(${column})`, 'text'),
    same(`max(${column})`, 'text'),
  ]),
  same('sum(price) / count(price)', 'quotient'),
  same('count(distinct lot)'),
  {
    duck: 'arg_max(big, time)',
    postgres: '(array_agg(big order by time desc) filter (where big is not null))[1]',
    kind: 'exact',
  },
  {
    duck: 'first(price order by time)',
    postgres: '(array_agg(price order by time))[1]',
    kind: 'exact',
  },
  {
    duck: 'last(ratio order by time)',
    postgres: '(array_agg(ratio order by time desc))[1]',
    kind: 'float',
  },
  same('avg(lot)', 'quotient'),
  {
    duck: 'sum(try_cast(amount as decimal(30,6)))',
    postgres: "sum(case when abs(amount) < 'Infinity' then round(amount, 6) end)",
    kind: 'exact',
  },
];

const KEYS: readonly Item[] = [
  same('symbol', 'text'),
  same('small'),
  same('lot'),
  same('price'),
  same('flag', 'text'),
  same('day', 'text'),
  same('mood', 'text'),
  { duck: "date_trunc('day', time)", postgres: "date_trunc('day', time, 'UTC')", kind: 'time' },
  { duck: "date_trunc('week', time)", postgres: "date_trunc('week', time, 'UTC')", kind: 'time' },
  { duck: "date_trunc('month', seen)", postgres: "date_trunc('month', seen, 'UTC')", kind: 'time' },
  {
    duck: "time_bucket(interval '5 hours', time)",
    postgres: "date_bin('5 hours', time, '2000-01-03Z')",
    kind: 'time',
  },
  { duck: 'time::date', postgres: "(time at time zone 'UTC')::date", kind: 'text' },
  {
    duck: "date_trunc('day', time at time zone 'America/New_York')::date",
    postgres: "(time at time zone 'America/New_York')::date",
    kind: 'text',
  },
];

const filtered = fc
  .tuple(fc.constantFrom(...AGGREGATES), fc.option(conditions.leaf, { freq: 4 }))
  .map(([item, filter]): Item => {
    if (filter === null || !/^(count|sum|min|max)\([^ ]*\)$/.test(item.duck)) return item;
    const also = ` filter (where ${filter})`;
    return { ...item, duck: item.duck + also, postgres: item.postgres + also };
  });

interface Question {
  readonly duck: string;
  readonly postgres: string;
  readonly kinds: readonly Item['kind'][];
  /** The rows come in an order that the question says. */
  readonly isOrdered?: true;
}

/** Rows are put in order by the test: what comes first where values are alike is nobody's promise. */
const aggregates = fc
  .record({
    keys: fc.subarray([...KEYS], { maxLength: 2 }),
    items: fc.array(filtered, { minLength: 1, maxLength: 4 }),
    where: fc.option(conditions.condition, { freq: 5 }),
    having: fc.constantFrom('', '', 'count(*) > 3', 'max(lot) >= 2'),
    side: fc.constantFrom('ticks', 'ticks', 'ticks as t', '(select * from ticks) as t'),
  })
  .map(({ keys, items, where, having, side }): Question => {
    const write = (of: 'duck' | 'postgres'): string => {
      const list = [...keys, ...items].map((item, index) => `${item[of]} as c${String(index)}`);
      const groups = keys.map((_, index) => String(index + 1)).join(', ');
      return `select ${list.join(', ')} from ${side}${where === null ? '' : ` where ${where}`}${
        groups === '' ? '' : ` group by ${groups}`
      }${having === '' ? '' : ` having ${having}`}`;
    };
    return {
      duck: write('duck'),
      postgres: write('postgres'),
      kinds: [...keys, ...items].map(({ kind }) => kind),
    };
  });

const rows = fc
  .record({
    columns: fc.subarray(['id', 'lot', 'price', 'big'], { minLength: 1 }),
    where: conditions.condition,
    limit: fc.nat(20),
    order: fc.constantFrom(
      'order by time desc',
      'order by time',
      'order by lot nulls first, time desc',
    ),
  })
  .map(({ columns, where, limit, order }): Question => {
    const sql = `select ${columns.map((column, index) => `${column} as c${String(index)}`).join(', ')} from ticks where ${where} ${order} limit ${String(limit)}`;
    return { duck: sql, postgres: sql, kinds: columns.map(() => 'exact'), isOrdered: true };
  });

const joins = fc
  .record({ apart: fc.nat(3), where: conditions.leaf, kind: fc.constantFrom('join', 'left join') })
  .map(({ apart, where, kind }): Question => {
    const sql = `select a.small as c0, count(*) as c1, sum(b.big) as c2, max(n.n) as c3
      from ticks a ${kind} ticks b on a.id = b.id + ${String(apart)}
      cross join (select count(*) as n from ticks where ${where}) n
      where a.id in (select id from ticks where ${where}) group by a.small`;
    return { duck: sql, postgres: sql, kinds: ['exact', 'exact', 'exact', 'exact'] };
  });

const CREATE = `create type mood as enum ('happy', 'sad');
  create table ticks (time timestamptz not null, seen timestamptz, day date, id int, symbol text, code varchar(5), mood mood,
    small smallint, lot int, big bigint, price numeric(12,2), amount numeric, ratio float8, part float4, flag boolean, span interval)`;

const FILL = `insert into ticks
  select $1::timestamptz + n * interval '13 minutes',
         case n % 97 when 0 then 'infinity' when 1 then '-infinity' when 2 then null else $1::timestamptz + n * interval '7 hours' end,
         ($1::timestamptz at time zone 'UTC')::date + n / 100, case when n % 31 > 0 then n end,
         (array['a', 'B', '', 'it''s', 'é', 'zz', null])[1 + n % 7], case when n % 3 = 0 then 'x' || n % 5 end,
         (array['happy', 'sad', null])[1 + n % 3]::mood, n % 7 - 3, nullif(n % 11 - 5, 4),
         case when n % 13 = 5 then 9223372036854775000 else n % 13 - 6 end, (nullif(n % 17, 9) - 8) * 0.25,
         (array['1.5', 'NaN', '-12345678901234567890.123', '0', 'Infinity', '2.50000'])[1 + n % 6]::numeric,
         (array['NaN', '0', '-0', '1.5', 'Infinity', '-Infinity', null])[1 + n % 7]::float8,
         (array['2.5', 'NaN', '-1', null])[1 + n % 4]::float4, (array[true, false, null])[1 + n % 3],
         n * interval '1 hour'
  from generate_series(0, 1200) n`;

describe('I6: generated questions', () => {
  test(`answer what one table answers (seed ${String(SEED)})`, async () => {
    const database = await createTestDatabase();
    const db = await database.connect();
    const whole = await database.connect();
    await whole.query(`set timezone = 'UTC'; set datestyle = 'ISO, YMD'`);
    await db.query(CREATE);
    await db.query(FILL, [daysAgo(36)]);
    // Its texts compare by their bytes, as the engine's do.
    await db.query(
      `create table before as table ticks;
       alter table before alter symbol type text collate "C", alter code type varchar(5) collate "C"`,
    );
    const bench = await openBench(database);
    const ticks = makeDataset('ticks', { sortBy: ['symbol', 'time'] });
    await rotateDataset(bench.rooms, ticks, { force: true });
    let inParts = 0;
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ arbitrary: aggregates, weight: 4 }, rows, joins),
        async (question) => {
          // Half of them by PostgreSQL's aggregates, however few the rows are.
          asked += 1;
          const fewRows = asked % 2 === 0 ? {} : { fewRows: 0 };
          const answer = await askStores(bench, db, [ticks], question.duck, fewRows);
          const { summary } = await askStores(bench, db, [ticks], question.duck, { explain: true });
          if ((summary.plan?.[0]?.hot?.aggregated.length ?? 0) > 0) inParts += 1;
          const truth = await whole.query<Record<string, unknown>>({
            text: inUtc(question).replaceAll(/\bticks\b/g, 'before'),
          });
          const told = (found: readonly Record<string, unknown>[]) =>
            found.map((row) =>
              question.kinds
                .map((kind, index) => plain(row[`c${String(index)}`] as Value, kind))
                .join(' | '),
            );
          const [got, wanted] = [told(answer.rows), told(truth.rows)];
          if (question.isOrdered !== true) for (const list of [got, wanted]) list.sort();
          expect(got).toEqual(wanted);
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
    // Or nothing was tried of what PostgreSQL computes.
    expect(inParts).toBeGreaterThan(RUNS / 10);
  }, 1_800_000);
});

/** Times as texts, for the driver has no microseconds and no infinity. */
function inUtc({ postgres, kinds }: Question): string {
  const list = kinds.map((kind, index) => {
    const column = `c${String(index)}`;
    if (kind === 'text') return `${column}::text`;
    if (kind !== 'time') return column;
    return `case when isfinite(${column}) then to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else ${column}::text end as ${column}`;
  });
  return `select ${list.join(', ')} from (${postgres}) as answer`;
}

type Value = string | number | boolean | null | undefined;

function plain(value: Value, kind: Item['kind']): string {
  if (value === null || value === undefined) return 'null';
  const text = String(value);
  switch (kind) {
    case 'exact':
      return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
    case 'float':
      return String(Number(text) + 0);
    // A double here, and a numeric of sixteen digits there.
    case 'quotient':
      return Number(text).toPrecision(14);
    case 'time':
    case 'text':
      return text;
  }
}
