/**
 * `npm run bench -- drain`: how fast entries of Redis become rows, beside the limit and beside a
 * first version. In every round all take their turn, on the same bars and the same empty table.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { type RedisServer, startRedis } from '../../test/support/redis-server.ts';
import { USUAL_SETTINGS } from '../../test/support/usual-settings.ts';
import { runChild } from '../child.ts';
import type { Outcome } from '../contender.ts';
import { cpuSeconds } from '../cpu.ts';
import { BAR_TABLE, CREATE_BARS } from './bars.ts';
import { type EntryType, fillRedis, TYPES } from './fill.ts';
import type { NaiveJob } from './naive.ts';
import { type DrainReport, type DrainTurn, reportDrain, type Turns } from './report.ts';
import { runDrain, setUpDrain } from './run-drain.ts';
import type { UpsertJob } from './upsert.ts';

export interface DrainOptions {
  readonly rows: number;
  readonly rounds: number;
  /** Entries that wait while the memory is watched. */
  readonly backlog: number;
  readonly say: (text: string) => void;
}

interface Bench extends DrainOptions {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly client: pg.Client;
  readonly keys: Redis;
  readonly configFile: string;
}

/** As config/redis.conf has it. */
const REDIS_SETTINGS = { appendonly: 'yes', appendfsync: 'everysec' } as const;
const NAIVE_ROWS = 5_000;
const UPSERT_WAYS = ['unnest-5k', 'copy-5k', 'copy-50k'] as const;

export async function benchDrain(options: DrainOptions): Promise<DrainReport> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-bench-'));
  const [postgres, redis] = await Promise.all([
    startPostgres({ settings: USUAL_SETTINGS }),
    startRedis({ settings: REDIS_SETTINGS }),
  ]);
  const client = new pg.Client({ connectionString: postgres.url });
  const keys = new Redis(redis.url);
  try {
    await client.connect();
    await createTable(client, postgres.timescale);
    const place = { url: postgres.url, redisUrl: redis.url, folder };
    const configFile = await setUpDrain(place);
    const bench: Bench = { ...options, postgres, redis, client, keys, configFile };
    const turns = await measureRounds(bench);
    const peaks = await measurePeaks(bench);
    return await reportDrain(client, keys, options, turns, peaks);
  } finally {
    keys.disconnect();
    await client.end();
    await Promise.all([postgres.remove(), redis.remove()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function createTable(client: pg.Client, timescale: boolean): Promise<void> {
  if (timescale) await client.query('create extension if not exists timescaledb');
  await client.query(CREATE_BARS);
  if (!timescale) return;
  await client.query(
    `select create_hypertable('${BAR_TABLE}', 'time', chunk_time_interval => interval '1 day')`,
  );
}

async function measureRounds(bench: Bench): Promise<Turns> {
  const turns: Record<string, DrainTurn[]> = {};
  const take = async (name: string, run: () => Promise<Outcome>): Promise<void> => {
    await empty(bench);
    const turn = await counted(bench, run);
    (turns[name] ??= []).push(turn);
    tell(bench, name, turn);
  };
  for (let round = 1; round <= bench.rounds; round += 1) {
    bench.say(`Round ${String(round)} of ${String(bench.rounds)}`);
    await bench.keys.flushall();
    for (const way of UPSERT_WAYS) await take(way, () => upsert(bench, way));
    await fillRedis(bench.redis.port, 'hash', NAIVE_ROWS);
    await take('naive', () => naive(bench));
    for (const type of TYPES) {
      await bench.keys.flushall();
      await fillRedis(bench.redis.port, type, bench.rows);
      await take(type, () => drain(bench, type, bench.rows));
    }
  }
  return turns;
}

/** The memory of each type's drain while the whole backlog waits. */
async function measurePeaks(bench: Bench): Promise<Record<EntryType, number>> {
  const peaks = { stream: Number.NaN, list: Number.NaN, hash: Number.NaN };
  for (const type of TYPES) {
    await bench.keys.flushall();
    bench.say(`A backlog of ${String(bench.backlog)}: ${type}`);
    await fillRedis(bench.redis.port, type, bench.backlog);
    await empty(bench);
    const turn = await counted(bench, () => drain(bench, type, bench.backlog));
    peaks[type] = turn.peakBytes ?? Number.NaN;
    tell(bench, type, turn);
  }
  return peaks;
}

async function empty({ client }: Bench): Promise<void> {
  await client.query(`truncate ${BAR_TABLE}`);
  await client.query('checkpoint');
}

/** How long the server's processes may take to end once their client has gone. */
const BACKEND_END_MS = 300;

async function counted(
  { postgres, keys }: Bench,
  run: () => Promise<Outcome & { readonly peakBytes?: number }>,
): Promise<DrainTurn> {
  const postgresBefore = cpuSeconds(postgres.pid());
  const redisBefore = await redisCpu(keys);
  const outcome = await run();
  await pause(BACKEND_END_MS);
  return {
    ...outcome,
    postgresCpuSeconds: cpuSeconds(postgres.pid()) - postgresBefore,
    redisCpuSeconds: (await redisCpu(keys)) - redisBefore,
  };
}

async function redisCpu(keys: Redis): Promise<number> {
  const info = await keys.info('cpu');
  const used = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)];
  return used.reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}

function tell({ say }: Bench, name: string, turn: DrainTurn): void {
  const perMillion = (seconds: number): string => ((seconds / turn.rows) * 1e6).toFixed(2);
  const peak =
    turn.peakBytes === undefined ? '' : `, ${String(Math.round(turn.peakBytes / 1_048_576))} MiB`;
  say(
    `  ${name.padEnd(10)} ${String(Math.round(turn.rows / turn.seconds)).padStart(8)} rows/s; processor seconds per million: ${perMillion(turn.cpuSeconds)} + PostgreSQL ${perMillion(turn.postgresCpuSeconds)} + Redis ${perMillion(turn.redisCpuSeconds)}${peak}`,
  );
}

async function drain(
  { client, configFile }: Bench,
  type: EntryType,
  expected: number,
): Promise<Outcome & { readonly peakBytes: number }> {
  const run = await runDrain(configFile, type);
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${BAR_TABLE}`);
  if (Number(rows[0]?.count) !== expected) {
    throw new Error(`${type}: ${rows[0]?.count ?? 'no'} rows of ${String(expected)} arrived`);
  }
  return { ...run, rows: expected };
}

function upsert({ postgres, rows }: Bench, way: UpsertJob['way']): Promise<Outcome> {
  return runProgram('upsert', { url: postgres.url, rows, way } satisfies UpsertJob);
}

function naive({ postgres, redis }: Bench): Promise<Outcome> {
  const job: NaiveJob = { url: postgres.url, redisUrl: redis.url, rows: NAIVE_ROWS };
  return runProgram('naive', job);
}

async function runProgram(name: string, job: UpsertJob | NaiveJob): Promise<Outcome> {
  const program = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const argv = [process.execPath, '--import', 'tsx', program, JSON.stringify(job)];
  return JSON.parse((await runChild(argv)).stdout) as Outcome;
}
