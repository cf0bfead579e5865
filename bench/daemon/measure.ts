/**
 * `npm run bench -- daemon`: what a daemon costs while it has nothing to do, how soon it is ready,
 * and whether its status page answers while it works.
 */
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { round, type Spread, spreadOf } from '../figures.ts';
import { createTable, fillTable } from '../table.ts';
import {
  CONTROL_TOKEN,
  type DaemonScene,
  openDaemonScene,
  type RunningDaemon,
  startDaemon,
} from './scene.ts';

export interface DaemonBenchOptions {
  readonly idleSeconds: number;
  readonly starts: number;
  /** That a rotation moves while the status page is asked. */
  readonly rows: number;
  readonly say: (text: string) => void;
}

export interface DaemonReport {
  readonly bench: 'daemon';
  readonly at: string;
  readonly machine: { readonly cores: number; readonly model: string; readonly node: string };
  readonly idle_seconds: number;
  /** Of one core, of the daemon's own process. */
  readonly idle_cpu_percent: number;
  readonly idle_rss_mb: number;
  /** The same of the drain, the process that it keeps running. */
  readonly drain_cpu_percent: number;
  readonly drain_rss_mb: number;
  readonly ready: Spread;
  /** From spawn until /readyz says 200 and the daemon leads: the median. */
  readonly ready_ms: number;
  /** Processor time of the daemon until then: what a machine with nothing else to do would wait. */
  readonly ready_cpu_ms: number;
  readonly status: Spread & { readonly p99: number; readonly requests: number };
  readonly status_p99_ms: number;
}

/** What is done once after the start is over by then. */
const SETTLE_MS = 15_000;
const FEWEST_REQUESTS = 1_000;

export async function benchDaemon(options: DaemonBenchOptions): Promise<DaemonReport> {
  const { say } = options;
  const scene = await openDaemonScene();
  try {
    say(`${String(options.rows)} rows to be moved later`);
    await fillBars(scene, options.rows);
    const starts = await measureStarts(scene, options);
    const idle = await measureIdle(scene, options);
    const latencies = await measureStatus(scene, options);
    const status = spreadOf(latencies, 1);
    const p99 = round(percentile(latencies, 0.99), 1);
    const ready = spreadOf(starts.map(({ ms }) => ms));
    return {
      bench: 'daemon',
      at: new Date().toISOString(),
      machine: { cores: cpus().length, model: cpus()[0]?.model ?? '', node: process.version },
      idle_seconds: options.idleSeconds,
      ...idle,
      ready,
      ready_ms: ready.median,
      ready_cpu_ms: spreadOf(starts.map(({ cpuMs }) => cpuMs)).median,
      status: { ...status, p99, requests: latencies.length },
      status_p99_ms: p99,
    };
  } finally {
    await scene.remove();
  }
}

/** A plain table: it takes longer than a hypertable, whose chunks are dropped. */
async function fillBars({ client }: DaemonScene, rows: number): Promise<void> {
  const table = await createTable(client, {
    name: 'bars',
    kind: 'plain',
    rows,
    days: 4,
    priceType: 'double precision',
  });
  await fillTable(client, table);
}

async function measureStarts(
  scene: DaemonScene,
  { starts, say }: DaemonBenchOptions,
): Promise<readonly { readonly ms: number; readonly cpuMs: number }[]> {
  const measured: { ms: number; cpuMs: number }[] = [];
  for (let start = 1; start <= starts; start += 1) {
    const from = performance.now();
    const daemon = await startDaemon(scene);
    const ms = performance.now() - from;
    const cpuMs = cpuMsOf(daemon.pid);
    measured.push({ ms, cpuMs });
    say(
      `  start ${String(start)}: ready after ${ms.toFixed(0)} ms, ${cpuMs.toFixed(0)} ms of processor time`,
    );
    await daemon.stop();
  }
  return measured;
}

type Idle = Pick<
  DaemonReport,
  'idle_cpu_percent' | 'idle_rss_mb' | 'drain_cpu_percent' | 'drain_rss_mb'
>;

async function measureIdle(
  scene: DaemonScene,
  { idleSeconds, say }: DaemonBenchOptions,
): Promise<Idle> {
  const daemon = await startDaemon(scene);
  await pause(SETTLE_MS);
  const drain = await drainPid(scene);
  const daemonBefore = cpuMsOf(daemon.pid);
  const drainBefore = cpuMsOf(drain);
  await pause(idleSeconds * 1000);
  const percent = (ms: number): number => round(ms / (idleSeconds * 10), 2);
  const idle: Idle = {
    idle_cpu_percent: percent(cpuMsOf(daemon.pid) - daemonBefore),
    idle_rss_mb: rssMbOf(daemon.pid),
    drain_cpu_percent: percent(cpuMsOf(drain) - drainBefore),
    drain_rss_mb: rssMbOf(drain),
  };
  say(`  idle: ${JSON.stringify(idle)}`);
  await daemon.stop();
  return idle;
}

/** Asks again and again, one after the other, for as long as a rotation runs. */
async function measureStatus(
  scene: DaemonScene,
  { say }: DaemonBenchOptions,
): Promise<readonly number[]> {
  const daemon = await startDaemon(scene);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const response = await fetch(`${scene.page}/v1/jobs/rotate/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CONTROL_TOKEN}` },
  });
  if (response.status !== 202) throw new Error(`no rotation: ${await response.text()}`);
  const latencies: number[] = [];
  const from = performance.now();
  for (;;) {
    const asked = performance.now();
    const text = await ask(`${scene.page}/status`, agent);
    const took = performance.now() - asked;
    const { jobs } = JSON.parse(text) as StatusDocument;
    const rotation = jobs.find(({ job }) => job === 'rotate');
    if (rotation?.running === null && rotation.last !== null) {
      if (rotation.last.state !== 'done') throw new Error(`the rotation: ${rotation.last.state}`);
      break;
    }
    latencies.push(took);
  }
  agent.destroy();
  say(
    `  ${String(latencies.length)} requests in ${((performance.now() - from) / 1000).toFixed(1)} s`,
  );
  await stopped(daemon, latencies);
  return latencies;
}

async function stopped(daemon: RunningDaemon, latencies: readonly number[]): Promise<void> {
  await daemon.stop();
  if (latencies.length < FEWEST_REQUESTS) {
    throw new Error(
      `the rotation was over after ${String(latencies.length)} requests: more --rows`,
    );
  }
}

interface StatusDocument {
  readonly jobs: readonly {
    readonly job: string;
    readonly running: { readonly pid: number | null } | null;
    readonly last: { readonly state: string } | null;
  }[];
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((done, fail) => {
    get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        if (response.statusCode === 200) done(text);
        else fail(new Error(`${url}: ${String(response.statusCode)} ${text}`));
      });
      response.on('error', fail);
    }).on('error', fail);
  });
}

async function drainPid({ page }: DaemonScene): Promise<number> {
  const { jobs } = (await (await fetch(`${page}/status`)).json()) as StatusDocument;
  const pid = jobs.find(({ job }) => job === 'drain')?.running?.pid;
  if (pid === undefined || pid === null) throw new Error('the drain does not run');
  return pid;
}

/** Hundredths of a second are what /proc/…/stat counts in. */
const MS_PER_TICK = 10;

/** Processor time of the process itself, without its children's. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

function rssMbOf(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  const [, kilobytes = 'NaN'] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return round(Number(kilobytes) / 1024, 1);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
