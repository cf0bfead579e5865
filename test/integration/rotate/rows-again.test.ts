/** Rows that come again after they were moved: an importer that repeats days, a partition attached anew. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { planRotationOf, type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments, type SegmentRecord } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const FORCE = { force: true };
const KEY = 'primary key (symbol, tf, time)';
const COLUMNS =
  'time timestamptz not null, symbol text not null, tf text not null, close numeric(20,8), ratio float8';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
});

/** Three symbols, a bar an hour, from 36 to 33 days ago: 216 rows, as an importer brings them. */
async function importBars(table: string, close = 'n / 7.0', hours = 72): Promise<void> {
  await database.query(
    `insert into ${table} select $1::timestamptz + n * interval '1 hour', s, '1h', ${close},
       case n % 3 when 0 then '-0'::float8 when 1 then 'NaN' else n end
     from generate_series(0, $2 - 1) n, unnest(array['AAA', 'BBB', 'CCC']) s
     on conflict (symbol, tf, time) do update set close = excluded.close`,
    [daysAgo(36), hours],
  );
}

const rotate = (dataset: Dataset): Promise<RotationOutcome> =>
  rotateDataset(bench.rooms, dataset, FORCE);

function segmentsOf(dataset: string, state: SegmentRecord['state'] = 'live') {
  return listSegments(db, { dataset, states: [state] });
}

interface Bar {
  readonly key: string;
  readonly close: string;
}

