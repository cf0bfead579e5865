/** Questions of hot time alone, put to a hypertable that reaches into the lake itself and to one of the same rows that doesn't. */
import type pg from 'pg';
import { type Spread, spreadOf } from '../figures.ts';
import type { FaceScene } from './scene.ts';

export interface HotReport {
  /** Time of the hypertable in place ÷ of the other, of the question where that is most; null where there is no TimescaleDB. */
  readonly hot_ratio: number | null;
  /** By question. */
  readonly hot_ratios: Readonly<Record<string, number>>;
  /** The same with `synchronous_commit` off for who asks: TimescaleDB writes a little for each question of time beside a foreign chunk. */
  readonly hot_ratios_unflushed: Readonly<Record<string, number>>;
  readonly hot_ms: Readonly<Record<string, Spread>>;
}

/** Of each round and question, after some that warm. */
const TURNS = 100;
const WARMING = 10;

const QUESTIONS: Readonly<Record<string, (table: string) => string>> = {
  symbol_week: (table) =>
    `select count(*), min(low), max(high), sum(volume) from ${table} where symbol = 'S7' and time > now() - interval '7 days'`,
  latest: (table) =>
    `select * from ${table} where symbol = 'S7' and time > now() - interval '20 days' order by time desc limit 20`,
  all_of_three_days: (table) =>
    `select symbol, max(high), sum(volume) from ${table}
     where time >= date_trunc('day', now()) - interval '5 days' and time < date_trunc('day', now()) - interval '2 days' group by symbol order by symbol`,
};

export async function measureHot(
  { client, hasHypertables }: FaceScene,
  rounds: number,
): Promise<HotReport> {
  if (!hasHypertables) {
    return { hot_ratio: null, hot_ratios: {}, hot_ratios_unflushed: {}, hot_ms: {} };
  }
  const ratios: Record<string, number> = {};
  const unflushed: Record<string, number> = {};
  const ms: Record<string, Spread> = {};
  for (const name of Object.keys(QUESTIONS)) {
    const usual = await measureOne(client, name, rounds);
    ratios[name] = usual.ratio;
    ms[`${name}_in_place`] = usual.placed;
    ms[`${name}_alone`] = usual.alone;
    await client.query('set synchronous_commit = off');
    unflushed[name] = (await measureOne(client, name, rounds)).ratio;
    await client.query('reset synchronous_commit');
  }
  const worst = Math.max(...Object.values(ratios));
  return { hot_ratio: worst, hot_ratios: ratios, hot_ratios_unflushed: unflushed, hot_ms: ms };
}

async function measureOne(
  client: pg.Client,
  name: string,
  rounds: number,
): Promise<{ readonly ratio: number; readonly placed: Spread; readonly alone: Spread }> {
  const placed: number[] = [];
  const alone: number[] = [];
  for (let turn = -WARMING; turn < rounds * TURNS; turn += 1) {
    // Which comes first is another one each time: the second finds the caches warmer.
    const tables = turn % 2 === 0 ? ['placed', 'alone'] : ['alone', 'placed'];
    const answers = new Set<string>();
    for (const table of tables) {
      const took = await timeOf(client, QUESTIONS[name]?.(table) ?? '', answers);
      if (turn >= 0) (table === 'placed' ? placed : alone).push(took);
    }
    if (answers.size !== 1) throw new Error(`${name}: the two hypertables answered otherwise`);
  }
  const pairs = placed.map((took, turn) => took / (alone[turn] ?? Number.NaN));
  return {
    ratio: spreadOf(pairs, 3).median,
    placed: spreadOf(placed, 3),
    alone: spreadOf(alone, 3),
  };
}

async function timeOf(client: pg.Client, sql: string, answers: Set<string>): Promise<number> {
  const startedAt = performance.now();
  const { rows } = await client.query(sql);
  const took = performance.now() - startedAt;
  answers.add(JSON.stringify(rows));
  return took;
}
