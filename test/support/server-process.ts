/**
 * One server of the tests' own: a process, its directory, its log. It ends with us, whatever ends
 * us: the kernel signals it when our process is gone (`--pdeathsig`), and what slipped through is
 * removed by the next run, by recorded pid and start time.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

export interface ServerProcess {
  readonly pid: number;
  readonly hasExited: () => boolean;
  /** Signals it and waits until it has gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

interface RunRecord {
  readonly owner: ProcessIdentity;
  readonly server?: ProcessIdentity;
  readonly keep?: boolean;
}

const RECORD = 'run.json';
const LOG = 'server.log';
/** A directory without a readable record: its maker may be between mkdir and write. */
const UNRECORDED_GRACE_MS = 60_000;
const POLL_MS = 20;

/** A directory for one server, recorded as ours. */
export async function makeRunDir(runsDir: string, kind: string): Promise<string> {
  const dir = join(runsDir, `${kind}-${String(process.pid)}-${randomBytes(4).toString('hex')}`);
  await mkdir(dir, { mode: 0o711 });
  await writeRecord(dir, { owner: identityOf(process.pid) });
  return dir;
}

/** Starts `argv` in the background with its output in the directory's log. */
export async function startServer(dir: string, argv: readonly string[]): Promise<ServerProcess> {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error('nothing to start');
  const log = openSync(join(dir, LOG), 'a');
  // A session of its own, so that Ctrl-C reaches us first and we end the servers in order.
  const child = spawn(program, args, { cwd: '/', stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  child.unref(); // a server that somebody forgot must not keep the tests from ending
  let gone = false;
  const exited = new Promise<void>((done) => {
    const end = (): void => {
      gone = true;
      done();
    };
    child.on('exit', end);
    child.on('error', end);
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${program} could not be started`);
  await writeRecord(dir, { owner: identityOf(process.pid), server: identityOf(pid) });
  return {
    pid,
    hasExited: () => gone,
    end: async (signal) => {
      if (gone) return;
      child.ref(); // or node would find nothing left to wait for, and exit
      child.kill(signal);
      await exited;
    },
  };
}

/** Polls `isReady` until it says true; throws with the end of the log when that can't be. */
export async function waitUntilReady(
  dir: string,
  server: ServerProcess,
  isReady: () => Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isReady())) {
    if (server.hasExited() || Date.now() > deadline) {
      const what = server.hasExited()
        ? 'ended at once'
        : `was not ready in ${String(timeoutMs)} ms`;
      throw new Error(`The server in ${dir} ${what}:\n${readLog(dir).slice(-2_000)}`);
    }
    await pause(POLL_MS);
  }
}

export function readLog(dir: string): string {
  return readFileSync(join(dir, LOG), 'utf8');
}

/** Leaves the directory for a person to look at; the sweep removes all but the newest few. */
export async function keepRunDir(dir: string): Promise<void> {
  await writeRecord(dir, { owner: identityOf(process.pid), keep: true });
}

export async function removeRunDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** A loopback port that is free now. Nothing holds it: whoever binds it must be ready to try again. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done, fail) => {
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', done);
  });
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Ends servers whose owner is gone and removes their directories. Kept ones stay: the newest two. */
export async function sweepDeadRuns(runsDir: string): Promise<void> {
  const kept: { dir: string; at: number }[] = [];
  for (const name of await readdir(runsDir)) {
    const dir = join(runsDir, name);
    const age = await stat(dir).catch(() => null);
    if (age === null) continue; // another run's sweep was faster
    const record = await readRecord(dir);
    if (record === null) {
      if (Date.now() - age.mtimeMs > UNRECORDED_GRACE_MS) await removeRunDir(dir);
    } else if (record.keep === true) {
      kept.push({ dir, at: age.mtimeMs });
    } else if (!isAlive(record.owner)) {
      if (record.server !== undefined) await endLeftover(record.server);
      await removeRunDir(dir);
    }
  }
  kept.sort((a, b) => b.at - a.at);
  for (const { dir } of kept.slice(2)) await removeRunDir(dir);
}

async function endLeftover(server: ProcessIdentity): Promise<void> {
  for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
    for (let tries = 0; tries < 100 && isAlive(server); tries += 1) {
      if (tries === 0) process.kill(server.pid, signal);
      await pause(POLL_MS);
    }
  }
}

async function writeRecord(dir: string, record: RunRecord): Promise<void> {
  await writeFile(join(dir, RECORD), JSON.stringify(record));
}

/** `null` while it is being written, or when it is gone. */
export async function readRecord(dir: string): Promise<RunRecord | null> {
  try {
    return JSON.parse(await readFile(join(dir, RECORD), 'utf8')) as RunRecord;
  } catch {
    return null;
  }
}
