/** What rows that come again keep of themselves: ids, bytes, nulls, values of many megabytes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import type pg from 'pg';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { reportRotations } from '../../../src/cli/reports/rotation-report.ts';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { planRotationOf, type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { DuckEngine } from '../../../src/lake/segment/duckdb.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments, type SegmentRecord } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { readCold } from '../../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
});

const rotate = (dataset: Dataset): Promise<RotationOutcome> =>
  rotateDataset(bench.rooms, dataset, { force: true });

const liveSegments = (dataset: string): Promise<readonly SegmentRecord[]> =>
  listSegments(db, { dataset, states: ['live'] });

async function expectSound(dataset: string, rows: number): Promise<void> {
  const result = await scrub(bench.rooms, {
    dataset,
    sample: null,
    prove: 'independent',
    onProgress: () => undefined,
  });
  expect(result).toMatchObject({ unproven: [], provenRows: rows });
  expect(result.bytes).toMatchObject({ missing: [], altered: [], unknown: [], leftovers: [] });
}

/** Of each live segment, oldest publication first: the field ids in its schema, and those that it says of itself. */
async function fieldIds(dataset: string): Promise<readonly Record<string, number | undefined>[]> {
  const all: Record<string, number | undefined>[] = [];
  for (const { key } of await liveSegments(dataset)) {
    const bytes = await readFile(join(bench.lake, key));
    const { schema, key_value_metadata: pairs } = parquetMetadata(new Uint8Array(bytes).buffer);
    const ids = Object.fromEntries(schema.slice(1).map(({ name, field_id: id }) => [name, id]));
    const told = JSON.parse(pairs?.find(({ key }) => key === 'tierd.columns')?.value ?? '[]') as {
      readonly id: number;
      readonly name: string;
    }[];
    expect(Object.fromEntries(told.map(({ name, id }) => [name, id]))).toEqual(ids);
    all.push(ids);
  }
  return all;
}

describe('what remains of a slice when rows of it are replaced', () => {
  it('keeps the field ids of its columns under the names they had (I13)', async () => {
    await database.query(
      'create table ticks (time timestamptz, gone int, id int, price int, primary key (id, time))',
    );
    await database.query('alter table ticks drop column gone');
    await database.query(`insert into ticks values ($1, 1, 10), ($1, 2, 20), ($1, 3, 30)`, [
      daysAgo(35),
    ]);
    await rotate(makeDataset('ticks', { sortBy: ['time'] }));
    expect(await fieldIds('ticks')).toEqual([{ time: 1, id: 3, price: 4 }]);
    await database.query('alter table ticks rename price to cost');
    await database.query('alter table ticks add column price int');
    await database.query('insert into ticks values ($1, 2, 21, 7)', [daysAgo(35)]);
    const outcome = await rotate(makeDataset('ticks', { sortBy: ['time'] }));
    expect(outcome.totals.moved[0]?.again).toEqual({ rows: 1, changed: 1, dropped: 0 });
    const ids = await fieldIds('ticks');
    expect(ids).toHaveLength(2);
    expect(ids).toContainEqual({ time: 1, id: 3, price: 4 });
    expect(ids).toContainEqual({ time: 1, id: 3, cost: 4, price: 5 });
    await expectSound('ticks', 3);
  });

  it('is written where its rows are large against maintenance.memory_limit: ten of 4 MB at 60 MB', async () => {
    const engine = await DuckEngine.open({
      memoryLimitBytes: 60_000_000,
      threads: 1,
      tempDirectory: join(bench.directory, 'spill'),
    });
    onTestFinished(() => engine.close());
    const pages = makeDataset('pages', { sortBy: ['time'] });
    const move = () => rotateDataset({ ...bench.rooms, engine }, pages, { force: true });
    await database.query(
      'create table pages (time timestamptz, id int, body text, note text, primary key (id, time))',
    );
    const insert = `insert into pages select $1::timestamptz + n * interval '1 s', n, repeat(md5(n::text), 125000), $2
       from generate_series(1, 10) n`;
    await database.query(insert, [daysAgo(35), 'first']);
    await move();
    await database.query(`${insert} where n in (2, 5)`, [daysAgo(35), 'second']);
    const outcome = await move();
    expect(outcome.totals.failed).toEqual([]);
    expect(outcome.totals.moved[0]?.again).toEqual({ rows: 2, changed: 2, dropped: 0 });
    const rows = await readCold(
      bench.lake,
      await liveSegments('pages'),
      'id, note, md5(body) = md5(repeat(md5(id::varchar), 125000)) as is_whole',
    );
    const found = rows.map(({ id, note, is_whole: isWhole }) => ({ id, note, isWhole }));
    expect(found.sort((a, b) => Number(a.id) - Number(b.id))).toEqual(
      Array.from({ length: 10 }, (_, index) => ({
        id: index + 1,
        note: [2, 5].includes(index + 1) ? 'second' : 'first',
        isWhole: true,
      })),
    );
    await expectSound('pages', 10);
    // Slow for its megabytes alone.
  }, 180_000);
});

