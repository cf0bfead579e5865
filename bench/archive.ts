/**
 * `npm run bench -- archive`: how fast rows go from PostgreSQL to proven Parquet, beside the limit
 * and beside what people use instead. In every round all take their turn, on the same rows.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../test/support/postgres-server.ts';
import { openServerTree } from '../test/support/server-tree.ts';
import { USUAL_SETTINGS } from '../test/support/usual-settings.ts';
import { type Job, type Outcome, runContender } from './contender.ts';
import { cpuSeconds } from './cpu.ts';
import { findPsql } from './psql.ts';
import { longestWaitMs, startReader } from './reader.ts';
import {
  type ArchiveReport,
  type DropCost,
  type LargeSlices,
  type Measured,
  reportArchive,
  type Turn,
} from './report.ts';
import { type RotationRun, runRotation, setUpTierd } from './rotation.ts';
import { LOG_SETTINGS, logStatements, readDropTimes } from './statement-log.ts';
import {
  type BenchTable,
  COLUMNS,
  createTable,
  dropTable,
  fewSymbols,
  fillTable,
  type PriceType,
} from './table.ts';

export interface ArchiveOptions {
  readonly rows: number;
  readonly rounds: number;
  readonly priceType: PriceType;
  /** Leaves out the slice of 10 M rows. */
  readonly quick: boolean;
  readonly say: (text: string) => void;
}

interface Bench extends ArchiveOptions {
  readonly server: PostgresServer;
  readonly client: pg.Client;
  readonly psql: readonly string[];
  readonly folder: string;
}

/** In the order in which they take their turn. */
const CONTENDERS = [
  'copy-socket',
  'copy-psql',
  'tierd-stages',
  'csv-duckdb',
  'cursor-parquetjs',
] as const;

const DAYS = 5;
const PARQUETJS_ROWS = 200_000;
const SMALL_SLICE = 1_000_000;
const LARGE_SLICE = 10_000_000;

