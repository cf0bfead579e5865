/** The drain that config/unified_config.yaml shows, switched on, as somebody would who tries it. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase } from '../../support/database.ts';
import { openDrainBench } from '../../support/drain.ts';
import { openRedis } from '../../support/live.ts';
import { startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const read = (file: string): string =>
  readFileSync(new URL(`../../../config/${file}`, import.meta.url), 'utf8');

/** What an application that trades keeps there and reads again. */
const STATE = {
  hashes: {
    'tick:latest:A': { ts: '1772323200000', price: '1.5', volume: '2' },
    'candle:current:1min:A': {
      ts: '1772323260000',
      open: '1',
      high: '1',
      low: '1',
      close: '1',
      volume: '1',
    },
    'stocks:price:A': { timestamp: '2026-03-01T00:00:00Z', price: '1.5' },
    'stocks:indicators:A': { timestamp: '2026-03-01T00:00:00Z', rsi: '50' },
    'stocks:sentiment:A': { timestamp: '2026-03-01T00:00:00Z', score: '0.5' },
    'signal:active:A': { created_at: '2026-03-01T00:00:00Z', side: 'buy' },
    'positions:active:A': { size: '10' },
    'system:state': { mode: 'live' },
    'metrics:performance': { pnl: '1' },
  },
  strings: { 'watchlist:current': '["A"]' },
  ranked: ['0.93', 'A', '0.5', 'B'],
} as const;

describeOn('redis', 'the drain of the example', () => {
  it('takes nothing that an application reads, and makes a row of each entry', async () => {
    const server = await startRedis();
    const redis = openRedis(server.url);
    try {
      const database = await createTestDatabase();
      await database.query(read('drain_tables.sql'));
      const bench = await openDrainBench(database, server.url);
      const text = read('unified_config.yaml').replace(/^( *)# ( *[a-z_]+:( |$))/gm, '$1$2');
      const env = {
        TIERD_POSTGRES_URL: database.url,
        TIERD_POSTGRES_DIRECT_URL: database.url,
        TIERD_REDIS_URL: server.url,
      };
      const workingDirectory = directoryWith({ 'unified_config.yaml': text });
      const { drain } = loadConfig({ env, workingDirectory });

      for (const [key, fields] of Object.entries(STATE.hashes)) await redis.hset(key, fields);
      for (const [key, value] of Object.entries(STATE.strings)) await redis.set(key, value);
      await redis.zadd('candidates:ranked', ...STATE.ranked);
      const before = (await redis.keys('*')).sort();
      await redis.hset('candle:closed:1min:A', { ts: '1772323200000', open: '1', high: '2' });
      await redis.hset('order:finished:7', { finished_at: '1772323200000', side: 'buy' });
      await redis.zadd('candidates:expired', 1_772_323_200, 'C');
      const pipeline = redis.pipeline();
      for (let n = 0; n < 100; n += 1) {
        pipeline.xadd('trades:A', `1772323200000-${String(n + 1)}`, 'price', '1', 'volume', '1');
        pipeline.rpush('signals:buy:A', '{"created_at":"2026-03-01T00:00:00Z"}');
      }
      await pipeline.exec();

      for (const source of drain.sources) {
        const totals = await bench.drain(source);
        expect(totals, source.name).toMatchObject({ deadLetters: 0, sameKey: 0 });
        expect(totals.rows, source.name).toBe(totals.entries);
        expect(totals.rows, source.name).toBeGreaterThan(0);
      }
      const counts = await database.query(
        `select (select count(*)::int from trades) as trades,
                (select count(*)::int from signal_log) as signals`,
      );
      expect(counts.rows).toEqual([{ trades: 100, signals: 100 }]);
      const left = (await redis.keys('*')).filter((key) => key !== 'trades:A').sort();
      expect(left).toEqual(before);
      // The closed candle of one that still lies where it grew.
      const ts = STATE.hashes['candle:current:1min:A'].ts;
      await redis.hset('candle:closed:1min:A', {
        ts,
        open: '1',
        high: '3',
        low: '1',
        close: '2.5',
        volume: '4',
      });
      for (const name of ['closed_candles', 'current_candles']) {
        const source = drain.sources.find((one) => one.name === name);
        if (source !== undefined) await bench.drain(source);
      }
      const candle = await database.query(
        `select close::float8, volume::float8 from market_data where symbol = 'A' and interval = '1min'
         and timestamp = to_timestamp($1 / 1000.0)`,
        [Number(ts)],
      );
      expect(candle.rows).toEqual([{ close: 2.5, volume: 4 }]);
    } finally {
      redis.disconnect();
      await server.remove();
    }
  });
});
