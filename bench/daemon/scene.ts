/** A daemon with the configuration that tierd comes with, on servers as a user has them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';
import { migrate } from '../../src/ledger/migrate.ts';
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { type RedisServer, startRedis } from '../../test/support/redis-server.ts';
import { freePort } from '../../test/support/server-process.ts';
import { USUAL_SETTINGS } from '../../test/support/usual-settings.ts';

export interface DaemonScene {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly client: pg.Client;
  readonly folder: string;
  readonly config: string;
  /** Where the status page is. */
  readonly page: string;
  remove(): Promise<void>;
}

export interface RunningDaemon {
  readonly pid: number;
  /** SIGTERM, until it is gone. */
  stop(): Promise<void>;
}

export const CONTROL_TOKEN = 'bench-control-token-0123456789';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** As config/redis.conf has it. */
const REDIS_SETTINGS = { appendonly: 'yes', appendfsync: 'everysec' } as const;
const READY_TIMEOUT_MS = 60_000;

/** The four tables of config/unified_config.yaml, and `bars`, which has rows to move. */
const TABLES = `
  create table market_data (symbol text, interval text, timestamp timestamptz not null, close numeric, volume bigint);
  create table news (published_at timestamptz not null, title text);
  create table features (symbol text, timestamp timestamptz not null, values jsonb);
  create table social_sentiment (symbol text, timestamp timestamptz not null, score double precision);`;

/** All defaults but the place of things; the rate limit would be reached by the bench itself. */
const configOf = (urls: { postgres: string; redis: string }, port: number): string => `
postgres: { url: "${urls.postgres}" }
redis: { url: "${urls.redis}" }
lake: { type: local, path: data_lake }
storage: { lifecycle: { hot_intervals: [1day], guards: { max_share: 1 } } }
server: { port: ${String(port)}, control_token: ${CONTROL_TOKEN}, requests_per_minute: 1000000 }
drain:
  sources:
    trades: { kind: stream, keys: "trades:{symbol}", dataset: market_data, columns: { symbol: "{symbol}", timestamp: $time, close: price, volume: volume }, constants: { interval: trade }, trim: true }
    quotes: { kind: list, keys: "quotes:{symbol}", dataset: market_data, columns: { symbol: "{symbol}", timestamp: ts, close: price }, types: { timestamp: time_ms }, constants: { interval: quote } }
datasets:
  market_data: { time_column: timestamp, interval_column: interval, sort_by: [symbol, timestamp] }
  news: { time_column: published_at }
  features: { time_column: timestamp, sort_by: [symbol, timestamp] }
  social_sentiment: { time_column: timestamp, sort_by: [symbol, timestamp] }
  bars: { time_column: time, sort_by: [symbol, time] }
`;

export async function openDaemonScene(): Promise<DaemonScene> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-bench-'));
  const [postgres, redis] = await Promise.all([
    startPostgres({ settings: USUAL_SETTINGS }),
    startRedis({ settings: REDIS_SETTINGS }),
  ]);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(TABLES);
  await migrateWith(postgres.url);
  await fillLive(redis.url);
  const port = await freePort();
  const config = join(folder, 'unified_config.yaml');
  await mkdir(join(folder, 'data_lake'));
  await writeFile(config, configOf({ postgres: postgres.url, redis: redis.url }, port));
  return {
    postgres,
    redis,
    client,
    folder,
    config,
    page: `http://127.0.0.1:${String(port)}`,
    async remove() {
      await client.end();
      await Promise.all([postgres.remove(), redis.remove()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** On a connection of its own: it may leave settings behind. */
async function migrateWith(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await migrate(client);
  await client.end();
}

async function fillLive(url: string): Promise<void> {
  const redis = new Redis(url);
  for (let n = 0; n < 100; n += 1) await redis.xadd('trades:A', '*', 'price', n, 'volume', n);
  redis.disconnect();
}

/** Starts it and comes back when /readyz says 200, by a leader. */
export async function startDaemon({ folder, config, page }: DaemonScene): Promise<RunningDaemon> {
  const child = spawn(process.execPath, [PROGRAM, 'run', '--config', config], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-4_000);
  });
  const ended = once(child, 'exit');
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await leads(page))) {
    if (hasEnded(child) || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the daemon did not get ready:\n${log}`);
    }
    await pause(5);
  }
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function leads(page: string): Promise<boolean> {
  try {
    const response = await fetch(`${page}/readyz`);
    const { role } = (await response.json()) as { role: string };
    return response.status === 200 && role === 'leader';
  } catch {
    return false; // it does not listen yet
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
