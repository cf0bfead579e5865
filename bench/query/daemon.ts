/** A daemon over the scene's table and lake that is asked over HTTP, and how long its event loop was held up. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PROGRAM, type QueryScene } from './scene.ts';

const TOKEN = 'bench-query-token-0123456789';
/** Enough for a machine that is busy. */
const READY_TIMEOUT_MS = 60_000;

export interface AskedDaemon {
  /** Throws where the answer is no 200. */
  ask(sql: string): Promise<{ readonly ms: number; readonly isCached: boolean }>;
  /** The 99th percentile since it was last told, in milliseconds. */
  loopDelayP99Ms(): Promise<number>;
  stop(): Promise<void>;
}

/** Told on SIGUSR2, into a file: nothing of it is in the daemon's own program. */
const watchLoop = (file: string): string =>
  `data:text/javascript,
  import { renameSync, writeFileSync } from 'node:fs';
  import { monitorEventLoopDelay } from 'node:perf_hooks';
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on('SIGUSR2', () => {
    writeFileSync(${JSON.stringify(`${file}.part`)}, String(delay.percentile(99) / 1e6));
    renameSync(${JSON.stringify(`${file}.part`)}, ${JSON.stringify(file)});
    delay.reset();
  });`.replaceAll('\n', '%0A');

export async function startAskedDaemon({ folder, configFile }: QueryScene): Promise<AskedDaemon> {
  await appendFile(
    configFile,
    `server: { port: 0, query_token: ${TOKEN}, requests_per_minute: 1000000 }\n`,
  );
  const delayFile = join(folder, 'loop-delay');
  const child = spawn(
    process.execPath,
    ['--import', watchLoop(delayFile), PROGRAM, 'run', '--config', configFile],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const place = await poll(() => /the status page is at (\S+)\/$/m.exec(log)?.[1] ?? null).catch(
    () => {
      child.kill('SIGKILL');
      throw new Error(`the daemon did not get ready:\n${log}`);
    },
  );
  return {
    async ask(sql) {
      const startedAt = performance.now();
      const response = await fetch(`${place}/v1/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({ sql, format: 'csv' }),
      });
      const text = await response.text();
      const ms = performance.now() - startedAt;
      if (response.status !== 200) throw new Error(`${String(response.status)}: ${text}`);
      return { ms, isCached: response.headers.get('tierd-cache') === 'hit' };
    },
    async loopDelayP99Ms() {
      await rm(delayFile, { force: true });
      child.kill('SIGUSR2');
      return Number(await poll(() => readFile(delayFile, 'utf8').catch(() => null)));
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function poll<Found>(look: () => Found | null | Promise<Found | null>): Promise<Found> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== null) return found;
    await pause(10);
  }
  throw new Error(`nothing came within ${String(READY_TIMEOUT_MS)} ms`);
}
