/** Questions over HTTP: one that is asked again, and eight clients at once. */
import { round, type Spread, spreadOf } from '../figures.ts';
import { type AskedDaemon, startAskedDaemon } from './daemon.ts';
import type { QueryScene } from './scene.ts';

export interface Served {
  /** The first time ÷ the second, which is answered from memory: a figure of all of the lake. */
  readonly cache_ratio: Spread;
  /** The same of one symbol and one month. */
  readonly cache_month_ratio: Spread;
  readonly clients: {
    readonly requests: number;
    readonly failed: number;
    readonly p50_ms: number;
    readonly p99_ms: number;
    /** Of the daemon, meanwhile. */
    readonly loop_delay_p99_ms: number;
  };
}

const CLIENTS = 8;
const TURNS = { quick: 12, full: 60 };

export async function measureServed(
  scene: QueryScene,
  { rounds, quick }: { readonly rounds: number; readonly quick: boolean },
): Promise<Served> {
  const daemon = await startAskedDaemon(scene);
  try {
    // Processes, connections, code.
    for (let turn = 0; turn < CLIENTS; turn += 1) await daemon.ask(monthOf(scene, turn, 0));
    const lake = (turn: number) =>
      `select symbol, count(*), min(low), max(high), sum(volume) from cold.bars where volume >= ${String(turn)} group by symbol`;
    return {
      cache_ratio: await askTwice(daemon, rounds, lake),
      cache_month_ratio: await askTwice(daemon, rounds, (turn) => monthOf(scene, 40 + turn, 1)),
      clients: await askAtOnce(scene, daemon, quick ? TURNS.quick : TURNS.full),
    };
  } finally {
    await daemon.stop();
  }
}

function symbolOf({ size }: QueryScene, n: number): string {
  return `'S${String(n % size.symbols).padStart(5, '0')}'`;
}

/** Of each symbol another month each time: no answer is there already. */
function monthOf(scene: QueryScene, n: number, turn: number): string {
  const { size, day } = scene;
  const first = size.hotDays + Math.floor(size.coldDays / 2) + (turn % 20);
  return `select count(*), min(low), max(high), sum(volume) from bars where symbol = ${symbolOf(scene, n)} and time >= ${day(first)} and time < ${day(first - 31)}`;
}

async function askTwice(
  daemon: AskedDaemon,
  rounds: number,
  question: (turn: number) => string,
): Promise<Spread> {
  const ratios: number[] = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    const first = await daemon.ask(question(turn));
    const again = await daemon.ask(question(turn));
    if (first.isCached || !again.isCached) {
      throw new Error('a question that was asked again was not answered from memory');
    }
    ratios.push(first.ms / again.ms);
  }
  return spreadOf(ratios, 1);
}

async function askAtOnce(
  scene: QueryScene,
  daemon: AskedDaemon,
  turns: number,
): Promise<Served['clients']> {
  const times: number[] = [];
  let failed = 0;
  await daemon.loopDelayP99Ms();
  const client = async (id: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) {
      try {
        const { ms } = await daemon.ask(questionOf(scene, id, turn));
        times.push(ms);
      } catch {
        failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, id) => client(id)));
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN, 1);
  return {
    requests: times.length + failed,
    failed,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    loop_delay_p99_ms: round(await daemon.loopDelayP99Ms(), 1),
  };
}

/** A month of the lake, the newest rows, and a span over the border, in turn. */
function questionOf(scene: QueryScene, id: number, turn: number): string {
  const { size, day } = scene;
  const symbol = symbolOf(scene, id + turn * CLIENTS);
  switch (turn % 3) {
    case 0:
      return monthOf(scene, id + turn * CLIENTS, 2 + turn);
    case 1:
      return `select * from bars where symbol = ${symbol} order by time desc limit 100`;
    default:
      return `select time, symbol, close from bars where symbol = ${symbol} and time >= ${day(size.hotDays + 5)} and time < ${day(size.hotDays - 5)} order by time`;
  }
}