describe('a dataset that refuses rows that come again', () => {
  const dataset = makeDataset('bars', { onColdDuplicate: 'refuse' });

  beforeEach(async () => {
    await database.query(
      'create table bars (time timestamptz, symbol text, ratio float8, primary key (symbol, time))',
    );
    await database.query(`insert into bars values ($1, 'A', '-0'), ($1, 'B', 1), ($2, 'A', 1)`, [
      daysAgo(35),
      daysAgo(34),
    ]);
    await rotate(dataset);
  });

  const exitCodeOf = (outcome: RotationOutcome) =>
    reportRotations([{ dataset: 'bars', outcome }]).exitCode;

  it('ends with 3 when every move is refused, and says so in its runs', async () => {
    await database.query(`insert into bars values ($1, 'B', 2)`, [daysAgo(35)]);
    const outcome = await rotate(dataset);
    expect(exitCodeOf(outcome)).toBe(3);
    expect((await listRuns(db, { limit: 1 }))[0]).toMatchObject({
      state: 'refused',
      errorCode: 'COLD_DUPLICATES',
      rowsAgain: 1n,
      rowsChanged: 1n,
    });
    await expectSound('bars', 3);
  });

  it('ends with 4 when others went on', async () => {
    await database.query(`insert into bars values ($1, 'B', 2), ($2, 'B', 2)`, [
      daysAgo(35),
      daysAgo(34),
    ]);
    expect(exitCodeOf(await rotate(dataset))).toBe(4);
    await expectSound('bars', 4);
  });

  it('refuses also what only the bytes tell apart: 0 does not replace −0 (I6)', async () => {
    await database.query(`insert into bars values ($1, 'A', 0)`, [daysAgo(35)]);
    expect((await rotate(dataset)).totals.failed).toMatchObject([
      { error: { code: 'COLD_DUPLICATES' } },
    ]);
    const kept = await readCold(
      bench.lake,
      await liveSegments('bars'),
      'count(*) filter (where signbit(ratio))::int as minus, count(*)::int as n',
    );
    expect(kept).toEqual([{ minus: 1, n: 3 }]);
  });

  it('takes new rows beside equal ones, which are there once', async () => {
    await database.query(`insert into bars values ($1, 'A', '-0'), ($1, 'NEW', 1)`, [daysAgo(35)]);
    const outcome = await rotate(dataset);
    expect(outcome.totals.moved[0]?.again).toEqual({ rows: 1, changed: 0, dropped: 0 });
    await expectSound('bars', 4);
  });
});

describe('a key of columns that may be null', () => {
  it('knows the rows that have no null in it; the others are there as often as they come', async () => {
    await database.query(
      'create table bars (time timestamptz not null, venue text, close int, unique (venue, time))',
    );
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    await database.query(`insert into bars values ($1, null, 1), ($1, 'X', 1), ($1, 'Y', 1)`, [
      daysAgo(35),
    ]);
    await rotate(dataset);
    await database.query(`insert into bars values ($1, null, 2), ($1, 'X', 2), ($1, 'Y', 1)`, [
      daysAgo(35),
    ]);
    const read = async (sql: string) => (await askStores(bench, db, [dataset], sql)).rows;
    const question = 'select venue, close from bars order by venue nulls last, close';
    const wanted = [
      { venue: 'X', close: 2 },
      { venue: 'Y', close: 1 },
      { venue: null, close: 1 },
      { venue: null, close: 2 },
    ];
    expect(await read(question)).toEqual(wanted);
    expect((await planRotationOf(bench.rooms, dataset)).again).toEqual({ rows: 2, slices: 1 });
    const outcome = await rotate(dataset);
    expect(outcome.totals.moved[0]?.again).toMatchObject({ rows: 2, changed: 1 });
    expect(await read(question)).toEqual(wanted);
    await expectSound('bars', 4);
  });
});

describe('a primary key that PostgreSQL numbers, beside a unique index of what the row says', () => {
  it.each([
    ['an identity', 'bigint generated by default as identity'],
    ['a serial', 'bigserial'],
    ['a random uuid', 'uuid default gen_random_uuid()'],
  ])(
    'gives way to the index: a row that is inserted again has another number (%s)',
    async (_, type) => {
      await database.query(
        `create table bars (id ${type} primary key, time timestamptz not null, venue text not null, close int);
       create unique index bars_by_venue on bars (venue, time)`,
      );
      const dataset = makeDataset('bars', { sortBy: ['time'] });
      const insert = 'insert into bars (time, venue, close) values ($1, $2, $3)';
      await database.query(insert, [daysAgo(35), 'X', 1]);
      await database.query(insert, [daysAgo(35), 'Y', 1]);
      await rotate(dataset);
      await database.query(insert, [daysAgo(35), 'X', 2]);
      const question = 'select venue, close from bars order by venue';
      const read = async () => (await askStores(bench, db, [dataset], question)).rows;
      const wanted = [
        { venue: 'X', close: 2 },
        { venue: 'Y', close: 1 },
      ];
      expect(await read()).toEqual(wanted);
      await rotate(dataset);
      expect(await read()).toEqual(wanted);
      await expectSound('bars', 2);
    },
  );
});

describe('a key that may be null and says that nulls are equal', () => {
  it('is met by its nulls too', async () => {
    await database.query(
      'create table bars (time timestamptz not null, venue text, close int, unique nulls not distinct (venue, time))',
    );
    await database.query(`insert into bars values ($1, null, 1), ($1, 'X', 1)`, [daysAgo(35)]);
    await rotate(makeDataset('bars', { sortBy: ['time'] }));
    await database.query(`insert into bars values ($1, null, 2)`, [daysAgo(35)]);
    await rotate(makeDataset('bars', { sortBy: ['time'] }));
    const rows = await readCold(bench.lake, await liveSegments('bars'), 'venue, close');
    expect(rows).toHaveLength(2);
    expect(rows).toContainEqual({ venue: null, close: 2 });
    await expectSound('bars', 2);
  });
});
