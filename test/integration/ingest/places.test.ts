/** Where rows go, on each kind of table, and what holds up an ingest. */
import { appendFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import { fileOf } from '../../support/correct.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { systemError, watchEffects } from '../../support/failing-file-system.ts';
import { ingest, planIngest } from '../../support/ingest.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const COLUMNS = 'time timestamptz not null, symbol text not null, n int not null';

let database: TestDatabase;
let bench: Bench;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase({ timescale: true });
  bench = await openBench(database);
  client = await database.connect();
});

const at = (day: number, minute = 0): string =>
  new Date(Date.parse(daysAgo(day)) + minute * 60_000).toISOString();

const csv = (
  name: string,
  rows: readonly (readonly (string | number)[])[],
  head = 'time,symbol,n',
) => fileOf(bench, name, `${[head, ...rows.map((row) => row.join(','))].join('\n')}\n`);

async function cold(): Promise<readonly number[]> {
  const live = await listSegments(client, { dataset: 'bars', states: ['live'] });
  return (await readCold(bench.lake, live, 'n'))
    .map(({ n }) => Number(n))
    .toSorted((a, b) => a - b);
}

async function hot(): Promise<readonly number[]> {
  const { rows } = await client.query<{ n: number }>('select n from bars order by n');
  return rows.map(({ n }) => n);
}

const DAYS = [45, 40, 31, 30, 29, 2, 0];
/** One row of each of these days, numbered by it; and the last instant before the cutoff. */
const ofDays = (): readonly (readonly (string | number)[])[] => [
  ...DAYS.map((day) => [at(day), 'a', day]),
  [new Date(Date.parse(daysAgo(30)) - 1).toISOString(), 'b', 1000],
];

async function expectByAge(dataset: Dataset): Promise<void> {
  await ingest(bench, dataset, [await csv('a.csv', ofDays())]);
  expect([await cold(), await hot()]).toEqual([
    [31, 40, 45, 1000],
    [0, 2, 29, 30],
  ]);
  await rotateAll(bench, dataset);
  expect([await cold(), await hot()]).toEqual([
    [31, 40, 45, 1000],
    [0, 2, 29, 30],
  ]);
}

