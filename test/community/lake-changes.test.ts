/** Deletions, corrections, expiry and compaction of a hypertable whose newer chunks are compressed. */
import type pg from 'pg';
import { beforeEach, expect, it } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { endHold, setHold } from '../../src/jobs/hold.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { scrub } from '../../src/jobs/scrub.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { askStores } from '../support/ask-stores.ts';
import { differingRows } from '../support/codec/read-back.ts';
import { compact } from '../support/compact.ts';
import { correct, fileOf, planCorrect } from '../support/correct.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { deleteFrom, planDelete } from '../support/delete.ts';
import { ageLake, expire } from '../support/expire.ts';
import { days, failureOf, restore, rotateAll } from '../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

/** 40 days with a row an hour; the oldest 10 are cold, and of the 30 others all but one are compressed. */
const FIRST = 40;
const COLD_DAYS = 10;
const HOURS = 24;
const COLD = COLD_DAYS * HOURS;
const ALL = FIRST * HOURS;
/** Of each symbol in the lake; there are four. */
const OF_A_SYMBOL = COLD / 4;

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

/** `cold_before` is what the lake has, `hot_before` what the hypertable has. */
async function coldBeside(changes: Partial<Dataset> = {}): Promise<Dataset> {
  await database.query(
    `create table bars (time timestamptz not null, symbol text not null, id int not null, price numeric(20,8),
                        primary key (symbol, time));
     select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day');
     insert into bars select '${daysAgo(FIRST)}'::timestamptz + n * interval '1 hour', 's' || n % 4, n, n / 7.0
       from generate_series(0, ${String(ALL - 1)}) n;
     alter table bars set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol')`,
  );
  await compressAll('1 day');
  await database.query(`create table cold_before as select * from bars where id < ${String(COLD)};
    create table hot_before as select * from bars where id >= ${String(COLD)}`);
  const dataset = makeDataset('bars', changes);
  await rotateAll(bench, dataset);
  expect(await compressed()).toBe(FIRST - COLD_DAYS - 1);
  return dataset;
}

/** All chunks that ended `ago` before the last one did. */
async function compressAll(ago: string): Promise<void> {
  await database.query(
    `select compress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass)
     from timescaledb_information.chunks
     where hypertable_name = 'bars' and not is_compressed
       and range_end <= (select max(range_end) from timescaledb_information.chunks
                         where hypertable_name = 'bars') - interval '${ago}'`,
  );
}

const compressed = async (): Promise<number> => {
  const { rows } = await database.query(
    `select count(*)::int as n from timescaledb_information.chunks where hypertable_name = 'bars' and is_compressed`,
  );
  return (rows as { n: number }[])[0]?.n ?? -1;
};

/** The lake has what `cold_before` says and the hypertable what `hot_before` says, to the last bit. */
async function expectBefore(dataset: Dataset): Promise<void> {
  await database.query('drop table if exists cold_now, hot_now');
  const { totals } = await restore(bench, dataset, days(FIRST + 2, FIRST - COLD_DAYS), {
    into: { schema: 'public', name: 'cold_now' },
  });
  expect(totals.failed).toEqual([]);
  await database.query('create table hot_now as select * from bars');
  expect(await differingRows(db, 'cold_before', 'cold_now')).toEqual([]);
  expect(await differingRows(db, 'hot_before', 'hot_now')).toEqual([]);
  const { bytes, unproven } = await scrub(bench.rooms, {
    dataset: 'bars',
    sample: null,
    prove: 'standard',
    onProgress: () => undefined,
  });
  expect(bytes).toMatchObject({ missing: [], altered: [], unknown: [], leftovers: [] });
  expect(unproven).toEqual([]);
}

const ask = async (dataset: Dataset, where: string): Promise<unknown> =>
  (
    await askStores(
      bench,
      db,
      [dataset],
      `select count(*) as n, sum(price) as price from bars where ${where}`,
    )
  ).rows;

