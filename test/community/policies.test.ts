/** A rotation among TimescaleDB's own jobs and a writer of late rows, all at once. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type RotationOutcome, rotateDataset } from '../../src/jobs/rotate.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { readCold } from '../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

const ROWS = 40 * 24 * 60;
const LATE = 1_000_000;
const BUSY = ['DIGEST_MISMATCH', 'PARTS_CHANGED', 'LOCK_TIMEOUT'];

async function makeBars(database: TestDatabase): Promise<void> {
  await database.query(`create table bars (time timestamptz not null, symbol text, id int)`);
  await database.query(
    `select create_hypertable('bars', 'time', 'symbol', 2, chunk_time_interval => interval '1 day')`,
  );
  await database.query(
    `insert into bars select $1::timestamptz + n * interval '1 minute', 's' || n % 5, n
     from generate_series(0, ${String(ROWS - 1)}) n`,
    [daysAgo(40)],
  );
  await database.query(
    `alter table bars set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol')`,
  );
  await database.query(
    `create materialized view hourly with (timescaledb.continuous) as
     select time_bucket('1 hour', time) as bucket, count(*) as rows from bars group by 1 with no data`,
  );
  await database.query(`call refresh_continuous_aggregate('hourly', null, null)`);
}

/** The job of a compression policy that would not run by itself before the next century. */
async function addCompressionPolicy(database: TestDatabase): Promise<number> {
  const { rows } = await database.query(
    `select add_compression_policy('bars', interval '1 day', initial_start => '2100-01-01 00:00+00'::timestamptz) as job`,
  );
  return (rows as { job: number }[])[0]?.job ?? 0;
}

async function allIds(database: TestDatabase, bench: Bench): Promise<number[]> {
  const client = await database.connect();
  const hot = await client.query<{ id: number }>('select id from bars');
  const live = await listSegments(client, { dataset: 'bars', states: ['live'] });
  const cold = await readCold(bench.lake, live, 'id');
  const ids = [...hot.rows.map((row) => row.id), ...cold.map((row) => Number(row['id']))];
  return ids.sort((a, b) => a - b);
}

describeOn('community', 'rotate, while policies compress and refresh and late rows come in', () => {
  it('loses no row and doubles none, and nobody is the victim of a deadlock (I1, I2)', async () => {
    const database = await createTestDatabase({ timescale: true });
    const bench = await openBench(database);
    await makeBars(database);
    const job = await addCompressionPolicy(database);
    const codes = new Set<string>();
    const written: number[] = [];
    const over = new AbortController();
    const repeat = async (work: (n: number) => Promise<unknown>): Promise<void> => {
      for (let n = 0; !over.signal.aborted; n += 1) {
        await work(n).catch((error: unknown) => codes.add((error as { code: string }).code));
        await pause(30);
      }
    };
    const others = [
      repeat(() => database.query(`call run_job(${String(job)})`)),
      repeat((n) =>
        database.query(
          `call refresh_continuous_aggregate('hourly', '${daysAgo(29)}', '${daysAgo(n % 25)}')`,
        ),
      ),
      repeat(async (n) => {
        const row = [daysAgo(31 + (n % 9)), LATE + n];
        await database.query(`insert into bars values ($1, 'late', $2)`, row);
        written.push(LATE + n);
      }),
    ];
    const rotate = (): Promise<RotationOutcome> =>
      rotateDataset(bench.rooms, makeDataset('bars'), { force: true });
    try {
      for (let runs = 0; runs < 3; runs += 1) {
        const { totals } = await rotate();
        // A writer in every chunk, all the time: some moves are left to the next run.
        for (const { error } of totals.failed) {
          expect([...BUSY, 'AGGREGATE_BEHIND']).toContain(error.code);
        }
      }
    } finally {
      over.abort();
      await Promise.all(others);
    }
    expect((await rotate()).totals.failed).toEqual([]);
    expect(await allIds(database, bench)).toEqual([
      ...Array.from({ length: ROWS }, (_, n) => n),
      ...written,
    ]);
    expect([...codes]).not.toContain('40P01');
  });
});
