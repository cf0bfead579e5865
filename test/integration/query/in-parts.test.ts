/**
 * Segments of which only parts are fetched: the answer is that of the whole files. Random queries, answered over
 * parts and by DuckDB over all files at once.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OpenParts } from '../../../src/lake/segment-files.ts';
import { rowSourceOf } from '../../../src/query/answer/row-source.ts';
import { writeNdjson } from '../../../src/query/answer/text-formats.ts';
import { type AskOptions, askLake } from '../../support/ask-lake.ts';
import { type LocalRanges, openLocalRanges } from '../../support/local-ranges.ts';
import { DAYS, queries } from '../../support/random-queries.ts';
import { createTestLake, type TestLake } from '../../support/test-lake.ts';

const RUNS = Number(process.env['PARTS_RUNS'] ?? 250);
const GROUP_ROWS = 2048;
const GROUPS = 4;
const TIME_COLUMNS = {
  ticks: { name: 'time' },
  quotes: { name: 'd' },
  counters: { name: 'epoch', unit: 's' },
} as const;

describe('segments in parts', () => {
  let lake: TestLake;
  let ranges: LocalRanges;
  beforeAll(async () => {
    lake = await createTestLake();
    const { duckdb } = lake;
    const rows = GROUPS * GROUP_ROWS;
    for (let day = 0; day < DAYS; day += 3) {
      const nothing = day === 3 ? 'null' : 'case when k < 9 then null else k end';
      // By thirds of an hour, so that each row group has a time of its own.
      const select = `select
        timestamptz '2024-03-01 00:30:00+00' + to_days(${String(day)}) + to_minutes((k * 53)::int) as time,
        date '2024-03-01' + ${String(day)} + (k % 2)::int as d,
        case when i % 7 = 0 then null else k + ${String(day * 10)} end::integer as n,
        (9007199254740993 + i + ${String(day)} * 100000)::bigint as b,
        ((k - 10) * 1.25 + ${String(day)})::decimal(20,8) as p,
        chr((97 + (k + ${String(day)}) % 26)::int) || i % 50 as s,
        case when i % 9 = 0 then 'nan'::double else k / 3.0 end as f,
        (${nothing})::integer as z
      from (select i, i * 30 // ${String(rows)} as k from range(${String(rows)}) t(i))`;
      const name = `${String(day)}.parquet`;
      await lake.add('ticks', `ticks/${name}`, select, 'epoch_us(time)', GROUP_ROWS);
      await lake.add('quotes', `quotes/${name}`, `${select} where i % 400 = 0`, 'epoch_us(d)');
      await lake.add(
        'counters',
        `counters/${name}`,
        `select (1709251200 + ${String(day)} * 86400 + i // 100 * 36)::bigint as epoch, (i // 100)::integer as n, 's' || (i % 5) as s
         from range(5000) t(i)`,
        'epoch * 1000000',
        GROUP_ROWS,
      );
    }
    for (const name of ['ticks', 'quotes', 'counters']) {
      await duckdb.run(
        `create view ${name} as from read_parquet('${lake.root}/${name}/*.parquet')`,
      );
    }
    await duckdb.run('create schema cold; create view cold.ticks as from main.ticks');
    ranges = await openLocalRanges(lake);
  });
  afterAll(async () => {
    await ranges.destroy();
    await lake.destroy();
  });

  const ask = (sql: string, openParts: OpenParts = ranges.openParts, more: AskOptions = {}) =>
    askLake(lake, sql, { timeColumns: TIME_COLUMNS, openParts, ...more });

  async function answerDirectly(sql: string): Promise<string> {
    let text = '';
    const source = rowSourceOf(await lake.duckdb.stream(sql), async () => undefined);
    await writeNdjson(source, { write: async (part) => void (text += String(part)) });
    return text;
  }

  test('give the answers of the whole', { timeout: 1_800_000 }, async () => {
    let answered = 0;
    let inPart = 0;
    await fc.assert(
      fc.asyncProperty(queries, async (sql) => {
        const before = ranges.requests.length;
        const expected = await answerDirectly(sql).catch(() => null);
        const actual = ask(sql).then(({ text, summary: { fetched } }) => ({ text, fetched }));
        if (expected === null) {
          await expect(actual).rejects.toThrow();
          return;
        }
        answered += 1;
        expect((await actual).text).toBe(expected);
        if (ranges.requests.length > before || (await actual).fetched?.requests === 0) inPart += 1;
      }),
      { numRuns: RUNS },
    );
    // Or the test would pass for having tested nothing.
    expect(answered).toBeGreaterThan(RUNS / 4);
    expect(inPart).toBeGreaterThan(RUNS / 8);
  });

  describe('asked one by one', () => {
    beforeEach(async () => {
      for (const name of await readdir(ranges.cacheDirectory)) {
        await rm(join(ranges.cacheDirectory, name));
      }
      ranges.requests.length = 0;
      ranges.whole.length = 0;
    });

    /** One row group of one segment. */
    const FEW = `select count(*) as n, sum(n) as sum from ticks where time < '2024-03-01 04:00:00'`;

    test('fetch of the needed row groups the needed columns, and of others the footer at most', async () => {
      const { text, summary } = await ask(FEW);
      expect(text).toBe(await answerDirectly(FEW));
      const [segment] = lake.segments.get('ticks') ?? [];
      const all = ranges.requests.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(summary.fetched).toEqual({ requests: ranges.requests.length, bytes: all });
      expect(ranges.requests.every(({ key }) => key === segment?.key)).toBe(true);
      // The footer, and chunks that lie near to each other.
      expect(ranges.requests).toHaveLength(2);
      expect(ranges.requests[1]?.bytes).toBeLessThan(Number(segment?.bytes) / GROUPS);
    });

    test('are asked for the very bytes of their footers, which the ledger knows', async () => {
      await ask(FEW);
      const [segment] = lake.segments.get('ticks') ?? [];
      expect(ranges.requests[0]).toEqual({ key: segment?.key, bytes: segment?.footerBytes });
    });

    test.each([null, 9, 1_000_000])(
      'are read all the same where the ledger has %s for their footers',
      async (footerBytes) => {
        const asKnown: OpenParts = (segments, ...rest) =>
          ranges.openParts(
            segments.map((one) => ({ ...one, footerBytes })),
            ...rest,
          );
        expect((await ask(FEW, asKnown)).text).toBe(await answerDirectly(FEW));
        expect(ranges.whole).toEqual([]);
      },
    );

    test('say beforehand what they will take: about, and to the byte where their footers are kept', async () => {
      const estimate = async (sql: string) => {
        const options = { explain: true, estimateParts: ranges.estimateParts };
        const { summary } = await ask(sql, ranges.openParts, options);
        return summary.plan?.[0]?.cold?.fetch;
      };
      const guess = await estimate(FEW);
      expect(guess).toMatchObject({ requests: 2, isExact: false });
      expect(ranges.requests).toEqual([]);
      await ask(`select max(s) as s from ticks where time < '2024-03-01 04:00:00'`);
      const known = await estimate(FEW);
      const { summary } = await ask(FEW);
      expect(known).toEqual({ ...summary.fetched, isExact: true });
      expect(summary.fetched?.bytes).toBeLessThan(guess?.bytes ?? 0);
      expect(await estimate(FEW)).toEqual({ requests: 0, bytes: 0, isExact: true });
      const whole = await estimate('select * from ticks');
      expect(whole).toEqual({
        ...(await ask('select * from ticks')).summary.fetched,
        isExact: true,
      });
    });

    test('are not fetched again while they are kept', async () => {
      const first = await ask(FEW);
      const again = await ask(FEW);
      expect(again.text).toBe(first.text);
      expect(again.summary.fetched).toEqual({ requests: 0, bytes: 0 });
    });

    test('are fetched again where what was kept is not what it was', async () => {
      const { text } = await ask(FEW);
      const names = await readdir(ranges.cacheDirectory);
      expect(names.length).toBeGreaterThan(2);
      for (const [index, name] of names.entries()) {
        const path = join(ranges.cacheDirectory, name);
        const bytes = await readFile(path);
        if (index % 3 === 0) bytes.fill(0, 3, bytes.length - 9);
        await writeFile(path, index % 3 === 1 ? bytes.subarray(0, bytes.length - 7) : bytes);
        if (index % 3 === 2) await rm(path);
      }
      const again = await ask(FEW);
      expect(again.text).toBe(text);
      expect(again.summary.fetched?.requests).toBeGreaterThan(0);
    });

    test('of another version than the footer that is kept are not fetched: the segment is read whole', async () => {
      const [segment] = lake.segments.get('ticks') ?? [];
      const key = segment?.key ?? '';
      const path = lake.store.locate(key);
      await ask(FEW);
      expect(ranges.whole).toEqual([]);
      const known = await readFile(path);
      const names = await readdir(ranges.cacheDirectory);
      expect(names.filter((name) => name.endsWith('.footer'))).toEqual([
        `${segment?.sha256 ?? ''}.footer`,
      ]);
      for (const name of names) {
        if (!name.endsWith('.footer')) await rm(join(ranges.cacheDirectory, name));
      }
      try {
        const other = Buffer.from(known);
        other.write('PAR!', 0);
        await writeFile(path, other);
        await ask(FEW);
        expect(ranges.whole).toEqual([key]);
        expect(await readdir(ranges.cacheDirectory)).toEqual([]);
      } finally {
        await writeFile(path, known);
      }
    });

    test('that lack what the query needs after all end it, and give no answer', async () => {
      const blind: OpenParts = (segments, ...rest) =>
        ranges.openParts(
          segments.map((one) => ({ ...one, columns: one.columns.filter((name) => name !== 'n') })),
          ...rest,
        );
      await expect(ask(FEW, blind)).rejects.toMatchObject({
        code: 'QUERY_FAILED',
        message: expect.stringContaining('not fetched'),
      });
    });

    test.each([
      'describe ticks',
      `describe select time, s, n + 1 as more from ticks where n > 3`,
      'show tables',
      'select * from ticks limit 0',
      'select s, n from (select * from ticks) as asked where 1 = 0',
      'select * from ticks where false',
      'select n from ticks where cast(1 as integer) = cast(0 as integer)',
    ])('are not fetched where the columns alone are asked for: %s', async (sql) => {
      const { text, summary } = await ask(sql, ranges.openParts, { format: 'csv' });
      expect(text).not.toBe('');
      expect([ranges.requests, ranges.whole, summary.segmentsRead]).toEqual([[], [], 0]);
    });

    test.each([
      'select count(*) as n from ticks where false',
      'select count(*) as n, (select max(n) from ticks) as most from ticks where 1 = 0',
      'select (select max(n) from ticks) as most from range(2) where 1 = 1 limit 1',
      'select sum(n) as sum from (select n from ticks limit 10 offset 0)',
      'select 1 as one from ticks where false group by ()',
      'select 7 as seven from ticks having false',
      'select n from ticks where 1 = 0 union all select 3',
      'select 1 as one from ticks where false order by count(*) limit (select count(*) from ticks)',
      'select 1 as one from ticks where false order by count(*), (select max(n) from ticks)',
      'select 1 as one from ticks where false qualify max(count(*)) over () < (select count(*) from ticks)',
      'select distinct on (count(*)) (1) as one from ticks where 1 = 0',
      'select count(*) as n from (select * from ticks limit 0)',
      'select (select max(n) from ticks) as most from (describe ticks)',
    ])('give what is made of no row, and what a question within asks: %s', async (sql) => {
      expect((await ask(sql)).text).toBe(await answerDirectly(sql));
    });

    test('are read whole where all of them is needed', async () => {
      const { summary } = await ask('select * from ticks');
      expect(ranges.requests).toEqual([]);
      expect(ranges.whole).toEqual(lake.segments.get('ticks')?.map(({ key }) => key));
      expect(summary.fetched?.requests).toBe(ranges.whole.length);
    });

    test('count their rows by their footers and one column', async () => {
      const sql = 'select count(*) as n from ticks';
      expect((await ask(sql)).text).toBe(await answerDirectly(sql));
    });
  });
});
