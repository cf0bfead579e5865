/** The demo from beginning to end. */
import { EXIT } from '../../src/domain/errors.ts';
import { DAY_MS, floorToUnit } from '../../src/domain/time/time-range.ts';
import {
  type Account,
  type ColdFiles,
  findColdFiles,
  keepAside,
  keepLiveAside,
  takeAccount,
} from './account.ts';
import { type AnsweredQuestion, askInside } from './ask-inside.ts';
import { type LoadedTable, loadLateRows, loadTable } from './load.ts';
import { formatCount, formatDay, formatMegabytes, type Narrator } from './narrator.ts';
import { askPostgres, askTierd, questionsAbout, sameAnswer } from './questions.ts';
import { entriesIn, replay } from './redis.ts';
import { type Tierd, tierdWith } from './run-tierd.ts';
import { prepareSetting, type Setting } from './setting.ts';
import { MARKET_DATA, TABLES } from './tables.ts';
import type { Undo } from './undo.ts';

export interface DemoResult {
  readonly rows_before: number;
  /** Of these, how many came in through Redis; null where there was none. */
  readonly rows_replayed: number | null;
  readonly rows_drained: number | null;
  readonly entries_left_in_redis: number | null;
  readonly rows_hot: number;
  readonly rows_cold: number;
  readonly rows_lost: number;
  readonly rows_doubled: number;
  readonly answers_equal: boolean;
  /** Through the view, and of the hypertable in place; null where the server can't ask the daemon. */
  readonly answers_inside_equal: boolean | null;
  readonly answers_compared: number;
  readonly hot_bytes_before: number;
  readonly hot_bytes_after: number;
  readonly cold_bytes: number;
  readonly cold_files: number;
  readonly load_seconds: number;
  readonly drain_seconds: number | null;
  readonly rotate_seconds: number;
  readonly total_seconds: number;
}

interface Scene {
  readonly setting: Setting;
  readonly tierd: Tierd;
  readonly narrator: Narrator;
}

const HOT_DAYS = 30;
const REFUSED: number = EXIT.refused;

export async function tellStory(
  narrator: Narrator,
  undo: Undo,
  signal: AbortSignal,
): Promise<DemoResult> {
  const startedAt = performance.now();
  const now = Date.now();
  // Every day before it has left by the end, whether its rows go by the day or by the month.
  const boundary = floorToUnit(now - HOT_DAYS * DAY_MS, 'month');

  narrator.step('A PostgreSQL of our own, with real rows in it');
  const setting = await prepareSetting(TABLES, HOT_DAYS, undo, signal);
  const scene: Scene = { setting, narrator, tierd: tierdWith(setting.configFile, signal) };
  const loaded = await loadTables(scene, now);
  const loadedAt = performance.now();
  await succeed(scene, 'migrate', 'up');
  const drained = await drainRedis(scene, loaded);
  const hotBytesBefore = await hotBytes(setting);
  const questions = await askBefore(scene, boundary);

  await showPlan(scene);
  const rotateSeconds = await moveRows(scene);
  const equal = await askAfter(scene, questions);
  const inside = { ...scene, tierd: tierdWith(setting.face.configFile, signal) };
  const equalInside = await askInside(inside, questions, (...args) => succeed(inside, ...args));
  await moveLateRows(scene, loaded, boundary);

  narrator.step('Where everything is now');
  await succeed(scene, 'status');
  const account = await countEveryRow(scene);
  const cold = await allColdFiles(setting);
  const hotBytesAfter = await hotBytes(setting);
  narrator.say(
    `PostgreSQL had ${formatMegabytes(hotBytesBefore)} with indexes and has ${formatMegabytes(hotBytesAfter)}; the lake has ${formatMegabytes(cold.bytes)} in ${cold.paths.length} files.`,
  );
  return {
    rows_before: account.before,
    rows_replayed: drained?.replayed ?? null,
    rows_drained: drained?.drained ?? null,
    entries_left_in_redis: drained?.left ?? null,
    rows_hot: account.hot,
    rows_cold: account.cold,
    rows_lost: account.lost,
    rows_doubled: account.doubled,
    answers_equal: equal,
    answers_inside_equal: equalInside,
    answers_compared: questions.length,
    hot_bytes_before: hotBytesBefore,
    hot_bytes_after: hotBytesAfter,
    cold_bytes: cold.bytes,
    cold_files: cold.paths.length,
    load_seconds: secondsBetween(startedAt, loadedAt),
    drain_seconds: drained?.seconds ?? null,
    rotate_seconds: rotateSeconds,
    total_seconds: secondsBetween(startedAt, performance.now()),
  };
}

