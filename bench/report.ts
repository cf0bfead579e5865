/** The one JSON object that the bench ends with. */
import { cpus, totalmem } from 'node:os';
import type pg from 'pg';
import type { Outcome } from './contender.ts';
import { round, type Spread, spreadOf } from './figures.ts';
import type { DropTimes } from './statement-log.ts';
import type { PriceType } from './table.ts';

export interface Turn extends Outcome {
  readonly postgresCpuSeconds: number;
}

/** The turns of all rounds, by contender. */
export interface Measured {
  readonly rows: number;
  readonly turns: Readonly<Record<string, readonly Turn[]>>;
}

export interface DropCost extends DropTimes {
  /** The longest that a reader of the table had to wait for its lock. */
  readonly waitMs: number;
}

export interface LargeSlices {
  /** Of the largest slice: `peakBytes` is of the rotations that moved it. */
  readonly rows: number;
  readonly peakBytes: readonly number[];
  readonly of1m: readonly DropCost[];
  /** Empty when there was no time for it. */
  readonly of10m: readonly DropCost[];
}

export interface ArchiveReport {
  readonly bench: 'archive';
  readonly at: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly postgresql: string;
  readonly timescaledb: string | null;
  readonly rows: number;
  readonly rounds: number;
  readonly prices: PriceType;
  readonly rows_per_second: Readonly<Record<string, Spread>>;
  /** Processor time per million rows, PostgreSQL's included: also true on a busy machine. */
  readonly cpu_seconds_per_million: Readonly<Record<string, Spread>>;
  readonly file_bytes: Readonly<Record<string, number>>;
  readonly bytes_per_row: Readonly<Record<string, number>>;
  readonly rows_of_parquetjs: number;
  /** Medians of the ratios of each round; their spread is in `ratios`. */
  readonly ratio_to_limit: number;
  readonly ratio_to_csv_duckdb: number;
  readonly ratio_to_parquetjs: number;
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly peak_rss_rows: number;
  readonly peak_rss_mb: number;
  readonly peak_rss: Spread;
  readonly drop_1m_ms: number;
  readonly drop_10m_ms: number | null;
  readonly drop_ms: Readonly<Record<string, Spread>>;
  /** The drop and the removal of its files, which nobody but tierd waits for. */
  readonly lock_to_end_ms: Readonly<Record<string, Spread>>;
  /** The whole transaction, digest included. */
  readonly commit_ms: Readonly<Record<string, Spread>>;
}

const MIB = 1_048_576;

export async function reportArchive(
  client: pg.Client,
  priceType: PriceType,
  measured: Measured,
  slices: LargeSlices,
): Promise<ArchiveReport> {
  const rates = ratesOf(measured);
  const { limit = [], export_publish_verify: stages = [] } = rates;
  const ratios = {
    to_limit: ratiosOf(stages, limit),
    to_csv_duckdb: ratiosOf(stages, rates['csv_duckdb']),
    to_parquetjs: ratiosOf(stages, rates['parquetjs']),
    rotation_to_limit: ratiosOf(rates['rotation'], limit),
  };
  const files = {
    tierd: lastOf(measured, 'tierd-rotation'),
    csv_duckdb: lastOf(measured, 'csv-duckdb'),
    parquetjs: lastOf(measured, 'cursor-parquetjs'),
  };
  const peak = spreadOf(slices.peakBytes.map((bytes) => bytes / MIB));
  const chunks = { '1m': slices.of1m, '10m': slices.of10m };
  const spreads = (of: (cost: DropCost) => number): Record<keyof typeof chunks, Spread> =>
    mapValues(chunks, (costs) => spreadOf(costs.map(of), 1));
  const waits = spreads(({ waitMs }) => waitMs);
  const { server_version, timescaledb } = await askVersions(client);
  return {
    bench: 'archive',
    at: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cpus: cpus().length,
      memory_gib: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    postgresql: server_version,
    timescaledb,
    rows: measured.rows,
    rounds: limit.length,
    prices: priceType,
    rows_per_second: mapValues(rates, (values) => spreadOf(values)),
    cpu_seconds_per_million: mapValues(costsOf(measured), (values) => spreadOf(values, 2)),
    file_bytes: mapValues(files, ({ bytes }) => bytes),
    bytes_per_row: mapValues(files, ({ bytes, rows }) => round(bytes / rows, 2)),
    rows_of_parquetjs: files.parquetjs.rows,
    ratio_to_limit: ratios.to_limit.median,
    ratio_to_csv_duckdb: ratios.to_csv_duckdb.median,
    ratio_to_parquetjs: ratios.to_parquetjs.median,
    ratios,
    peak_rss_rows: slices.rows,
    peak_rss_mb: peak.max,
    peak_rss: peak,
    drop_1m_ms: waits['1m'].median,
    drop_10m_ms: slices.of10m.length === 0 ? null : waits['10m'].median,
    drop_ms: waits,
    lock_to_end_ms: spreads(({ lockToEndMs }) => lockToEndMs),
    commit_ms: spreads(({ commitMs }) => commitMs),
  };
}

/** Rows per second, round by round. The limit of a round is the faster of the two ways to reach it. */
function ratesOf(measured: Measured): Record<string, number[]> {
  const rates = ofEach(measured, ({ rows, seconds }) => rows / seconds);
  const { copy_socket: socket = [], copy_psql: psql = [] } = rates;
  return { limit: socket.map((rate, index) => Math.max(rate, psql[index] ?? 0)), ...rates };
}

function costsOf(measured: Measured): Record<string, number[]> {
  return ofEach(
    measured,
    ({ rows, cpuSeconds, postgresCpuSeconds }) =>
      ((cpuSeconds + postgresCpuSeconds) / rows) * 1_000_000,
  );
}

const NAMES = {
  copy_socket: 'copy-socket',
  copy_psql: 'copy-psql',
  export_publish_verify: 'tierd-stages',
  rotation: 'tierd-rotation',
  csv_duckdb: 'csv-duckdb',
  parquetjs: 'cursor-parquetjs',
} as const;

function ofEach({ turns }: Measured, figure: (turn: Turn) => number): Record<string, number[]> {
  return mapValues(NAMES, (name) => (turns[name] ?? []).map(figure));
}

/** Each round against itself: what slowed the machine down then slowed both. */
function ratiosOf(ours: readonly number[] = [], theirs: readonly number[] = []): Spread {
  return spreadOf(
    ours.map((rate, index) => rate / (theirs[index] ?? Number.NaN)),
    3,
  );
}

function lastOf({ turns }: Measured, name: string): Turn {
  const turn = turns[name]?.at(-1);
  if (turn === undefined) throw new Error(`${name} did not run`);
  return turn;
}

function mapValues<Key extends string, From, To>(
  record: Readonly<Record<Key, From>>,
  change: (value: From) => To,
): Record<Key, To> {
  const entries = Object.entries<From>(record).map(([key, value]) => [key, change(value)]);
  return Object.fromEntries(entries) as Record<Key, To>;
}

async function askVersions(
  client: pg.Client,
): Promise<{ readonly server_version: string; readonly timescaledb: string | null }> {
  const result = await client.query<{ server_version: string; timescaledb: string | null }>(
    `select current_setting('server_version') as server_version,
       (select extversion from pg_extension where extname = 'timescaledb') as timescaledb`,
  );
  const [row] = result.rows;
  if (row === undefined) throw new Error('no version');
  return row;
}