describe('the place of a row that is ingested', () => {
  it('is on either side of the border to the millisecond', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    await expectByAge(makeDataset('bars'));
  });

  it('of a partitioned table: what has no partition is refused, and the slices before it stand', async () => {
    await database.query(
      `create table bars (${COLUMNS}, primary key (symbol, time)) partition by range (time);
       create table bars_now partition of bars for values from ('${at(35)}') to ('${at(1)}')`,
    );
    const dataset = makeDataset('bars');
    const file = await csv('a.csv', [
      [at(40), 'a', 40],
      [at(2), 'a', 2],
      [at(0), 'a', 0],
    ]);
    const failure = await failureOf(ingest(bench, dataset, [file]));
    expect(failure).toMatchObject({ code: 'INGEST_REFUSED', partly: true });
    expect(failure.message).toContain('no partition of relation "bars" found for row');
    expect([await cold(), await hot()]).toEqual([[40], [2]]);
    await database.query(
      `create table bars_today partition of bars for values from ('${at(1)}') to ('${at(-1)}')`,
    );
    const { totals } = await ingest(bench, dataset, [file]);
    expect(totals).toMatchObject({ cold: 0, hot: 1 });
    expect([await cold(), await hot()]).toEqual([[40], [0, 2]]);
  });

  it('is the lake for closed intervals that don’t stay hot', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    const dataset = makeDataset('bars', { intervalColumn: 'symbol', hotIntervals: ['1d'] });
    const file = await csv('a.csv', [
      [at(40), '1d', 1],
      [at(40), '1m', 2],
      [at(2), '1d', 3],
      [at(2), '1m', 4],
      [at(0), '1m', 5],
    ]);
    await ingest(bench, dataset, [file]);
    expect([await cold(), await hot()]).toEqual([
      [1, 2, 4],
      [3, 5],
    ]);
  });

  it('is PostgreSQL for time that is pinned, and the lake for time that was moved when less stayed hot', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    const dataset = makeDataset('bars');
    await ingest(bench, dataset, [
      await csv('a.csv', [
        [at(40), 'a', 1],
        [at(35), 'a', 2],
      ]),
    ]);
    await restore(bench, dataset, days(41, 39), { pinUntil: NOW + DAY_MS });
    expect([await cold(), await hot()]).toEqual([[2], [1]]);
    const wider = makeDataset('bars', { hotDays: 38 });
    const file = await csv('b.csv', [
      [at(40), 'b', 3],
      [at(35), 'b', 4],
      [at(34), 'b', 5],
    ]);
    await ingest(bench, wider, [file]);
    expect([await cold(), await hot()]).toEqual([
      [2, 4],
      [1, 3, 5],
    ]);
  });

  it('without a key: the same file is known by its content, and nothing else is', async () => {
    await database.query(`create table bars (${COLUMNS})`);
    const dataset = makeDataset('bars');
    const file = await csv('a.csv', [
      [at(40), 'a', 1],
      [at(40), 'a', 1],
      [at(2), 'a', 2],
    ]);
    const plan = await planIngest(bench, dataset, [file]);
    expect(plan.notes.join()).toContain('no unique key');
    await ingest(bench, dataset, [file]);
    await ingest(bench, dataset, [file]);
    expect([await cold(), await hot()]).toEqual([[1, 1], [2]]);
    const other = await csv('b.csv', [[at(40), 'a', 1]]);
    expect(
      (await failureOf(ingest(bench, dataset, [other], { onConflict: 'skip' }))).message,
    ).toContain('no unique key');
  });

  it('defaults, numbers and computed columns are as a write would make them', async () => {
    await database.query(
      `create table bars (${COLUMNS}, id bigserial, kind text not null default 'file', twice int generated always as (n * 2) stored, primary key (symbol, time))`,
    );
    const dataset = makeDataset('bars');
    await ingest(bench, dataset, [
      await csv('a.csv', [
        [at(40), 'a', 1],
        [at(2), 'a', 2],
      ]),
    ]);
    const live = await listSegments(client, { dataset: 'bars', states: ['live'] });
    const rows = await readCold(bench.lake, live, 'kind, twice, id::varchar as id');
    const { rows: written } = await client.query('select kind, twice, id from bars');
    expect([...rows, ...written]).toEqual([
      { kind: 'file', twice: 2, id: '1' },
      { kind: 'file', twice: 4, id: '2' },
    ]);
    await database.query(
      'alter table bars drop column id; alter table bars add id bigint generated always as identity',
    );
    const again = await csv('b.csv', [[at(41), 'a', 3]]);
    expect((await failureOf(ingest(bench, makeDataset('bars'), [again]))).message).toContain(
      'nothing for id',
    );
  });

  it('replaces whole rows alone: a file without some column is refused', async () => {
    await database.query(`create table bars (${COLUMNS}, note text, primary key (symbol, time))`);
    const file = await csv('a.csv', [[at(40), 'a', 1]]);
    const failure = await failureOf(
      ingest(bench, makeDataset('bars'), [file], { onConflict: 'replace' }),
    );
    expect(failure.message).toContain('the files have nothing for note');
  });

  it('a trigger that keeps rows out undoes the slice, and says so', async () => {
    await database.query(
      `create table bars (${COLUMNS}, primary key (symbol, time));
       create function public.keep_out() returns trigger language plpgsql as 'begin if new.n = 7 then return null; end if; return new; end';
       create trigger keep_out before insert on bars for each row execute function public.keep_out()`,
    );
    const dataset = makeDataset('bars');
    const file = await csv('a.csv', [
      [at(2), 'a', 6],
      [at(2), 'b', 7],
    ]);
    for (const onConflict of ['error', 'skip', 'replace'] as const) {
      expect((await failureOf(ingest(bench, dataset, [file], { onConflict }))).message).toContain(
        'kept rows out',
      );
      expect(await hot()).toEqual([]);
    }
  });

  it('rows far in the future are refused, for rotations would be', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    const dataset = makeDataset('bars');
    const careful = { ...dataset, limits: { ...dataset.limits, maxFutureMs: DAY_MS } };
    const file = await csv('a.csv', [[at(-400), 'a', 1]]);
    expect((await failureOf(ingest(bench, careful, [file]))).message).toContain(
      'further in the future',
    );
    await ingest(bench, careful, [file], { force: true });
    expect(await hot()).toEqual([1]);
  });

  it('a file that becomes another while it is read is left alone', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    const dataset = makeDataset('bars');
    const [file, other] = [
      await csv('a.csv', [[at(40), 'a', 1]]),
      await csv('b.csv', [[at(40), 'b', 2]]),
    ];
    const changing = ingest(bench, dataset, [file, other], {
      tell: (event) => {
        if (event.kind === 'read' && event.path === file) appendFileSync(file, '\n');
      },
    });
    expect(await failureOf(changing)).toMatchObject({ code: 'SOURCE_CHANGED' });
    expect([await cold(), await hot()]).toEqual([[], []]);
    const { rows } = await client.query('select count(*)::int as n from tierd.ingested_files');
    expect(rows).toEqual([{ n: 0 }]);
  });

  it('a full disk undoes the slice at hand, and the next run goes on', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    const dataset = makeDataset('bars');
    const file = await csv('a.csv', [
      [at(41), 'a', 1],
      [at(40), 'a', 2],
      [at(2), 'a', 3],
    ]);
    let made = 0;
    const fileSystem = watchEffects(nodeFileSystem, {
      before(effect, path) {
        if (effect === 'link' && path.includes('/bars/') && (made += 1) === 2) {
          throw systemError('ENOSPC');
        }
      },
    });
    const store = await openLocalStore(bench.lake, fileSystem);
    const rooms = { ...bench.rooms, fileSystem, store };
    expect(await failureOf(ingest({ rooms }, dataset, [file]))).toMatchObject({
      code: 'LAKE_FULL',
      partly: true,
    });
    expect([await cold(), await hot()]).toEqual([[1], []]);
    const { totals } = await ingest(bench, dataset, [file]);
    expect(totals).toMatchObject({ cold: 1, hot: 1 });
    expect([await cold(), await hot()]).toEqual([[1, 2], [3]]);
    expect(await readdir(bench.rooms.tempDirectory)).toEqual([]);
  });

  it('of small refusals guards the disk before anything is written', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    const dataset = makeDataset('bars');
    const careful = { ...dataset, limits: { ...dataset.limits, minFreeBytes: 1e18 } };
    const file = await csv('a.csv', [[at(41), 'a', 1]]);
    expect((await failureOf(ingest(bench, careful, [file]))).message).toContain('free');
    expect(await cold()).toEqual([]);
  });
});

describeOn('timescale', 'the place of a row that is ingested', () => {
  it('of a hypertable', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    await database.query(
      "select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day')",
    );
    await expectByAge(makeDataset('bars'));
  });

  it('is the chunk where one reaches past the cutoff, for it waits until all of it has aged', async () => {
    await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
    await database.query(
      "select create_hypertable('bars', 'time', chunk_time_interval => interval '7 days')",
    );
    await database.query(`insert into bars values ('${at(30)}', 'there', -1)`);
    const dataset = makeDataset('bars');
    await ingest(bench, dataset, [await csv('a.csv', ofDays())]);
    const [inLake, inTable] = [await cold(), await hot()];
    expect([...inLake, ...inTable].toSorted((a, b) => a - b)).toEqual([
      -1, 0, 2, 29, 30, 31, 40, 45, 1000,
    ]);
    expect(inLake).toEqual(expect.arrayContaining([40, 45]));
    await rotateAll(bench, dataset);
    expect([await cold(), await hot()]).toEqual([inLake, inTable]);
  });
});
