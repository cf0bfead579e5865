/** A private Redis on a free loopback port; there is one where there is the Debian tree. */
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  freePort,
  makeRunDir,
  readLog,
  removeRunDir,
  type ServerProcess,
  startServer,
  waitUntilReady,
} from './server-process.ts';
import { openServerTree, type ServerTree } from './server-tree.ts';
import { isOnValkey, valkeyTree } from './valkey.ts';

export interface RedisOptions {
  /** Directives of redis.conf, over those of the tests: `{ maxmemory: '10mb' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whose `redis-server` is run, given that there is one; unless given the tests' own tree, or Valkey. */
  readonly tree?: ServerTree;
  /** Watches this master as `mymaster`, alone, instead of holding data. */
  readonly sentinelOf?: RedisServer;
  /** What the sentinel asks its clients for; its master asks for the same, by its `settings`. */
  readonly sentinelPassword?: string;
}

export interface RedisServer {
  /** The same after a restart. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Throws when stopped. */
  pid(): number;
  log(): string;
  /** `fast` is SIGTERM, `immediate` kill -9. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

/** Starts an empty server with an append-only file, so that a restart keeps what it held. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const given = options.tree ?? (isOnValkey() ? valkeyTree() : null);
  const tree = given ?? (await openServerTree());
  if (!tree.full && given === null) {
    throw new Error(`There is no Redis for the tests here: ${tree.lacks}.`);
  }
  const runDir = await makeRunDir(tree.runsDir, 'redis');
  const dataDir = join(runDir, 'data');
  await mkdir(dataDir, { mode: 0o700 });
  await tree.giveTo('redis', dataDir);
  const port = await freePort();
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: tree.inside(dataDir),
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  if (options.sentinelOf !== undefined) {
    const file = join(dataDir, 'sentinel.conf');
    await writeFile(file, sentinelConfig(port, tree.inside(dataDir), options));
    await tree.giveTo('redis', file);
    args.splice(0, args.length, tree.inside(file), '--sentinel');
  }
  const argv = tree.command('redis', 'KILL', ['redis-server', ...args]);
  let server: ServerProcess | null = null;

  const start = async (): Promise<void> => {
    if (server !== null && !server.hasExited()) throw new Error('it is running');
    server = await startServer(runDir, argv);
    await waitUntilReady(runDir, server, () => answersPing(port));
  };
  const stop = async (mode: 'fast' | 'immediate' = 'fast'): Promise<void> => {
    await server?.end(mode === 'fast' ? 'SIGTERM' : 'SIGKILL');
    server = null;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    port,
    dataDir,
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
  };
}

/** A sentinel writes to its file, and takes no settings but from there. */
function sentinelConfig(port: number, dir: string, options: RedisOptions): string {
  const { sentinelOf, sentinelPassword } = options;
  return [
    'bind 127.0.0.1',
    `port ${String(port)}`,
    `dir ${dir}`,
    `sentinel monitor mymaster 127.0.0.1 ${String(sentinelOf?.port)} 1`,
    'sentinel down-after-milliseconds mymaster 1000',
    'sentinel failover-timeout mymaster 5000',
    ...(sentinelPassword === undefined
      ? []
      : [`requirepass ${sentinelPassword}`, `sentinel auth-pass mymaster ${sentinelPassword}`]),
    '',
  ].join('\n');
}

/** While it loads its data Redis accepts connections and answers -LOADING. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (reply) => {
      socket.destroy();
      done(/^(\+PONG|-NOAUTH)/.test(reply.toString()));
    });
    socket.on('error', () => {
      done(false);
    });
  });
}
