/** The same rows twice: in the lake, asked through the face, and in a table of PostgreSQL's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { freePort } from '../../test/support/server-process.ts';
import { USUAL_SETTINGS } from '../../test/support/usual-settings.ts';
import { runChild } from '../child.ts';

export interface FaceScene {
  readonly client: pg.Client;
  readonly server: PostgresServer;
  readonly face: pg.ClientConfig;
  readonly daemonPid: number;
  /** `tierd` with the scene's configuration. */
  readonly command: readonly string[];
  /** Whether the server has postgres_fdw; then there are `face_bars`, `twin_bars` and the view `attached.bars`. */
  readonly hasForeignTables: boolean;
  /** Whether it has TimescaleDB; then there are the hypertables `placed`, of which the lake has the oldest days, and `alone`. */
  readonly hasHypertables: boolean;
  remove(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const USER = 'bench';
const PASSWORD = 'a password for the bench';
const COLUMNS =
  'time timestamptz, symbol text, open float8, high float8, low float8, close float8, volume bigint';

export async function openFaceScene(rows: number): Promise<FaceScene> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-bench-'));
  await mkdir(join(folder, 'data_lake'));
  const server = await startPostgres({ settings: USUAL_SETTINGS });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`create table bars (${COLUMNS}); alter table bars alter time set not null`);
  await client.query(
    `insert into bars select '2024-01-01'::timestamptz + n / 500 * interval '4 minutes', 'S' || n % 500, 100 + n % 97, 101 + n % 97,
       99 + n % 97, 100 + n % 89 + 0.25, n from generate_series(0, $1::int - 1) n`,
    [rows],
  );
  await client.query('create table twin as table bars');
  await client.query('vacuum (freeze, analyze) twin');
  if (server.timescale) await addHypertables(client);
  const configFile = join(folder, 'unified_config.yaml');
  await writeFile(configFile, configOf(server, folder, await freePort()), { mode: 0o600 });
  const command = [process.execPath, PROGRAM, '--config', configFile];
  await runChild([...command, 'migrate', 'up']);
  await runChild([...command, 'rotate', '--quiet', '--force']);
  const { daemon, port } = await startDaemon(folder, configFile);
  const hasForeignTables = await addForeignTables(client, server.url, port);
  if (hasForeignTables) await runChild([...command, 'attach', 'bars']);
  const hasHypertables = hasForeignTables && server.timescale;
  if (hasHypertables) {
    await runChild([...command, 'attach', 'placed', '--in-place']);
    await client.query('vacuum (freeze, analyze) placed, alone');
  }
  return {
    client,
    server,
    face: { host: '127.0.0.1', port, user: USER, password: PASSWORD, database: 'tierd' },
    daemonPid: daemon.pid ?? 0,
    command,
    hasForeignTables,
    hasHypertables,
    async remove() {
      daemon.kill('SIGTERM');
      if (daemon.exitCode === null) await once(daemon, 'exit');
      await client.end();
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The same days that stay in both, of which the oldest is 30 days old in parts, and in one of them nine before, which leave. */
async function addHypertables(client: pg.Client): Promise<void> {
  const fill = (table: string, days: number): string => `
    create table ${table} (${COLUMNS}, primary key (symbol, time));
    select create_hypertable('${table}', 'time', chunk_time_interval => interval '1 day', create_default_indexes => false);
    create index on ${table} (time desc);
    insert into ${table} select date_trunc('day', now(), 'UTC') - d * interval '1 day' + n / ${String(SYMBOLS)} * interval '10 minutes', 'S' || n % ${String(SYMBOLS)},
      100 + n % 97, 101 + n % 97, 99 + n % 97, 100 + n % 89 + 0.25, n
    from generate_series(0, ${String(days - 1)}) d, generate_series(0, ${String(SYMBOLS * BARS_A_DAY - 1)}) n;`;
  await client.query('create extension timescaledb');
  await client.query(fill('placed', 40));
  await client.query(fill('alone', 31));
}

const SYMBOLS = 100;
const BARS_A_DAY = 144;

function configOf({ url, timescale }: PostgresServer, folder: string, port: number): string {
  return `postgres: { url: "${url}" }
lake: { type: local, path: ${join(folder, 'data_lake')} }
datasets:
  bars: { time_column: time, sort_by: [symbol, time], guards: { max_share: 1 } }
${timescale ? '  placed: { time_column: time, sort_by: [symbol, time], guards: { max_share: 1 } }' : ''}
schedules: {}
query: { max_result: 16GB }
server: { postgres: { port: ${String(port)}, users: { ${USER}: { password: ${PASSWORD} } } } }
`;
}

async function startDaemon(
  folder: string,
  configFile: string,
): Promise<{ readonly daemon: ChildProcess; readonly port: number }> {
  const daemon = spawn(process.execPath, [PROGRAM, 'run', '--config', configFile], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    let log = '';
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const found = /in PostgreSQL's protocol at \S+:(\d+)/.exec(log)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    daemon.once('exit', () => reject(new Error(`the daemon ended:\n${log}`)));
  });
  return { daemon, port };
}

/** Both by postgres_fdw: the one from the face, the other from the server itself. */
async function addForeignTables(client: pg.Client, url: string, port: number): Promise<boolean> {
  const { rows } = await client.query(
    "select from pg_available_extensions where name = 'postgres_fdw'",
  );
  if (rows.length === 0) return false;
  const { port: ownPort, username, pathname } = new URL(url);
  await client.query(`
    create extension postgres_fdw;
    create server face foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${String(port)}', dbname 'tierd', fetch_size '10000');
    create user mapping for current_user server face options (user '${USER}', password '${PASSWORD}');
    create server twin foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${ownPort}', dbname '${pathname.slice(1)}', fetch_size '10000');
    create user mapping for current_user server twin options (user '${username}');
    create foreign table face_bars (${COLUMNS}) server face options (table_name 'bars');
    create foreign table twin_bars (${COLUMNS}) server twin options (table_name 'twin')`);
  return true;
}
