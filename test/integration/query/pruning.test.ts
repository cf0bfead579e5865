/**
 * The one promise of pruning: the answer is the same without it. Random queries over a random
 * lake, answered through the pruned views and by DuckDB over all files at once.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rowSourceOf } from '../../../src/query/answer/row-source.ts';
import { writeNdjson } from '../../../src/query/answer/text-formats.ts';
import { askLake } from '../../support/ask-lake.ts';
import { DAYS, queries } from '../../support/random-queries.ts';
import { createTestLake, type TestLake } from '../../support/test-lake.ts';

const RUNS = Number(process.env['PRUNING_RUNS'] ?? 300);
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