describeOn('community', 'beside compressed chunks', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ timescale: true });
    db = await database.connect();
    bench = await openBench(database);
  });

  it.each([
    [`symbol = 's1'`, 180],
    [`symbol = 's1' and id % 3 = 0`, 60],
    [`lower(symbol) = 's1' and time < '${daysAgo(20)}'`, 60],
    [`id = ${String(COLD + 48)}`, 1],
  ])('delete sees the hot rows that match within them: %s', async (where, rows) => {
    const dataset = await coldBeside();
    const failure = await failureOf(deleteFrom(bench, dataset, where));
    expect(failure).toMatchObject({ code: 'REFUSED' });
    expect(failure.message).toContain(`${String(rows)} row`);
    expect((await planDelete(bench, dataset, where)).hotRows).toBe(rows);
    await expectBefore(dataset);
  });

  it('delete takes rows out of the lake when none that match are hot any more, and decompresses nothing', async () => {
    const dataset = await coldBeside();
    await database.query(`delete from bars where symbol = 's1';
      delete from hot_before where symbol = 's1'; delete from cold_before where symbol = 's1'`);
    const before = await compressed();
    const { totals } = await deleteFrom(bench, dataset, `symbol = 's1'`);
    expect(totals.failed).toEqual([]);
    expect(totals.deleted.reduce((sum, { planned }) => sum + planned.chosen, 0)).toBe(OF_A_SYMBOL);
    expect(await compressed()).toBe(before);
    await expectBefore(dataset);
    expect(await ask(dataset, `symbol = 's1'`)).toMatchObject([{ n: 0 }]);
  });

  it('delete with --cold-only leaves compressed rows as they are, and counts them', async () => {
    const dataset = await coldBeside();
    const before = await compressed();
    const { plan } = await deleteFrom(bench, dataset, `symbol = 's1'`, { coldOnly: true });
    expect([plan.rows, plan.hotRows]).toEqual([OF_A_SYMBOL, 180]);
    await database.query(`delete from cold_before where symbol = 's1'`);
    expect(await compressed()).toBe(before);
    await expectBefore(dataset);
  });

  it.each([
    ['timescaledb.restoring', 'on'],
    ['timescaledb.enable_columnarscan', 'off'],
  ])('delete does not take them for empty where they read so: %s', async (setting, value) => {
    const dataset = await coldBeside();
    await database.query(`alter database ${database.name} set ${setting} = '${value}'`);
    await expect(deleteFrom(bench, dataset, `symbol = 's1'`)).rejects.toMatchObject({
      code: 'TABLE_UNSUPPORTED',
    });
    await database.query(`alter database ${database.name} reset ${setting}`);
    await expectBefore(dataset);
  });

  it('correct replaces cold rows, and those of the same time that came late into a compressed chunk stay', async () => {
    const dataset = await coldBeside();
    await database.query(`insert into bars values ('${daysAgo(39)}', 'late', 5000, 1);
      create table late as select * from bars where id = 5000; insert into hot_before select * from late`);
    await compressAll('1 day');
    const file = await fileOf(
      bench,
      'fixed.csv',
      `time,symbol,id,price\n${daysAgo(40)},s0,0,9.5\n${daysAgo(39)},s0,24,8.5\n`,
    );
    const { plan } = await correct(bench, dataset, file);
    expect(plan).toMatchObject({ rows: 2, changed: 2, unknown: 0 });
    await database.query(
      `update cold_before set price = case id when 0 then 9.5 else 8.5 end where id in (0, 24)`,
    );
    await expectBefore(dataset);
  });

  it('correct takes a row that is hot and compressed for one the lake does not have', async () => {
    const dataset = await coldBeside();
    const file = await fileOf(
      bench,
      'fixed.csv',
      `time,symbol,id,price\n${daysAgo(20)},s0,480,9.5\n`,
    );
    expect(await planCorrect(bench, dataset, file)).toMatchObject({ rows: 1, unknown: 1 });
    expect(await failureOf(correct(bench, dataset, file))).toMatchObject({ code: 'REFUSED' });
    await expectBefore(dataset);
  });

  it('expire takes what is old out of the lake, and leaves compressed chunks that are as old', async () => {
    const dataset = await coldBeside({ coldDays: 35 });
    await ageLake(database);
    await database.query(`insert into bars values ('${daysAgo(39)}', 'late', 5000, 1);
      insert into hot_before select * from bars where id = 5000`);
    await compressAll('1 day');
    const { expired } = await expire(bench, dataset, { force: true });
    expect(expired.reduce((sum, { rows }) => sum + rows, 0)).toBe(5 * HOURS);
    await database.query(`delete from cold_before where time < '${daysAgo(35)}'`);
    await expectBefore(dataset);
  });

  it('compact merges the segments, and queries answer over both as before', async () => {
    const dataset = await coldBeside();
    const before = await ask(dataset, 'true');
    await compact(bench, dataset);
    const live = await listSegments(db, { dataset: 'bars', states: ['live'] });
    expect(live.length).toBeLessThan(COLD_DAYS);
    expect(await ask(dataset, 'true')).toEqual(before);
    await expectBefore(dataset);
  });

  it('rows that come again into a compressed chunk replace those of the lake, after all of it', async () => {
    const dataset = await coldBeside();
    await compact(bench, dataset);
    await deleteFrom(bench, dataset, 'id = 1', { coldOnly: true });
    await database.query(
      `insert into bars select time, symbol, id, price + 1 from cold_before where id between 2 and 30`,
    );
    await compressAll('1 day');
    await rotateAll(bench, dataset);
    await database.query(`delete from cold_before where id = 1;
      update cold_before set price = price + 1 where id between 2 and 30`);
    await expectBefore(dataset);
  });

  it('late rows that would replace held ones stay hot and compressed, whatever else their chunk has, until the hold ends', async () => {
    const dataset = await coldBeside();
    const { id } = await setHold(bench.rooms, {
      dataset: 'bars',
      range: days(39, 38),
      reason: 'case 17',
      until: null,
    });
    await database.query(
      `insert into bars select time, symbol, id, price + 1 from cold_before where id between 20 and 50;
       insert into bars select time, 'late', 5000 + id, 1 from cold_before where id between 20 and 50;
       create table late as select * from bars where time < '${daysAgo(30)}';
       insert into hot_before select * from late where id % 5000 between 24 and 47;
       update cold_before set price = price + 1 where id between 20 and 23 or id between 48 and 50;
       insert into cold_before select * from late where id > 5000 and id % 5000 not between 24 and 47`,
    );
    await compressAll('1 day');
    for (let runs = 0; runs < 2; runs += 1) {
      const { totals } = await rotateDataset(bench.rooms, dataset, { force: true });
      expect(totals.failed).toMatchObject([
        {
          error: { code: 'COLD_DUPLICATES', message: expect.stringContaining('case 17') as string },
        },
      ]);
      await expectBefore(dataset);
    }
    expect(await compressed()).toBe(FIRST - COLD_DAYS);
    await endHold(bench.rooms, id, 'closed');
    await rotateAll(bench, dataset);
    await database.query(
      `update cold_before set price = price + 1 where id between 24 and 47;
       insert into cold_before select * from late where id % 5000 between 24 and 47 and id > 5000;
       delete from hot_before where time < '${daysAgo(30)}'`,
    );
    await expectBefore(dataset);
  });
});