export async function benchArchive(options: ArchiveOptions): Promise<ArchiveReport> {
  const tree = await openServerTree();
  const psql = findPsql(tree);
  const folder = await mkdtemp(join(tmpdir(), 'tierd-bench-'));
  const settings = { ...USUAL_SETTINGS, ...LOG_SETTINGS };
  const server = await startPostgres({ tree, settings });
  const client = new pg.Client({ connectionString: server.url });
  try {
    await client.connect();
    const bench: Bench = { ...options, server, client, psql, folder };
    const measured = await measureSpeed(bench);
    const large = await measureLargeSlices(bench);
    return await reportArchive(client, options.priceType, measured, large);
  } finally {
    await client.end();
    await server.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureSpeed(bench: Bench): Promise<Measured> {
  const { client, say } = bench;
  say(`Making ${bench.rows} rows …`);
  const table = await createTable(client, {
    name: 'ohlcv',
    rows: bench.rows,
    days: DAYS,
    kind: bench.server.timescale ? 'hypertable' : 'plain',
    priceType: bench.priceType,
  });
  const turns: Record<string, Turn[]> = {};
  const take = async (name: string, run: () => Promise<Outcome>): Promise<void> => {
    const turn = await countingPostgres(bench, run);
    (turns[name] ??= []).push(turn);
    const rate = Math.round(turn.rows / turn.seconds / 1000);
    const cpu = ((turn.cpuSeconds + turn.postgresCpuSeconds) / turn.rows) * 1_000_000;
    say(
      `  ${name.padEnd(18)} ${String(rate).padStart(6)} thousand rows/s, ${cpu.toFixed(2)} s of processor time per million`,
    );
  };
  for (let round = 1; round <= bench.rounds; round += 1) {
    say(`Round ${round} of ${bench.rounds}`);
    await fillTable(client, table);
    for (const name of CONTENDERS) await take(name, () => runInFolder(bench, name, table));
    await take('tierd-rotation', () => rotate(bench, table));
  }
  await dropTable(client, table);
  return { rows: table.rows, turns };
}

/** How long the server's processes may take to end once their client has gone. */
const BACKEND_END_MS = 300;

/** Its backends count once they have ended. */
async function countingPostgres({ server }: Bench, run: () => Promise<Outcome>): Promise<Turn> {
  const before = cpuSeconds(server.pid());
  const outcome = await run();
  await pause(BACKEND_END_MS);
  return { ...outcome, postgresCpuSeconds: cpuSeconds(server.pid()) - before };
}

/** With a lake and a ledger of its own, whether it needs them or not. */
async function runInFolder(bench: Bench, name: string, table: BenchTable): Promise<Outcome> {
  const { client, folder, psql, server } = bench;
  const outDir = join(folder, name);
  await mkdir(outDir);
  try {
    const { configFile } = await setUpTierd(client, {
      url: server.url,
      folder: outDir,
      table: table.name,
    });
    const outcome = await runContender(name, {
      ...jobFor(table),
      url: server.url,
      psql,
      outDir,
      configFile,
    });
    // psql to /dev/null counts nothing.
    return Number.isFinite(outcome.rows) ? outcome : { ...outcome, rows: table.rows };
  } finally {
    await rm(outDir, { recursive: true });
  }
}

async function rotate(bench: Bench, table: BenchTable): Promise<RotationRun> {
  const { client, folder, server } = bench;
  const setup = await setUpTierd(client, { url: server.url, folder, table: table.name });
  const run = await runRotation(setup);
  if (run.rows !== table.rows) {
    throw new Error(`tierd moved ${run.rows} rows of ${table.rows}`);
  }
  return run;
}

/** A chunk of 1 M and one of 10 M rows in turn: what a move needs at most, and what its end costs. */
async function measureLargeSlices(bench: Bench): Promise<LargeSlices> {
  const { client, say, server } = bench;
  await logStatements(client);
  const peakBytes: number[] = [];
  const times: Record<number, DropCost[]> = { [SMALL_SLICE]: [], [LARGE_SLICE]: [] };
  const sizes = bench.quick ? [SMALL_SLICE] : [SMALL_SLICE, LARGE_SLICE];
  for (let round = 1; round <= bench.rounds; round += 1) {
    for (const rows of sizes) {
      const table = await createTable(client, {
        name: 'one_slice',
        rows,
        days: 1,
        kind: server.timescale ? 'hypertable' : 'partitioned',
        priceType: bench.priceType,
      });
      await fillTable(client, table);
      const logged = server.log().length;
      const reader = await startReader(server.url, table.name);
      const outcome = await rotate(bench, table).finally(() => reader.stop());
      if (rows === sizes.at(-1)) peakBytes.push(outcome.peakBytes);
      const log = server.log().slice(logged);
      const drop = { ...readDropTimes(log), waitMs: longestWaitMs(log) };
      times[rows]?.push(drop);
      say(
        `A slice of ${rows} rows: ${Math.round(outcome.peakBytes / 1_048_576)} MiB at most; its chunk: ${Math.round(drop.commitMs)} ms for the whole transaction, ${Math.round(drop.lockToEndMs)} ms from the lock to its end, readers waited ${Math.round(drop.waitMs)} ms`,
      );
      await dropTable(client, table);
    }
  }
  return {
    rows: sizes.at(-1) ?? 0,
    peakBytes,
    of1m: times[SMALL_SLICE] ?? [],
    of10m: times[LARGE_SLICE] ?? [],
  };
}

function jobFor(
  table: BenchTable,
): Pick<Job, 'table' | 'slices' | 'sortBy' | 'columns' | 'fewRows'> {
  const price = table.priceType === 'double precision' ? 'DOUBLE' : 'DECIMAL(20,8)';
  const types: Record<(typeof COLUMNS)[number], string> = {
    time: 'TIMESTAMP WITH TIME ZONE',
    symbol: 'VARCHAR',
    open: price,
    high: price,
    low: price,
    close: price,
    volume: 'BIGINT',
  };
  return {
    table: table.name,
    slices: table.days.map(({ fromInclusive, toExclusive }) => ({
      from: new Date(fromInclusive).toISOString(),
      to: new Date(toExclusive).toISOString(),
    })),
    sortBy: ['symbol', 'time'],
    columns: COLUMNS.map((name) => ({ name, duckdbType: types[name] })),
    fewRows: fewSymbols(PARQUETJS_ROWS),
  };
}
