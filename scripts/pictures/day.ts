/** A day worth a picture: years in the lake, a rotation that runs, rows that come in through Redis. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../test/support/server-process.ts';
import { loadTable } from '../demo/load.ts';
import { type LiveServer, replay } from '../demo/redis.ts';
import { tierdWith } from '../demo/run-tierd.ts';
import { prepareSetting } from '../demo/setting.ts';
import { TABLES } from '../demo/tables.ts';
import type { Undo } from '../demo/undo.ts';

const TIERD = resolve(import.meta.dirname, '../../dist/main.js');
const TOKEN = 'a-token-of-the-pictures-alone';
const QUERY_TOKEN = 'a-query-token-of-the-pictures';
/** What is older is moved before the daemon starts; between the two is what it moves on the picture. */
const HOT_DAYS = { before: 60, after: 30 };
/** Slow enough to be seen. */
const ROWS_PER_SECOND = 6_000;
const WRITE_EVERY_MS = 250;
const ROWS_A_WRITE = 40;
/** Until the chart of the lag has a shape. */
const WATCH_MS = 45_000;

export interface Day {
  readonly url: string;
  readonly token: string;
  readonly queryToken: string;
  /** Of the PostgreSQL face, as SQLAlchemy has it. */
  readonly face: string;
}

export async function playDay(undo: Undo, signal: AbortSignal): Promise<Day> {
  const setting = await prepareSetting(TABLES, HOT_DAYS.before, undo, signal);
  const { redis, stores, configFile } = setting;
  if (redis === null) throw new Error(`There is no Redis: ${setting.redisMissing}`);
  const tierd = tierdWith(configFile, signal);
  const lines: string[] = [];
  for (const table of TABLES) {
    const { liveFile } = await loadTable(table, stores, Date.now(), {
      hasRedis: true,
      hasTimescale: false,
    });
    if (liveFile === null) continue;
    await replay(redis, table, liveFile);
    if (table.name === 'flights') lines.push(...(await readFile(liveFile, 'utf8')).split('\n'));
  }
  for (const command of ['migrate up', 'drain', 'rotate --force']) {
    const code = await tierd.show(...command.split(' '));
    if (code !== 0) throw new Error(`tierd ${command} ended with ${String(code)}`);
  }
  const port = await freePort();
  await writeFile(configFile, forTheDaemon(await readFile(configFile, 'utf8'), port));
  const url = await startDaemon(configFile, undo);
  keepWriting(redis, lines, undo);
  await command(url, 'scrub');
  await pause(WATCH_MS, undefined, { signal });
  await command(url, 'rotate');
  await untilHalfMoved(url, signal);
  const face = `postgresql+psycopg://pandas:${QUERY_TOKEN}@127.0.0.1:${String(port)}/tierd`;
  return { url, token: TOKEN, queryToken: QUERY_TOKEN, face };
}

function forTheDaemon(config: string, face: number): string {
  return `${config
    .replace(
      `hot_days: ${String(HOT_DAYS.before)}\n`,
      `hot_days: ${String(HOT_DAYS.after)}\n    guards: { max_share: 1, max_rows_per_second: ${String(ROWS_PER_SECOND)} }\n`,
    )
    .replace('level: warn', 'level: info')}
schedules:
  rotate: { cron: "30 2 * * *" }
  scrub: { cron: "0 4 * * 0" }
server:
  port: 0
  control_token: ${TOKEN}
  query_token: ${QUERY_TOKEN}
  survey_interval: 1s
  postgres: { port: ${String(face)}, users: { pandas: { password: ${QUERY_TOKEN} } } }
`;
}

async function startDaemon(configFile: string, undo: Undo): Promise<string> {
  const daemon = spawn(process.execPath, [TIERD, '--config', configFile, 'run'], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  undo.add(() => stop(daemon));
  let log = '';
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    process.stderr.write(text);
  });
  for (;;) {
    const found = /the status page is at (http:\S+?:\d+\/)/.exec(log)?.[1];
    if (found !== undefined) return found;
    if (daemon.exitCode !== null)
      throw new Error(`the daemon ended with ${String(daemon.exitCode)}`);
    await pause(50);
  }
}

async function stop(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null) return;
  daemon.kill('SIGTERM');
  await once(daemon, 'close');
}

/** Flights of this instant, and now and then one that can be no row. */
function keepWriting({ client }: LiveServer, lines: readonly string[], undo: Undo): void {
  let next = 0;
  const timer = setInterval(() => {
    const pipeline = client.pipeline();
    for (let count = 0; count < ROWS_A_WRITE; count += 1) {
      next += 1;
      const flight = JSON.parse(lines[next % 50_000] ?? '{}') as Record<string, string | number>;
      flight['departed_at'] = new Date().toISOString();
      if (next % 4_000 === 0) flight['delay_minutes'] = 'unknown';
      if (next % 2 === 0) pipeline.rpush('flights:list', JSON.stringify(flight));
      else pipeline.xadd('flights:stream', '*', ...Object.entries(flight).flat());
    }
    void pipeline.exec();
  }, WRITE_EVERY_MS);
  undo.add(async () => clearInterval(timer));
}

async function command(url: string, job: string): Promise<void> {
  for (;;) {
    const { status } = await fetch(`${url}v1/jobs/${job}/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    if (status === 202) return;
    // It does not lead yet.
    if (status !== 409) throw new Error(`${job} was answered ${String(status)}`);
    await pause(200);
  }
}

async function untilHalfMoved(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { jobs } = (await (await fetch(`${url}status`)).json()) as {
      readonly jobs: readonly {
        readonly job: string;
        readonly running: {
          readonly progress: { done: number; total: number | null } | null;
        } | null;
        readonly last: unknown;
      }[];
    };
    const rotate = jobs.find(({ job }) => job === 'rotate');
    const progress = rotate?.running?.progress ?? null;
    if (progress !== null && progress.done > (progress.total ?? Infinity) / 4) return;
    if (rotate?.running === null && rotate.last !== null) throw new Error('it went too fast');
    await pause(200, undefined, { signal });
  }
}
