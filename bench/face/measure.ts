/**
 * `npm run bench -- face`: what a question costs over the PostgreSQL face, beside PostgreSQL with the same rows. In
 * every round all take their turn, with the same client.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { round, type Spread, spreadOf } from '../figures.ts';
import { drain } from './drain-client.ts';
import { type HotReport, measureHot } from './hot.ts';
import { type FaceScene, openFaceScene } from './scene.ts';
import { measureView, type ViewReport } from './view.ts';

export interface FaceOptions {
  readonly rows: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
}

export interface FaceReport extends ViewReport, HotReport {
  /** Rows a second of a full scan by postgres_fdw, ÷ from PostgreSQL itself; null where there is none. */
  readonly scan_ratio: number | null;
  /** That the daemon grows by with 32 connections that do nothing. */
  readonly idle_mb: number;
  readonly select_1_ms: number;
  /** The same of PostgreSQL. */
  readonly postgres_select_1_ms: number;
  /** Rows a second of a full scan, ÷ from PostgreSQL itself, by how the rows are asked for. */
  readonly scan_ratios: Readonly<Record<string, Spread>>;
  readonly scan_rows_per_second: Readonly<Record<string, Spread>>;
}

const CONNECTIONS = 32;
const PINGS = 500;

const WAYS: Readonly<Record<string, (table: string) => string>> = {
  text: (table) => `select * from ${table}`,
  copy_text: (table) => `copy (select * from ${table}) to stdout`,
  copy_binary: (table) => `copy (select * from ${table}) to stdout (format binary)`,
};

export async function benchFace(options: FaceOptions): Promise<FaceReport> {
  const scene = await openFaceScene(options.rows);
  try {
    options.say(`${String(options.rows)} rows are in the lake`);
    const idle = await measureIdle(scene);
    const ping = spreadOf(await measurePings(scene.face), 3);
    const pingPostgres = spreadOf(await measurePings({ connectionString: scene.server.url }), 3);
    options.say(
      `select 1: ${JSON.stringify(ping)} ms, of PostgreSQL ${JSON.stringify(pingPostgres)} ms`,
    );
    const view = await measureView(scene, options.rounds);
    const hot = await measureHot(scene, options.rounds);
    options.say(
      `of hot time alone, in place ÷ alone: ${JSON.stringify(hot.hot_ratios)}, unflushed: ${JSON.stringify(hot.hot_ratios_unflushed)}`,
    );
    const { ratios, rates } = await measureScans(scene, options);
    return {
      ...view,
      scan_ratio: ratios['foreign']?.median ?? null,
      ...hot,
      idle_mb: idle,
      select_1_ms: ping.median,
      postgres_select_1_ms: pingPostgres.median,
      scan_ratios: ratios,
      scan_rows_per_second: rates,
    };
  } finally {
    await scene.remove();
  }
}

async function measureIdle({ face, daemonPid }: FaceScene): Promise<number> {
  const first = new pg.Client(face);
  await first.connect();
  await first.query('select 1');
  const before = residentMb(daemonPid);
  const clients = Array.from({ length: CONNECTIONS }, () => new pg.Client(face));
  for (const client of clients) {
    await client.connect();
    await client.query('select 1');
  }
  const grown = residentMb(daemonPid) - before;
  await Promise.all([first, ...clients].map((client) => client.end()));
  return round(grown, 1);
}

function residentMb(pid: number): number {
  const [, kb] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

async function measurePings(config: pg.ClientConfig): Promise<readonly number[]> {
  const client = new pg.Client(config);
  await client.connect();
  const times: number[] = [];
  for (let turn = 0; turn < PINGS; turn += 1) {
    const startedAt = performance.now();
    await client.query('select 1');
    times.push(performance.now() - startedAt);
  }
  await client.end();
  // The first ones are compiled yet.
  return times.slice(PINGS / 5);
}

async function measureScans(
  { client, server, face, hasForeignTables }: FaceScene,
  { rows, rounds, say }: FaceOptions,
): Promise<{
  readonly ratios: Record<string, Spread>;
  readonly rates: Record<string, Spread>;
}> {
  const ours: Record<string, number[]> = {};
  const theirs: Record<string, number[]> = {};
  const note = (way: string, postgresMs: number, faceMs: number): void => {
    (theirs[way] ??= []).push(postgresMs);
    (ours[way] ??= []).push(faceMs);
  };
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const [way, ask] of Object.entries(WAYS)) {
      const postgres = await drain({ connectionString: server.url }, ask('twin'));
      note(way, postgres.ms, (await drain(face, ask('bars'))).ms);
    }
    if (!hasForeignTables) continue;
    const postgresMs = await scanForeign(client, 'twin_bars', rows);
    note('foreign', postgresMs, await scanForeign(client, 'face_bars', rows));
    say(`round ${String(turn + 1)} of ${String(rounds)}`);
  }
  const spreads = (of: (way: string, turn: number) => number, digits: number) =>
    Object.fromEntries(
      Object.keys(ours).map((way) => [
        way,
        spreadOf(
          (ours[way] ?? []).map((_, turn) => of(way, turn)),
          digits,
        ),
      ]),
    );
  const at = (of: Record<string, number[]>, way: string, turn: number): number =>
    of[way]?.[turn] ?? Number.NaN;
  return {
    ratios: spreads((way, turn) => at(theirs, way, turn) / at(ours, way, turn), 3),
    rates: spreads((way, turn) => (rows / at(ours, way, turn)) * 1_000, 0),
  };
}

/** All columns of all rows cross: `offset 0` keeps the aggregates here. */
async function scanForeign(client: pg.Client, table: string, rows: number): Promise<number> {
  const startedAt = performance.now();
  const found = await client.query<{ n: string }>(
    `select count(*) as n, max(time), max(symbol), sum(open), sum(high), sum(low), sum(close), sum(volume)
     from (select * from ${table} offset 0) as scanned`,
  );
  if (Number(found.rows[0]?.n) !== rows) throw new Error(`${table} gave another number of rows`);
  return performance.now() - startedAt;
}