async function loadTables({ setting, narrator }: Scene, now: number): Promise<LoadedTable[]> {
  narrator.say(
    `PostgreSQL ${setting.serverVersion} listens on port ${setting.port}; its rows are in ${setting.dataDir}, all else in ${setting.folder}.`,
  );
  const loaded: LoadedTable[] = [];
  for (const table of TABLES) {
    const { hasTimescale } = setting;
    const has = { hasRedis: setting.redis !== null, hasTimescale };
    const one = await loadTable(table, setting.stores, now, has);
    const { fromInclusive, toExclusive } = one.span;
    narrator.say(
      `${table.name}: ${formatCount(one.rows)} ${table.title}, moved to ${formatDay(fromInclusive)} … ${formatDay(toExclusive)}; ${table.removal(hasTimescale)}.`,
    );
    await keepAside(table, setting.stores);
    loaded.push(one);
  }
  narrator.say('A copy of every row is kept aside, to be counted against at the end.');
  return loaded;
}

interface Drained {
  readonly replayed: number;
  readonly drained: number;
  readonly left: number;
  readonly seconds: number;
}

/** Null where there is no Redis: then all rows were loaded at once. */
async function drainRedis(scene: Scene, loaded: readonly LoadedTable[]): Promise<Drained | null> {
  const { narrator, setting } = scene;
  narrator.step('A hundred thousand rows come in through Redis');
  const { redis, stores } = setting;
  if (redis === null) {
    narrator.say(`There is no Redis here, so this step is left out: ${setting.redisMissing}.`);
    return null;
  }
  let replayed = 0;
  for (const { table, liveFile } of loaded) {
    if (liveFile === null) continue;
    const entries = await replay(redis, table, liveFile);
    replayed += await keepLiveAside(table, stores);
    narrator.say(`${table.name}: ${entries}`);
  }
  narrator.say('Those rows are kept aside too, as the files have them.');
  const before = await countRows(setting);
  await succeed(scene, 'drain', '--dry-run');
  const startedAt = performance.now();
  await succeed(scene, 'drain');
  const seconds = secondsBetween(startedAt, performance.now());
  const drained = (await countRows(setting)) - before;
  const left = await entriesIn(redis);
  const text = `${formatCount(replayed)} rows were written to Redis; ${formatCount(drained)} are in PostgreSQL, and ${formatCount(left)} are left in Redis`;
  if (replayed === drained && left === 0) narrator.good(text);
  else narrator.bad(text);
  return { replayed, drained, left, seconds };
}

async function countRows({ stores }: Setting): Promise<number> {
  let rows = 0;
  for (const { name } of TABLES) {
    const result = await stores.client.query<{ count: string }>(`select count(*) from ${name}`);
    rows += Number(result.rows[0]?.count);
  }
  return rows;
}

async function askBefore(
  { setting, narrator }: Scene,
  boundary: number,
): Promise<AnsweredQuestion[]> {
  narrator.step('Three questions to PostgreSQL, about rows that are going to leave');
  const answered: AnsweredQuestion[] = [];
  for (const question of questionsAbout(boundary)) {
    const expected = await askPostgres(setting.stores.client, question);
    narrator.say(
      `${question.title}  (${expected.length} ${expected.length === 1 ? 'row' : 'rows'})`,
    );
    answered.push({ question, expected });
  }
  return answered;
}

async function showPlan(scene: Scene): Promise<void> {
  const { narrator, setting, tierd } = scene;
  narrator.step('What would tierd do?');
  narrator.say(
    `Rows older than ${HOT_DAYS} days are to leave. A dry run changes nothing anywhere.`,
  );
  narrator.command('rotate', '--dry-run');
  const code = await tierd.show('rotate', '--dry-run');
  const { paths } = await allColdFiles(setting);
  narrator.gap();
  narrator.say(
    `It ended with exit code ${code}${code === REFUSED ? ', for a guard would stop this run' : ''}, and the lake holds ${paths.length} files.`,
  );
}

