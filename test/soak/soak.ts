/**
 * Everything at once for as long as wanted: schedules every few seconds, writers on Redis and on
 * PostgreSQL, queries, and kills of jobs, daemons and servers. Then every number that was confirmed
 * has to be found once. After the first 40 % of the time the daemons are left alone: a process that
 * has just been started has no memory to leak.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { type KeptDaemon, keepDaemon } from './daemon-keeper.ts';
import { type Faults, startFaults } from './faults.ts';
import { findLeftovers } from './find-leftovers.ts';
import { type Readers, startReaders } from './readers.ts';
import { openSoakScene, type SoakScene } from './scene.ts';
import { seededRandom } from './seeded-random.ts';
import { isWhole, tally, type Verdict } from './tally.ts';
import { countConnections, type Sample, sample, type Trend, trendOf } from './watch.ts';
import { openClient, openWriterRedis, startWriters, type Writer } from './writers.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly writeEveryMs: number;
  readonly faultEveryMs: number;
  readonly say: (text: string) => void;
}

export interface SoakReport {
  readonly soak: 'tierd';
  readonly at: string;
  readonly seed: number;
  readonly seconds: number;
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly written: Readonly<Record<string, { confirmed: number; unknown: number }>>;
  readonly found: Readonly<Record<string, Verdict['found']>>;
  readonly checks_meanwhile: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly runs: Readonly<Record<string, number>>;
  readonly queries: Readers['queries'];
  readonly status_requests: Readers['requests'];
  /** Of each daemon, over the time in which it was left alone; kilobytes. */
  readonly rss_kb: readonly Trend[];
  readonly rss_slope_kb_per_minute: number;
  readonly files: readonly Trend[];
  readonly postgres_connections: Trend;
}

const DAEMONS = 2;
const SAMPLE_EVERY_MS = 1_000;
const CHECK_EVERY_MS = 10_000;
/** At the end: until Redis is empty and everything is found. */
const PATIENCE_MS = 180_000;
/** A new process fills its heap and its caches at first. */
const WARM_UP_SHARE = 0.15;
const SPARED_FROM_SHARE = 0.4;

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { seed, say } = options;
  const random = seededRandom(seed);
  say(`seed ${String(seed)}`);
  const scene = await openSoakScene(DAEMONS);
  say(`in ${scene.directory}`);
  const daemons = scene.configs.map((config, index) =>
    keepDaemon(config, scene.directory, join(scene.directory, `daemon-${String(index + 1)}.log`)),
  );
  try {
    return await soakOn(scene, daemons, random, options);
  } finally {
    // Those that have ended already are left alone.
    await Promise.all(daemons.map((daemon) => daemon.stop('SIGKILL')));
  }
}

async function soakOn(
  scene: SoakScene,
  daemons: readonly KeptDaemon[],
  random: () => number,
  options: SoakOptions,
): Promise<SoakReport> {
  const { seconds, seed, say } = options;
  const writers = startWriters({
    postgresUrl: scene.postgres.url,
    redisUrl: scene.redis.url,
    everyMs: options.writeEveryMs,
  });
  const faults = startFaults(scene, daemons, { random, everyMs: options.faultEveryMs, say });
  const readers = startReaders(scene, 3_000);
  const problems: string[] = [];
  const watched = await watch(scene, { seconds, daemons, faults, writers, problems });

  say('no more faults; waiting until all of it has arrived');
  await faults.stop();
  await Promise.all(writers.map((writer) => writer.stop()));
  const { found, lost } = await settle(scene, writers);
  problems.push(...lost);
  await readers.stop();
  problems.push(...readers.wrong);
  const runs = await countRuns(scene);
  problems.push(...(await endDaemons(daemons, faults)));
  problems.push(...(await findLeftovers(scene)));
  const isOk = problems.length === 0;
  if (isOk) await scene.remove();
  else {
    say(`what was found lies in ${scene.directory} and ${scene.postgres.runDir}`);
    await Promise.all([scene.postgres.keep(), scene.redis.remove()]);
  }
  return {
    soak: 'tierd',
    at: new Date().toISOString(),
    seed,
    seconds,
    ok: isOk,
    problems,
    written: Object.fromEntries(
      writers.map(({ table, told }) => [
        table,
        { confirmed: told.confirmed.size, unknown: told.unknown.size },
      ]),
    ),
    found,
    faults: faults.counts,
    runs,
    queries: readers.queries,
    status_requests: readers.requests,
    ...watched,
  };
}

interface Watching {
  readonly seconds: number;
  readonly daemons: readonly KeptDaemon[];
  readonly faults: Faults;
  readonly writers: readonly Writer[];
  /** What can't be at any instant, as it is found. */
  readonly problems: string[];
}

type Watched = Pick<
  SoakReport,
  'checks_meanwhile' | 'rss_kb' | 'rss_slope_kb_per_minute' | 'files' | 'postgres_connections'
>;

