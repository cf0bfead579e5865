/** The one JSON object that the bench of the drain ends with. */
import { cpus, totalmem } from 'node:os';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Outcome } from '../contender.ts';
import { round, type Spread, spreadOf } from '../figures.ts';
import { type EntryType, TYPES } from './fill.ts';

export interface DrainTurn extends Outcome {
  readonly postgresCpuSeconds: number;
  readonly redisCpuSeconds: number;
  readonly peakBytes?: number;
}

/** The turns of all rounds, by contender. */
export type Turns = Readonly<Record<string, readonly DrainTurn[]>>;

export interface DrainReport {
  readonly bench: 'drain';
  readonly at: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly postgresql: string;
  readonly timescaledb: string | null;
  readonly redis: string;
  readonly rows: number;
  readonly rounds: number;
  readonly rows_per_second: Readonly<Record<string, Spread>>;
  /** Processor time per million rows, PostgreSQL's and Redis' included. */
  readonly cpu_seconds_per_million: Readonly<Record<string, Spread>>;
  /** Within each round, over the fastest upsert and over the first version. */
  readonly ratios: Readonly<Record<string, Spread>>;
  /** The worst of the three types: the median of its ratios. */
  readonly ratio_to_upsert: number;
  readonly ratio_to_naive: number;
  readonly backlog: number;
  readonly peak_rss: Readonly<Record<EntryType, number>>;
  /** The worst of the three types. */
  readonly peak_rss_mb: number;
}

const MIB = 1_048_576;
const UPSERTS = ['unnest-5k', 'copy-5k', 'copy-50k'];

export async function reportDrain(
  client: pg.Client,
  keys: Redis,
  options: { readonly rows: number; readonly rounds: number; readonly backlog: number },
  turns: Turns,
  peaks: Readonly<Record<EntryType, number>>,
): Promise<DrainReport> {
  const rates = Object.fromEntries(
    Object.entries(turns).map(([name, all]) => [name, all.map((turn) => turn.rows / turn.seconds)]),
  );
  const upsert = Array.from({ length: options.rounds }, (_, index) =>
    Math.max(...UPSERTS.map((way) => rates[way]?.[index] ?? 0)),
  );
  const ratios: Record<string, Spread> = {};
  for (const type of TYPES) {
    const own = rates[type] ?? [];
    ratios[`${type}_to_upsert`] = spreadOf(
      own.map((rate, index) => rate / (upsert[index] ?? 0)),
      3,
    );
    ratios[`${type}_to_naive`] = spreadOf(
      own.map((rate, index) => rate / (rates['naive']?.[index] ?? 0)),
      1,
    );
  }
  const worst = (what: string): number =>
    Math.min(...TYPES.map((type) => ratios[`${type}_${what}`]?.median ?? 0));
  const peakRss = {
    stream: round(peaks.stream / MIB, 0),
    list: round(peaks.list / MIB, 0),
    hash: round(peaks.hash / MIB, 0),
  };
  return {
    bench: 'drain',
    at: new Date().toISOString(),
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model ?? 'unknown',
      memory_gb: round(totalmem() / 1024 ** 3, 1),
      node: process.version,
    },
    ...(await versionsOf(client)),
    redis: /^redis_version:(.*)\r$/m.exec(await keys.info('server'))?.[1] ?? 'unknown',
    rows: options.rows,
    rounds: options.rounds,
    rows_per_second: {
      upsert: spreadOf(upsert),
      ...Object.fromEntries(Object.entries(rates).map(([name, all]) => [name, spreadOf(all)])),
    },
    cpu_seconds_per_million: Object.fromEntries(
      Object.entries(turns).map(([name, all]) => [name, spreadOf(all.map(cpuPerMillion), 2)]),
    ),
    ratios,
    ratio_to_upsert: worst('to_upsert'),
    ratio_to_naive: worst('to_naive'),
    backlog: options.backlog,
    peak_rss: peakRss,
    peak_rss_mb: Math.max(...Object.values(peakRss)),
  };
}

function cpuPerMillion(turn: DrainTurn): number {
  return ((turn.cpuSeconds + turn.postgresCpuSeconds + turn.redisCpuSeconds) / turn.rows) * 1e6;
}

async function versionsOf(
  client: pg.Client,
): Promise<{ readonly postgresql: string; readonly timescaledb: string | null }> {
  const { rows } = await client.query<{ postgresql: string; timescaledb: string | null }>(
    `select current_setting('server_version') as postgresql,
       (select extversion from pg_catalog.pg_extension where extname = 'timescaledb') as timescaledb`,
  );
  return rows[0] ?? { postgresql: 'unknown', timescaledb: null };
}