/** Returns how many seconds it took. */
async function moveRows(scene: Scene): Promise<number> {
  scene.narrator.step('The move: export, publish, verify, and only then delete');
  scene.narrator.say(
    'To move most of a table at once is refused, for it is mostly a mistake. `tierd cleanup` would show the plan and ask; here nobody answers, so --force says that the plan has been read.',
  );
  const startedAt = performance.now();
  await succeed(scene, 'rotate', '--force');
  return secondsBetween(startedAt, performance.now());
}

async function askAfter(
  { narrator, tierd }: Scene,
  questions: readonly AnsweredQuestion[],
): Promise<boolean> {
  narrator.step('The same three questions to tierd, which reads the Parquet files');
  let equal = true;
  for (const { question, expected } of questions) {
    narrator.say(question.title);
    narrator.command('query', question.sql);
    await tierd.show('query', question.sql);
    const same = sameAnswer(expected, await askTierd(tierd, question));
    equal &&= same;
    if (same) narrator.good('The same as PostgreSQL said before the move, to the last digit.');
    else narrator.bad('PostgreSQL said something else before the move.');
  }
  return equal;
}

async function moveLateRows(
  scene: Scene,
  loaded: readonly LoadedTable[],
  boundary: number,
): Promise<void> {
  const { narrator, setting } = scene;
  const market = loaded.find(({ table }) => table === MARKET_DATA);
  if (market === undefined) return;
  narrator.step('Late rows');
  const rows = await loadLateRows(setting.stores, market);
  await keepAside(MARKET_DATA, setting.stores, `timestamp < to_timestamp(${boundary / 1000})`);
  narrator.say(
    `${rows} bars of a week that was moved long ago come in only now. They become a further segment beside the first, which is never touched.`,
  );
  await succeed(scene, 'rotate');
}

async function countEveryRow({ setting, narrator }: Scene): Promise<Account> {
  narrator.step('Every row counted again, without asking tierd');
  narrator.say(
    'PostgreSQL is read once more, and the Parquet files as a look at the disk finds them.',
  );
  const accounts: Account[] = [];
  for (const table of TABLES) {
    const account = await takeAccount(table, setting.stores);
    const { before, hot, cold, lost, doubled } = account;
    const text = `${table.name}: ${formatCount(before)} rows before = ${formatCount(hot)} in PostgreSQL + ${formatCount(cold)} in Parquet; ${lost} lost, ${doubled} doubled`;
    if (lost === 0 && doubled === 0) narrator.good(text);
    else narrator.bad(text);
    accounts.push(account);
  }
  return accounts.reduce((a, b) => ({
    before: a.before + b.before,
    hot: a.hot + b.hot,
    cold: a.cold + b.cold,
    lost: a.lost + b.lost,
    doubled: a.doubled + b.doubled,
    repeated: a.repeated + b.repeated,
  }));
}

/** Shows a command and what it says, and stops the demo when it fails. */
async function succeed({ narrator, tierd }: Scene, ...args: readonly string[]): Promise<void> {
  narrator.command(...args);
  const code = await tierd.show(...args);
  if (code !== 0) throw new Error(`tierd ${args.join(' ')} ended with exit code ${code}`);
}

async function allColdFiles({ stores }: Setting): Promise<ColdFiles> {
  const files = await Promise.all(TABLES.map((table) => findColdFiles(table, stores.lakeDir)));
  return {
    paths: files.flatMap(({ paths }) => paths),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** With indexes and all partitions or chunks. */
async function hotBytes({ stores }: Setting): Promise<number> {
  const names = TABLES.map((table) => table.name);
  const result = await stores.client.query<{ bytes: string }>(
    `with recursive parts (part) as (
       select unnest($1::regclass[])::oid union all select inhrelid from pg_inherits join parts on inhparent = part
     ) select sum(pg_total_relation_size(part)) as bytes from parts`,
    [names],
  );
  return Number(result.rows[0]?.bytes);
}

function secondsBetween(from: number, to: number): number {
  return Math.round((to - from) / 100) / 10;
}