async function watch(scene: SoakScene, watching: Watching): Promise<Watched> {
  const { seconds, daemons, faults, writers, problems } = watching;
  const startedAt = performance.now();
  const samples = daemons.map((): Sample[] => []);
  const connections: [number, number][] = [];
  let checks = 0;
  let checkAt = CHECK_EVERY_MS;
  for (;;) {
    const atMs = performance.now() - startedAt;
    if (atMs >= seconds * 1000) break;
    if (atMs >= seconds * 1000 * SPARED_FROM_SHARE) faults.spareDaemons();
    for (const [index, daemon] of daemons.entries()) {
      const taken = sample(daemon, atMs);
      if (taken !== null) samples[index]?.push(taken);
    }
    const count = await countConnections(scene.postgres);
    if (count !== null) connections.push([atMs, count]);
    if (atMs >= checkAt) {
      checkAt += CHECK_EVERY_MS;
      checks += await check(scene, writers, problems);
    }
    await pause(SAMPLE_EVERY_MS);
  }
  const spared = samples.map((all) => lastLife(all));
  const rss = spared.map((all) => trendOf(all.map(({ atMs, rssKb }) => [atMs, rssKb])));
  return {
    checks_meanwhile: checks,
    rss_kb: rss,
    rss_slope_kb_per_minute: Math.max(...rss.map(({ perMinute }) => perMinute)),
    files: spared.map((all) => trendOf(all.map(({ atMs, files }) => [atMs, files]))),
    postgres_connections: trendOf(connections),
  };
}

/** Of the process that ran last, without the time in which it warmed up. */
function lastLife(samples: readonly Sample[]): readonly Sample[] {
  const life = samples.filter(({ pid }) => pid === samples.at(-1)?.pid);
  return life.slice(Math.ceil(life.length * WARM_UP_SHARE));
}

/** What may not be even for an instant. @returns how many tables could be looked at. */
async function check(
  scene: SoakScene,
  writers: readonly Writer[],
  problems: string[],
): Promise<number> {
  let checked = 0;
  for (const { table, told } of writers) {
    try {
      const verdict = await withClient(scene, (db) => tally(db, scene.lake, table, told));
      problems.push(...describe(table, { ...verdict, lost: [] }));
      checked += 1;
    } catch {
      // A server is away; the next look tells.
    }
  }
  return checked;
}

/** Waits until Redis is empty and everything is found; what is not by then is lost. */
async function settle(
  scene: SoakScene,
  writers: readonly Writer[],
): Promise<{ found: SoakReport['found']; lost: readonly string[] }> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = [...(await leftInRedis(scene)), ...(await leftBehind(scene, writers))];
    const verdicts = await withClient(scene, async (db) => {
      const all: (readonly [string, Verdict])[] = [];
      for (const { table, told } of writers) {
        all.push([table, await tally(db, scene.lake, table, told)]);
      }
      return all;
    });
    const isDone = left.length === 0 && verdicts.every(([, verdict]) => isWhole(verdict));
    if (isDone || performance.now() > deadline) {
      return {
        found: Object.fromEntries(verdicts.map(([table, { found }]) => [table, found])),
        lost: [...verdicts.flatMap(([table, verdict]) => describe(table, verdict)), ...left],
      };
    }
    await pause(SAMPLE_EVERY_MS);
  }
}

/** Rows that are due, and are not on their way to the lake for want of a rotation that went well. */
async function leftBehind(
  scene: SoakScene,
  writers: readonly Writer[],
): Promise<readonly string[]> {
  return withClient(scene, async (db) => {
    const left: string[] = [];
    for (const { table } of writers) {
      const { rows } = await db.query<{ count: number }>(
        `select count(*)::int from ${table} where ts < now() - interval '35 days'`,
      );
      if (rows[0]?.count !== 0) left.push(`${table}: ${String(rows[0]?.count)} due rows are hot`);
    }
    return left;
  });
}

/** Keys that still hold something: of a stream that is read and trimmed an empty one stays. */
async function leftInRedis({ redis }: SoakScene): Promise<readonly string[]> {
  const client = openWriterRedis(redis.url);
  try {
    await new Promise((ready) => client.once('ready', ready));
    const left: string[] = [];
    for (const key of await client.keys('*')) {
      if (key.startsWith('stream:')) {
        const groups = (await client.xinfo('GROUPS', key)) as unknown[];
        if (groups.length === 0) left.push(`in Redis, and nobody has read it: ${key}`);
        else if (Number((await client.xpending(key, 'tierd'))[0]) > 0)
          left.push(`in Redis: ${key}`);
      } else if (/^(list|quote):|^tierd:claim:/.test(key)) {
        left.push(`in Redis: ${key}`);
      }
    }
    return left;
  } finally {
    client.disconnect();
  }
}

async function countRuns(scene: SoakScene): Promise<Readonly<Record<string, number>>> {
  const { rows } = await withClient(scene, (db) =>
    db.query<{ name: string; count: number }>(
      `select job || ' ' || state as name, count(*)::int from tierd.job_runs group by 1 order by 1`,
    ),
  );
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

async function endDaemons(
  daemons: readonly KeptDaemon[],
  faults: Faults,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const daemon of daemons) {
    const code = await daemon.stop();
    if (code !== 0) problems.push(`a daemon ended with ${String(code)} when it was asked to stop`);
    if (daemon.unasked() > 0) {
      problems.push(`a daemon ended ${String(daemon.unasked())} times by itself`);
    }
  }
  if (faults.badExits > 0) {
    problems.push(`${String(faults.badExits)} requests to stop did not end with exit code 0`);
  }
  return problems;
}

const NAMED = 10;

function describe(table: string, { lost, doubled, invented }: Verdict): readonly string[] {
  return Object.entries({ lost, doubled, invented }).flatMap(([what, numbers]) =>
    numbers.length === 0
      ? []
      : [`${table}: ${String(numbers.length)} ${what}: ${numbers.slice(0, NAMED).join(', ')}`],
  );
}

async function withClient<Result>(
  scene: SoakScene,
  work: (db: pg.Client) => Promise<Result>,
): Promise<Result> {
  const db = await openClient(scene.postgres.url);
  try {
    return await work(db);
  } finally {
    await db.end().catch(() => undefined); // it was broken, and the work has said so
  }
}
