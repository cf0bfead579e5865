/**
 * A private PostgreSQL on a free loopback port. Its session defaults are hostile on purpose: code
 * that leans on the server's time zone, date style or float digits fails here and not at a user's.
 */
import { execFile } from 'node:child_process';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import {
  freePort,
  keepRunDir,
  makeRunDir,
  readLog,
  removeRunDir,
  type ServerProcess,
  startServer,
  waitUntilReady,
} from './server-process.ts';
import { openServerTree, type ServerTree } from './server-tree.ts';

export interface PostgresOptions {
  /** Settings for postgresql.conf, over those of the tests. `fsync` is off unless given here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The fullest that can be had, unless given. */
  readonly tree?: ServerTree;
}

/** `fast` disconnects everybody and checkpoints, `immediate` recovers at the next start, `kill` is kill -9. */
export type StopMode = 'fast' | 'immediate' | 'kill';

export interface PostgresServer {
  /** A superuser's URL of the database `postgres`; the same after a restart. */
  readonly url: string;
  readonly port: number;
  readonly timescale: boolean;
  /** On this machine, also when the server runs in a tree of its own. */
  readonly dataDir: string;
  readonly runDir: string;
  /** Of the running postmaster; throws when stopped. */
  pid(): number;
  log(): string;
  stop(mode?: StopMode): Promise<void>;
  /** Starts it again after a stop, on the same port and data. */
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
  /** Stops it and leaves its data for a person to look at. */
  keep(): Promise<void>;
}

const run = promisify(execFile);
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;
/** How long a restart waits for what the last postmaster left behind. */
const RESTART_PATIENCE_MS = 20_000;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Most files have databases of their own, and several run at once.
  max_connections: '300',
  shared_buffers: '128MB',
  max_wal_size: '4GB',
  fsync: 'off',
  full_page_writes: 'off',
  'timescaledb.telemetry_level': 'off',
  // Hostile from here on.
  timezone: 'America/New_York',
  datestyle: 'SQL, DMY',
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '0',
};

/** Starts a server with an empty cluster. The caller stops it with `remove()`. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const tree = options.tree ?? (await openServerTree());
  const runDir = await makeRunDir(tree.runsDir, 'postgres');
  const dataDir = join(runDir, 'data');
  await initialise(tree, dataDir);
  const settings = { ...SETTINGS, ...options.settings };
  if (tree.full) settings['shared_preload_libraries'] ??= 'timescaledb';
  await configure(dataDir, settings);
  return openPostgres(tree, runDir);
}

/** Starts a server on the data that `keep()` left in `runDir`. */
export async function openPostgres(tree: ServerTree, runDir: string): Promise<PostgresServer> {
  const dataDir = join(runDir, 'data');
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${String(port)}/postgres`;
  let server: ServerProcess | null = null;

  const start = async (): Promise<void> => {
    if (server !== null && !server.hasExited()) throw new Error('it is running');
    server = await startPatiently(tree, runDir, port, url);
  };
  const stop = async (mode: StopMode = 'fast'): Promise<void> => {
    await server?.end(SIGNALS[mode]);
    server = null;
  };
  await start();
  return {
    url,
    port,
    timescale: tree.full,
    dataDir,
    runDir,
    pid: () => {
      if (server === null || server.hasExited()) throw new Error('it is not running');
      return server.pid;
    },
    log: () => readLog(runDir),
    stop,
    start,
    remove: async () => {
      await stop('immediate');
      await removeRunDir(runDir);
    },
    keep: async () => {
      await stop('fast');
      await keepRunDir(runDir);
    },
  };
}

async function initialise(tree: ServerTree, dataDir: string): Promise<void> {
  await mkdir(dataDir, { mode: 0o700 });
  await tree.giveTo('postgres', dataDir);
  const [program, ...args] = tree.command('postgres', 'KILL', [
    join(tree.postgresBin, 'initdb'),
    `--pgdata=${tree.inside(dataDir)}`,
    '--username=postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    // An order of text that is not that of its bytes.
    ...(tree.full ? ['--locale-provider=icu', '--icu-locale=en-US'] : []),
    '--no-sync',
    '--no-instructions',
  ]);
  await run(program ?? '', args, { cwd: '/' });
}

async function configure(
  dataDir: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
  );
  await appendFile(join(dataDir, 'postgresql.conf'), lines.join(''));
}

/**
 * After a kill -9 the children of the old postmaster need a moment to notice, and until then a new
 * one refuses to start. Trying again is what an init system does.
 */
async function startPatiently(
  tree: ServerTree,
  runDir: string,
  port: number,
  url: string,
): Promise<ServerProcess> {
  const argv = tree.command('postgres', 'QUIT', [
    join(tree.postgresBin, 'postgres'),
    '-D',
    tree.inside(join(runDir, 'data')),
    '-p',
    String(port),
  ]);
  const deadline = Date.now() + RESTART_PATIENCE_MS;
  for (;;) {
    const server = await startServer(runDir, argv);
    try {
      await waitUntilReady(runDir, server, () => answers(url));
      return server;
    } catch (error) {
      if (!server.hasExited() || Date.now() > deadline) throw error;
      await pause(100);
    }
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined); // the server went away again: the next try tells
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
