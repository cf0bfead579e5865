/**
 * `npm run bench -- query`: questions of years of daily segments and some hot days, beside what each
 * side takes alone. In every round all take their turn.
 */
import { join } from 'node:path';
import { round, type Spread, spreadOf } from '../figures.ts';
import { askTierd, openDuck, type WarmDuck } from './ask.ts';
import { measurePruning, type Pruning } from './prune.ts';
import { openQueryScene, type QueryScene, type SceneSize } from './scene.ts';
import { measureServed, type Served } from './served.ts';

export interface QueryOptions extends SceneSize {
  readonly rounds: number;
  readonly segments: number;
  readonly quick: boolean;
  readonly say: (text: string) => void;
}

export interface QueryReport extends Served {
  readonly cold_segments: number;
  readonly cold_rows: number;
  readonly hot_rows: number;
  readonly ratio_to_glob: Spread;
  readonly ratio_to_ideal: Spread;
  readonly border_ratio: Spread;
  readonly latest_ratio: Spread;
  readonly aggregate_ratio: Spread;
  readonly prune_100k_ms: number;
  readonly peak_rss_mb: number;
  /** Medians. */
  readonly ms: Readonly<Record<string, number>>;
}

export async function benchQuery(options: QueryOptions): Promise<QueryReport> {
  const scene = await openQueryScene(options, options.say);
  const duck = await openDuck();
  try {
    const ms = await measureRounds(scene, duck, options);
    const served = await measureServed(scene, options);
    const pruning = await measurePruning(scene, options.segments);
    return { ...report(options, ms, pruning), ...served };
  } finally {
    duck.close();
    await scene.remove();
  }
}

type Times = Readonly<Record<string, readonly number[]>>;

async function measureRounds(
  scene: QueryScene,
  duck: WarmDuck,
  options: QueryOptions,
): Promise<Times> {
  const times: Record<string, number[]> = {};
  const turns = await turnsOf(scene, duck);
  for (let turn = 0; turn <= options.rounds; turn += 1) {
    for (const [name, run] of Object.entries(turns)) {
      const ms = await run();
      // The first round warms: pages, plans, code.
      if (turn > 0) (times[name] ??= []).push(ms);
    }
    options.say(`round ${String(turn)} of ${String(options.rounds)}`);
  }
  return times;
}

type Turn = () => Promise<number>;

async function turnsOf(scene: QueryScene, duck: WarmDuck): Promise<Readonly<Record<string, Turn>>> {
  const { size, day, lake } = scene;
  const first = size.hotDays + Math.floor(size.coldDays / 2);
  const month = `symbol = 'S00007' and time >= ${day(first)} and time < ${day(first - 31)}`;
  const what = 'count(*), min(low), max(high), sum(volume)';
  const glob = `read_parquet('${join(lake, '**/*.parquet')}', hive_partitioning = false)`;
  const files = (await segmentsOf(scene, first, first - 31)).map(
    (key) => `'${scene.store.locate(key)}'`,
  );
  const ideal = `read_parquet([${files.join(', ')}], hive_partitioning = false)`;
  const half = Math.min(15, size.hotDays);
  const border = (table: string) =>
    `select time, symbol, close from ${table} where symbol = 'S00007' and time >= ${day(size.hotDays + half)} and time < ${day(size.hotDays - half)} order by time`;
  const latest = "select * from bars where symbol = 'S00007' order by time desc limit 100";
  const bySymbol = `select symbol, count(*), min(low), max(high), sum(volume) from`;
  const tierd = (sql: string) => async () => (await askTierd(scene, sql)).ms;
  return {
    month: tierd(`select ${what} from bars where ${month}`),
    month_glob: async () => (await duck.ask(`select ${what} from ${glob} where ${month}`)).ms,
    month_ideal: async () => (await duck.ask(`select ${what} from ${ideal} where ${month}`)).ms,
    border: tierd(border('bars')),
    border_hot: tierd(border('hot.bars')),
    border_cold: tierd(border('cold.bars')),
    latest: tierd(latest),
    latest_postgres: () => askPostgres(scene, latest),
    aggregate: tierd(`${bySymbol} bars group by symbol`),
    aggregate_postgres: () => askPostgres(scene, `${bySymbol} bars group by symbol`),
    aggregate_duckdb: async () => (await duck.ask(`${bySymbol} ${glob} group by symbol`)).ms,
  };
}

async function segmentsOf(
  { client }: QueryScene,
  from: number,
  to: number,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ object_key: string }>(
    `select object_key from tierd.segments where state = 'live' and dataset = 'bars'
       and max_time_us >= extract(epoch from current_date - $1::int) * 1e6
       and min_time_us < extract(epoch from current_date - $2::int) * 1e6`,
    [from, to],
  );
  return rows.map(({ object_key: key }) => key);
}

async function askPostgres({ client }: QueryScene, sql: string): Promise<number> {
  const startedAt = performance.now();
  await client.query(sql);
  return performance.now() - startedAt;
}

function report(
  options: QueryOptions,
  times: Times,
  pruning: Pruning,
): Omit<QueryReport, keyof Served> {
  const ratio = (of: string, to: readonly string[]): Spread =>
    spreadOf(
      (times[of] ?? []).map(
        (ms, turn) => ms / to.reduce((sum, name) => sum + (times[name]?.[turn] ?? 0), 0),
      ),
      2,
    );
  return {
    cold_segments: options.coldDays,
    cold_rows: options.coldDays * options.rowsADay,
    hot_rows: options.hotDays * options.rowsADay,
    ratio_to_glob: spreadOf(
      (times['month'] ?? []).map((ms, turn) => (times['month_glob']?.[turn] ?? 0) / ms),
      2,
    ),
    ratio_to_ideal: ratio('month', ['month_ideal']),
    border_ratio: ratio('border', ['border_hot', 'border_cold']),
    latest_ratio: ratio('latest', ['latest_postgres']),
    aggregate_ratio: ratio('aggregate', ['aggregate_postgres', 'aggregate_duckdb']),
    prune_100k_ms: pruning.ms,
    peak_rss_mb: pruning.peakRssMb,
    ms: Object.fromEntries(
      Object.entries(times).map(([name, values]) => [name, round(spreadOf(values, 1).median, 1)]),
    ),
  };
}
