/** A PgBouncer in transaction mode before a PostgreSQL of the tests, from the Debian tree. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import {
  freePort,
  makeRunDir,
  removeRunDir,
  type ServerProcess,
  startServer,
  waitUntilReady,
} from './server-process.ts';
import { openServerTree } from './server-tree.ts';

export interface PgBouncer {
  /** The URL that was given, through the pooler. */
  readonly url: string;
  /** Transactions that it has passed on for that database. */
  transactions(): Promise<number>;
  stop(): Promise<void>;
  /** Again after a stop, at the same port. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** Few connections, so that they are shared for certain. */
const POOL_SIZE = 3;

export async function startPgBouncer(postgresUrl: string): Promise<PgBouncer> {
  const tree = await openServerTree();
  const runDir = await makeRunDir(tree.runsDir, 'pgbouncer');
  const target = new URL(postgresUrl);
  const port = await freePort();
  const file = join(runDir, 'pgbouncer.ini');
  await writeFile(file, settings(target, port));
  await tree.giveTo('postgres', file);
  const argv = tree.command('postgres', 'KILL', ['/usr/sbin/pgbouncer', tree.inside(file)]);
  const through = new URL(postgresUrl);
  through.port = String(port);
  const console = new URL(through);
  console.pathname = '/pgbouncer';
  let server: ServerProcess | null = null;
  const start = async (): Promise<void> => {
    server = await startServer(runDir, argv);
    await waitUntilReady(runDir, server, () =>
      ask(console.href, 'show version').then(
        () => true,
        () => false,
      ),
    );
  };
  const stop = async (): Promise<void> => {
    await server?.end('SIGKILL');
    server = null;
  };
  await start();
  return {
    url: through.href,
    async transactions() {
      const rows = await ask(console.href, 'show stats');
      const name = target.pathname.slice(1);
      const own = rows.find(({ database }) => database === name);
      return Number(own?.['total_xact_count'] ?? 0);
    },
    stop,
    start,
    async remove() {
      await stop();
      await removeRunDir(runDir);
    },
  };
}

/** Whoever comes is let in as the superuser that the tests are. */
function settings(target: URL, port: number): string {
  return `[databases]
* = host=${target.hostname} port=${target.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${String(port)}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = transaction
default_pool_size = ${String(POOL_SIZE)}
max_client_conn = 100
`;
}

async function ask(url: string, sql: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined); // told by the query
  try {
    await client.connect();
    return (await client.query<Record<string, string>>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