async function coldBars(dataset: string): Promise<readonly Bar[]> {
  const rows = await readCold(
    bench.lake,
    await segmentsOf(dataset),
    `symbol || ' ' || strftime(time at time zone 'UTC', '%Y-%m-%dT%H:%M') as key, close::varchar as close`,
  );
  return rows
    .map((row) => ({ key: String(row['key']), close: String(row['close']) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

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

async function hotRows(table: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]?.n ?? -1;
}

const wasCorrected = (bars: readonly Bar[]): readonly Bar[] =>
  bars.filter(({ close }) => close === '99.50000000');

async function moveThenImportAgain(table: string, dataset = makeDataset(table)): Promise<void> {
  await database.query(`create table ${table} (${COLUMNS}, ${KEY})`);
  await importBars(table);
  await rotate(dataset);
  expect(await coldBars(table)).toHaveLength(216);
  await importBars(table);
  await database.query(`update ${table} set close = 99.5 where symbol = 'BBB' and time = $1`, [
    daysAgo(35),
  ]);
}

describe('rows that come again after they were moved', () => {
  it('are there once, the newest of each key, and the older ones leave every reader at the same instant (I2)', async () => {
    await moveThenImportAgain('bars');
    const plan = await planRotationOf(bench.rooms, makeDataset('bars'));
    expect(plan.again).toEqual({ rows: 216, slices: 3 });
    expect(plan.notes.join()).toContain('216 rows in 3 slices have keys that the lake has already');

    const outcome = await rotate(makeDataset('bars'));
    expect(outcome.totals.failed).toEqual([]);
    const bars = await coldBars('bars');
    expect(new Set(bars.map(({ key }) => key)).size).toBe(216);
    expect(bars).toHaveLength(216);
    expect(wasCorrected(bars)).toHaveLength(1);
    expect(await hotRows('bars')).toBe(0);
    await expectSound('bars', 216);
    expect((await listRuns(db, { job: 'rotate', limit: 1 }))[0]).toMatchObject({
      rowsMoved: 216n,
      rowsAgain: 216n,
      rowsChanged: 1n,
    });
  });

  it('only leave the hot store when they are equal in every value: nothing is published (I1)', async () => {
    await database.query(`create table bars (${COLUMNS}, ${KEY})`);
    await importBars('bars');
    await rotate(makeDataset('bars'));
    const before = await segmentsOf('bars');
    await importBars('bars');
    const outcome = await rotate(makeDataset('bars'));
    expect(outcome.totals.moved.map(({ again }) => again)).toEqual(
      Array(3).fill({ rows: 72, changed: 0, dropped: 72 }),
    );
    expect(await segmentsOf('bars')).toEqual(before);
    expect(await hotRows('bars')).toBe(0);
    await expectSound('bars', 216);
  });

  it('stay hot when a value differs that only its bytes tell (−0), until the lake has it (I1, I6)', async () => {
    await database.query(`create table bars (${COLUMNS}, ${KEY})`);
    await importBars('bars');
    await rotate(makeDataset('bars'));
    await importBars('bars');
    await database.query(`update bars set ratio = 0 where ratio = 0 and symbol = 'AAA'`);
    await rotate(makeDataset('bars'));
    const odd = await readCold(
      bench.lake,
      await segmentsOf('bars'),
      `count(*) filter (where ratio = 0 and signbit(ratio))::int as minus, count(*) filter (where ratio = 0)::int as zeros, count(*)::int as n`,
    );
    expect(odd).toEqual([{ minus: 48, zeros: 72, n: 216 }]);
    await expectSound('bars', 216);
  });

  it('leave the rest of their slice as it was, in the columns it had (I6, I13)', async () => {
    await database.query(`create table bars (${COLUMNS}, ${KEY})`);
    await importBars('bars');
    await rotate(makeDataset('bars', { targetFileBytes: 4_000 }));
    await database.query('alter table bars add column volume bigint');
    await database.query(
      `insert into bars values ($1, 'BBB', '1h', 99.5, 1, 7), ($1, 'NEW', '1h', 1, 1, 8)`,
      [daysAgo(35)],
    );
    const outcome = await rotate(makeDataset('bars'));
    expect(outcome.totals.moved[0]?.again).toEqual({ rows: 1, changed: 1, dropped: 0 });
    const bars = await coldBars('bars');
    expect(bars).toHaveLength(217);
    expect(wasCorrected(bars)).toHaveLength(1);
    await expectSound('bars', 217);
  });

  it('are refused by name where the dataset says refuse; other moves go on', async () => {
    const dataset = makeDataset('bars', { onColdDuplicate: 'refuse' });
    await moveThenImportAgain('bars', dataset);
    const before = await coldBars('bars');
    const outcome = await rotate(dataset);
    expect(outcome.totals.failed).toMatchObject([
      { error: { code: 'COLD_DUPLICATES' }, again: { rows: 72, changed: 1 } },
    ]);
    expect(outcome.totals.moved).toHaveLength(2);
    expect(await hotRows('bars')).toBe(72);
    expect(await coldBars('bars')).toEqual(before);
    await expectSound('bars', 216);
  });

  it('are both kept where the dataset says keep-both, or where the table has no unique key', async () => {
    await moveThenImportAgain('bars');
    await rotate(makeDataset('bars', { onColdDuplicate: 'keep-both' }));
    expect(await coldBars('bars')).toHaveLength(432);
    await database.query('truncate bars; alter table bars drop constraint bars_pkey');
    await database.query(`insert into bars values ($1, 'BBB', '1h', 98, 1)`, [daysAgo(35)]);
    await rotate(makeDataset('bars'));
    expect(await coldBars('bars')).toHaveLength(433);
  });

  it('replace every older copy, also those that were doubled before', async () => {
    await moveThenImportAgain('bars');
    await rotate(makeDataset('bars', { onColdDuplicate: 'keep-both' }));
    await importBars('bars', '5');
    await rotate(makeDataset('bars'));
    const bars = await coldBars('bars');
    expect(bars).toHaveLength(216);
    expect(new Set(bars.map(({ close }) => close))).toEqual(new Set(['5.00000000']));
    await expectSound('bars', 216);
  });

  it.each(['hour', 'month'] as const)(
    'are found when slices were of another size: a %s before',
    async (slice) => {
      await database.query(`create table bars (${COLUMNS}, ${KEY})`);
      await importBars('bars', '1', 5);
      await rotate(makeDataset('bars', { slice }));
      await importBars('bars', 'case when n = 3 then 99.5 else 1 end', 4);
      const outcome = await rotate(makeDataset('bars'));
      expect(outcome.totals.failed).toEqual([]);
      const bars = await coldBars('bars');
      expect(bars).toHaveLength(15);
      expect(wasCorrected(bars)).toHaveLength(3);
      await expectSound('bars', 15);
    },
  );

  it('are not taken for others of an id that was given out anew at another time', async () => {
    await database.query('create table events (id int primary key, time timestamptz, symbol text)');
    const insert = 'insert into events values (1, $1, $2), (2, $1, $2)';
    await database.query(insert, [daysAgo(35), 'first']);
    await rotate(makeDataset('events'));
    await database.query(insert, [new Date(Date.parse(daysAgo(35)) + 1).toISOString(), 'second']);
    await rotate(makeDataset('events'));
    await database.query(insert, [daysAgo(35), 'third']);
    await rotate(makeDataset('events'));
    const rows = await readCold(bench.lake, await segmentsOf('events'), 'id, symbol');
    expect(rows.map(({ symbol }) => String(symbol)).sort()).toEqual([
      'second',
      'second',
      'third',
      'third',
    ]);
  });

  it('leave files of replaced segments to readers until their time is over, and no longer (I3)', async () => {
    await moveThenImportAgain('bars');
    await rotate(makeDataset('bars'));
    const retired = await segmentsOf('bars', 'retired');
    expect(retired).toHaveLength(1);
    for (const { key } of retired) await access(join(bench.lake, key));
    await rotateDataset(
      { ...bench.rooms, settings: { ...bench.rooms.settings, gracePeriodMs: 0 } },
      makeDataset('bars'),
      FORCE,
    );
    expect(await segmentsOf('bars', 'retired')).toEqual([]);
    for (const { key } of retired) await expect(access(join(bench.lake, key))).rejects.toThrow();
    await expectSound('bars', 216);
  });

  it('of a partition that is attached again go with it, whole', async () => {
    await database.query(`create table bars (${COLUMNS}, ${KEY}) partition by range (time)`);
    const attach = `partition of bars for values from ('${daysAgo(36)}') to ('${daysAgo(33)}')`;
    await database.query(`create table bars_old ${attach}`);
    await importBars('bars');
    await database.query('create table copy as select * from bars_old');
    await rotate(makeDataset('bars'));
    const before = await segmentsOf('bars');
    await database.query(`create table bars_again ${attach}; insert into bars select * from copy`);
    const outcome = await rotate(makeDataset('bars'));
    expect(outcome.totals.moved).toMatchObject([
      { again: { rows: 216, changed: 0, dropped: 216 } },
    ]);
    expect(await segmentsOf('bars')).toEqual(before);
    expect(await hotRows('bars')).toBe(0);
  });
});

describeOn('timescale', 'rows that come again into a hypertable', () => {
  it('are there once', async () => {
    database = await createTestDatabase({ timescale: true });
    db = await database.connect();
    bench = await openBench(database);
    await database.query(`create table bars (${COLUMNS}, ${KEY})`);
    await database.query(
      `select create_hypertable('bars', 'time', chunk_time_interval => interval '3 days')`,
    );
    await importBars('bars');
    await rotate(makeDataset('bars'));
    await importBars('bars', 'case when n = 5 then 99.5 else n / 7.0 end');
    await rotate(makeDataset('bars'));
    const bars = await coldBars('bars');
    expect(bars).toHaveLength(216);
    expect(wasCorrected(bars)).toHaveLength(3);
    await expectSound('bars', 216);
  });
});
