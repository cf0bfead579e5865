/** A drain of rows whose chunk TimescaleDB has compressed. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type DrainBench, openDrainBench } from '../support/drain.ts';
import { makeSource, TICKS } from '../support/drain-source.ts';
import { openRedis } from '../support/live.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const SYMBOLS = 40;
const ROWS_OF_EACH = 50;

describeOn(['community', 'redis'], 'a drain into compressed chunks', () => {
  let server: RedisServer;
  let database: TestDatabase;
  let bench: DrainBench;
  beforeAll(async () => {
    server = await startRedis();
    database = await createTestDatabase({ timescale: true });
    bench = await openDrainBench(database, server.url);
    await database.query(`create table ticks (${TICKS}, primary key (symbol, ts))`);
    await database.query(`select create_hypertable('ticks', 'ts')`);
    await database.query(
      `insert into ticks
       select 's' || s, $1::timestamptz + n * interval '1 second', n, null
       from generate_series(1, ${String(SYMBOLS)}) s, generate_series(1, ${String(ROWS_OF_EACH)}) n`,
      [new Date(T0)],
    );
    await database.query(
      `alter table ticks set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol')`,
    );
    await database.query(`select compress_chunk(c) from show_chunks('ticks') c`);
  });
  afterAll(() => server.remove());

  /** Of each symbol a row that is there, with another price. */
  async function drainChanged(maxTuples: number): Promise<unknown> {
    const limit = `timescaledb.max_tuples_decompressed_per_dml_transaction = ${String(maxTuples)}`;
    await database.query(`alter database ${database.name} set ${limit}`);
    const redis = openRedis(server.url);
    for (let symbol = 1; symbol <= SYMBOLS; symbol += 1) {
      await redis.hset(`ticks:s${String(symbol)}`, { ts: T0 + 1_000, price: '-1' });
    }
    const totals = await bench.drain(makeSource('ticks', { kind: 'move' }));
    expect(await redis.dbsize()).toBe(0);
    redis.disconnect();
    const changed = await database.query('select from ticks where price = -1');
    return { rows: totals.rows, deadLetters: totals.deadLetters, changed: changed.rowCount };
  }

  it('goes in by smaller pieces where one statement may not decompress so much', async () => {
    expect(await drainChanged(4 * ROWS_OF_EACH)).toEqual({
      rows: SYMBOLS,
      deadLetters: 0,
      changed: SYMBOLS,
    });
  });

  it('leaves out the row that a check refuses, and no other, where rows are compressed as they are written', async () => {
    await database.query(
      `create table loose (${TICKS}, check (price >= 0));
       select create_hypertable('loose', 'ts');
       alter table loose set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol')`,
    );
    await database.query(
      `alter database ${database.name} set timescaledb.enable_direct_compress_copy = on;
       alter database ${database.name} set timescaledb.enable_direct_compress_insert = on`,
    );
    const redis = openRedis(server.url);
    const entries = redis.pipeline();
    for (let n = 0; n < 6_000; n += 1) {
      entries.xadd('ticks:s', `${String(T0 + n)}-0`, 'ts', T0 + n, 'price', n === 4_321 ? -1 : n);
    }
    await entries.exec();
    const limits = { maxEntries: 3_000, maxBytes: 8 * 1024 ** 2 };
    const totals = await bench.drain(makeSource('loose', { kind: 'stream', limits }));
    redis.disconnect();
    expect(totals).toMatchObject({ rows: 5_999, deadLetters: 1 });
    const { rows } = await database.query(
      `select count(*)::int as n, count(distinct price)::int as prices,
              (select count(*)::int from timescaledb_information.chunks
               where hypertable_name = 'loose' and is_compressed) as compressed
       from loose`,
    );
    expect(rows).toEqual([{ n: 5_999, prices: 5_999, compressed: 1 }]);
  });
});
