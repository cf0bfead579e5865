/** The month of one symbol, asked of a disk and of a bucket by what a process that waits for questions runs. */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { QueryRoom, type QueryTask } from '../../src/cli/rooms/query-task.ts';
import type { TierdConfig } from '../../src/config/load.ts';
import { spreadOf } from '../figures.ts';
import { type Needed, neededOf } from './needed.ts';
import type { PlacedLake } from './scene.ts';

const SYMBOL = 'S00007';
const COLUMNS = ['time', 'symbol', 'close'];
const QUESTIONS = 5;
const MEMORY_BYTES = 2 * 1024 ** 3;
const THREADS = 2;

export const monthOf = (table: string): string =>
  `select time, close from ${table} where symbol = '${SYMBOL}'
   and time >= '2024-01-01' and time < '2024-02-01' order by time`;

export interface MonthAsked {
  readonly ms: number;
  readonly text: string;
}

export interface FarMonth extends MonthAsked {
  readonly needed: Needed;
  /** Of the first question, as the proxy saw it. */
  readonly requests: number;
  readonly bytes: number;
}

export async function askDisk(placed: PlacedLake, table: string): Promise<MonthAsked> {
  const room = new QueryRoom();
  const asked = await medianOf(() => ask(room, placed, placed.config.lake, table));
  await leave(room);
  return asked;
}

/** Nothing of it is kept here when it is asked. @param delayMs added to each answer of the store */
export async function askBucket(
  placed: PlacedLake,
  table: string,
  delayMs: number,
): Promise<FarMonth> {
  const { proxy } = placed.scene;
  const { lake } = placed.config;
  if (lake.type !== 's3') throw new Error('the lake is in no bucket');
  const far = { ...lake, target: { ...lake.target, endpoint: proxy.url } };
  const room = new QueryRoom();
  const askAnew = async (): Promise<MonthAsked> => {
    await forgetKept(placed);
    return ask(room, placed, far, table);
  };
  await proxy.delay(0);
  await proxy.seen();
  await askAnew();
  const seen = await proxy.seen();
  await proxy.delay(delayMs);
  const asked = await medianOf(askAnew);
  await proxy.delay(0);
  await leave(room);
  return { ...asked, ...seen, needed: await neededIn(placed) };
}

/** With what the last question used. */
async function leave(room: QueryRoom): Promise<void> {
  await room.prepare();
  await room.close();
}

/** What of segments is kept here. */
export async function forgetKept({ config: { lake } }: PlacedLake): Promise<void> {
  if (lake.type !== 's3') return;
  await rm(join(lake.workDirectory, 'segments'), { recursive: true, force: true });
}

/** Of a few, after one that warms: pages, plans, code. */
async function medianOf(ask: () => Promise<MonthAsked>): Promise<MonthAsked> {
  const times: number[] = [];
  let text = '';
  for (let turn = 0; turn <= QUESTIONS; turn += 1) {
    const asked = await ask();
    text = asked.text;
    if (turn > 0) times.push(asked.ms);
  }
  return { ms: spreadOf(times, 1).median, text };
}

async function ask(
  room: QueryRoom,
  { scene, config }: PlacedLake,
  lake: TierdConfig['lake'],
  table: string,
): Promise<MonthAsked> {
  let text = '';
  const rows = new Writable({
    write(part: Buffer, _encoding, done) {
      text += part.toString();
      done();
    },
  });
  const { url, connectTimeoutMs } = config.postgres;
  const task: QueryTask = {
    request: {
      sql: monthOf(table),
      parameters: [],
      explain: false,
      format: 'csv',
      output: null,
      terminal: null,
      terminalWidth: null,
    },
    postgres: { url, connectTimeoutMs },
    lake,
    datasets: config.datasets,
    maxHotRows: config.query.maxHotRows,
    maxHoldMs: config.query.maxHoldMs,
    limits: {
      memoryLimitBytes: MEMORY_BYTES,
      threads: THREADS,
      // As each question has one of its own.
      spillDirectory: join(scene.folder, 'spill', randomUUID()),
    },
    live: null,
  };
  const warn = (warning: string): void => {
    throw new Error(warning);
  };
  // An engine that nothing was asked of is there, as in a process that waits.
  await room.prepare();
  const startedAt = performance.now();
  const { signal } = new AbortController();
  // Each request listens while it is under way.
  setMaxListeners(0, signal);
  await room.answer(task, { rows, signal, warn, onHead: () => undefined });
  return { ms: performance.now() - startedAt, text };
}

async function neededIn({ scene, store }: PlacedLake): Promise<Needed> {
  const directory = join(scene.folder, 'whole');
  await mkdir(directory);
  const { rows } = await scene.client.query<{ key: string }>(
    `select object_key as key from tierd.segments where state = 'live'`,
  );
  const paths: string[] = [];
  for (const { key } of rows) paths.push(await store.readable(key, directory));
  const needed = await neededOf(paths, { columns: COLUMNS, symbol: SYMBOL });
  await rm(directory, { recursive: true });
  return needed;
}
