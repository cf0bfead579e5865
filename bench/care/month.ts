/**
 * A month of rows, as days of the lake and as very many small segments: what it costs to bring them back, to make
 * the small ones large, and to ask them.
 */
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { copyRowsIn } from '../../src/hot/copy/copy-rows-in.ts';
import { spreadOf } from '../figures.ts';
import { runPsql } from '../psql.ts';
import { askTierd } from '../query/ask.ts';
import { type BenchTable, createTable, dropTable } from '../table.ts';
import { beginCare, type Care, type CareScene, type Cost, costOf, tierd } from './scene.ts';

const TABLE = 'ohlcv';
const DAYS = 31;
const FROM = '2024-01-01';
const TO = '2024-02-01';
const MONTH_QUERY = `select count(*), min(low), max(high), sum(volume) from ${TABLE}
  where symbol = 'S00007' and time >= '${FROM}' and time < '${TO}'`;
const QUESTIONS = 5;
const PIECE_BYTES = 1 << 18;

export interface MonthSize {
  readonly rows: number;
  /** At least so many small ones. */
  readonly segments: number;
}

/** What a round took, each in its turn. */
export interface MonthRound {
  readonly copy: Omit<Cost, 'peakBytes'>;
  readonly rotation: Cost;
  readonly restore: Cost;
  readonly compaction: Cost;
  readonly smallSegments: number;
  readonly segmentsAfter: number;
  /** Of the month's question: medians. */
  readonly msBefore: number;
  readonly msAfter: number;
}

export interface Month {
  readonly scene: CareScene;
  readonly table: BenchTable;
  readonly size: MonthSize;
  /** Files of COPY binary, a day each. */
  readonly dayFiles: readonly string[];
}

export async function openMonth(scene: CareScene, size: MonthSize): Promise<Month> {
  const { client, server, folder, psql } = scene;
  const table = await createTable(client, {
    name: TABLE,
    kind: server.timescale ? 'hypertable' : 'partitioned',
    rows: size.rows,
    days: DAYS,
    priceType: 'double precision',
  });
  const dayFolder = join(folder, 'days');
  await mkdir(dayFolder);
  const dayFiles = table.days.map((_, day) => join(dayFolder, `${String(day)}.copy`));
  for (const [day, { fromInclusive, toExclusive }] of table.days.entries()) {
    const [from, to] = [fromInclusive, toExclusive].map((at) => new Date(at).toISOString());
    // In the order in which the lake has them: what an index thinks of an order is the same for both.
    const rows = `select * from ${TABLE}_source where time >= '${from ?? ''}' and time < '${to ?? ''}' order by symbol, time`;
    const copy = `copy (${rows}) to stdout (format binary)`;
    await runPsql(psql, server.url, copy, dayFiles[day] ?? '');
  }
  return { scene, table, size, dayFiles };
}

export async function measureMonth(month: Month, say: (text: string) => void): Promise<MonthRound> {
  const { table } = month;
  const days = await beginCare(month.scene, TABLE, 'hot_days: 30');
  const copy = await copyIn(month);
  say(`  COPY FROM binary   ${rateOf(table.rows, copy)}`);
  await settle(month.scene);
  const rotation = await tierd(days, 'rotate', '--quiet', '--force');
  say(`  rotation           ${rateOf(table.rows, rotation)}`);
  await settle(month.scene);
  const restore = await tierd(days, 'restore', TABLE, '--from', FROM, '--to', TO, '--quiet');
  say(`  restore            ${rateOf(table.rows, restore)}`);
  await assertRows(month.scene, table.rows);

  const small = await beginCare(month.scene, TABLE, 'hot_days: 30');
  await rotateInBits(month, small);
  const smallSegments = await countSegments(month.scene);
  const msBefore = await askMonth(small);
  const compaction = await tierd(small, 'compact', '--quiet');
  const segmentsAfter = await countSegments(month.scene);
  const msAfter = await askMonth(small);
  say(`  compaction         ${rateOf(table.rows, compaction)}`);
  say(
    `  the month of ${String(smallSegments)} segments: ${String(msBefore)} ms; of ${String(segmentsAfter)}: ${String(msAfter)} ms`,
  );
  return {
    ...{ copy, rotation, restore, compaction, smallSegments, segmentsAfter, msBefore, msAfter },
  };
}

/** A COPY for each day, as a restore has a transaction for each: what costs nothing but PostgreSQL and a socket. */
async function copyIn({ scene, dayFiles }: Month): Promise<Omit<Cost, 'peakBytes'>> {
  await scene.client.query(`truncate ${TABLE}`);
  await scene.client.query('checkpoint');
  return costOf(scene, async () => {
    const client = new pg.Client({ connectionString: scene.server.url });
    await client.connect();
    const startedAt = performance.now();
    for (const file of dayFiles) {
      const pieces = createReadStream(file, { highWaterMark: PIECE_BYTES });
      await copyRowsIn(client, `copy ${TABLE} from stdin (format binary)`, pieces);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    await client.end();
    return { seconds };
  });
}

/** Each day's rows come late, bit by bit: each bit makes a segment of each day. */
async function rotateInBits({ scene, table, size }: Month, care: Care): Promise<void> {
  const { client } = scene;
  await client.query(`truncate ${TABLE}`);
  const bits = Math.ceil(size.segments / table.days.length);
  for (let bit = 0; bit < bits; bit += 1) {
    await client.query(
      `insert into ${TABLE} select * from ${TABLE}_source where (extract(epoch from time) / 60)::int % $1 = $2`,
      [bits, bit],
    );
    await tierd(care, 'rotate', '--quiet', '--force');
  }
}

async function askMonth({ scene, dataset, store }: Care): Promise<number> {
  const { client, folder } = scene;
  const times: number[] = [];
  for (let turn = 0; turn <= QUESTIONS; turn += 1) {
    const { ms } = await askTierd({ client, datasets: [dataset], store, folder }, MONTH_QUERY);
    // The first warms: pages, plans, code.
    if (turn > 0) times.push(ms);
  }
  return spreadOf(times, 1).median;
}

/** As a table that has been there for a while: nothing is left to be written. */
async function settle({ client }: CareScene): Promise<void> {
  await client.query(`vacuum (freeze, analyze) ${TABLE}`);
  await client.query('checkpoint');
}

async function assertRows({ client }: CareScene, rows: number): Promise<void> {
  const found = await client.query<{ rows: number }>(`select count(*)::int as rows from ${TABLE}`);
  if (found.rows[0]?.rows !== rows) throw new Error('not all rows came back');
}

async function countSegments({ client }: CareScene): Promise<number> {
  const { rows } = await client.query<{ live: number }>(
    "select count(*)::int as live from tierd.segments where state = 'live'",
  );
  return rows[0]?.live ?? 0;
}

function rateOf(rows: number, { seconds, cpuSeconds }: Omit<Cost, 'peakBytes'>): string {
  const rate = String(Math.round(rows / seconds / 1000)).padStart(6);
  const cpu = ((cpuSeconds / rows) * 1_000_000).toFixed(2);
  return `${rate} thousand rows/s, ${cpu} s of processor time per million`;
}

export async function closeMonth({ scene, table }: Month): Promise<void> {
  await dropTable(scene.client, table);
  await rm(join(scene.folder, 'days'), { recursive: true });
}
