/** Restores into hypertables with what only the Community edition of TimescaleDB has. */
import { beforeEach, expect, it } from 'vitest';
import { listSegments } from '../../src/ledger/segments.ts';
import { differingRows } from '../support/codec/read-back.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { days, failureOf, restore, rotateAll } from '../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

let database: TestDatabase;
let bench: Bench;
const dataset = makeDataset('bars');

describeOn('community', 'restore, beside compressed chunks and retention policies', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ timescale: true });
    bench = await openBench(database);
    await database.query(
      `create table bars (time timestamptz not null, symbol text, id int);
       create schema "Chunks of bars";
       select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day',
                                associated_schema_name => 'Chunks of bars');
       insert into bars select '${daysAgo(40)}'::timestamptz + n * interval '1 hour', 's' || n % 3, n
         from generate_series(0, 12 * 24 - 1) n;
       alter table bars set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol');
       create table bars_before as select * from bars where id < 240`,
    );
  });

  const compress = (): Promise<unknown> =>
    database.query(
      `select compress_chunk(c, if_not_compressed => true) from show_chunks('bars') c`,
    );

  it('brings rows back beside chunks that are compressed', async () => {
    await compress();
    await rotateAll(bench, dataset);
    const { totals } = await restore(bench, dataset, days(40, 30));
    expect(totals.failed).toEqual([]);
    await database.query('create table back as select * from bars where id < 240');
    expect(await differingRows(await database.connect(), 'bars_before', 'back')).toEqual([]);
  });

  it('refuses a slice whose chunk is there and compressed, and says what opens it', async () => {
    await rotateAll(bench, dataset);
    await database.query(`insert into bars values ('${daysAgo(40)}', 'late', 9999)`);
    await compress();
    const first = await restore(bench, dataset, days(40, 38));
    expect(first.totals.restored).toHaveLength(1);
    const [failed] = first.totals.failed;
    expect(failed?.error.hint).toContain('decompress_chunk');
    await database.query(String(failed?.error.hint).split(';')[0] ?? '');
    const second = await restore(bench, dataset, days(40, 38));
    expect(second.totals.failed).toEqual([]);
  });

  it('refuses what a retention policy would drop', async () => {
    await rotateAll(bench, dataset);
    await database.query(
      `select add_retention_policy('bars', interval '10 days', initial_start => now() + interval '1 year')`,
    );
    const failure = await failureOf(restore(bench, dataset, days(40, 39), { force: true }));
    expect(failure.message).toContain('retention policy');
    const db = await database.connect();
    expect(await listSegments(db, { dataset: 'bars', states: ['live'] })).toHaveLength(10);
  });
});
