/** The stage: a folder, a PostgreSQL in it, a configuration. All of it goes when the demo ends. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import pg from 'pg';
import { startPostgres } from '../../test/support/postgres-server.ts';
import { freePort } from '../../test/support/server-process.ts';
import { embeddedTree, openServerTree } from '../../test/support/server-tree.ts';
import { USUAL_SETTINGS } from '../../test/support/usual-settings.ts';
import { drainConfig, type LiveServer, openRedis } from './redis.ts';
import type { Stores } from './stores.ts';
import type { DemoTable } from './tables.ts';
import type { Undo } from './undo.ts';

export interface Setting {
  readonly stores: Stores;
  readonly folder: string;
  readonly configFile: string;
  readonly port: number;
  readonly dataDir: string;
  /** Then one of the tables is a hypertable. */
  readonly hasTimescale: boolean;
  /** The same without what is drained, for a daemon that is there to be asked alone, at that port. */
  readonly face: { readonly configFile: string; readonly port: number };
  /** Whether the server has postgres_fdw, through which it asks the daemon. */
  readonly hasForeignTables: boolean;
  readonly serverVersion: string;
  /** Null where there is none, and none can be had; `redisMissing` says why. */
  readonly redis: LiveServer | null;
  readonly redisMissing: string;
}

export async function prepareSetting(
  tables: readonly DemoTable[],
  hotDays: number,
  undo: Undo,
  signal: AbortSignal,
): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-demo-'));
  undo.add(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  // PostgreSQL can't run as root. As whom it runs then has to get through here to its own folders.
  await chmod(folder, 0o711);
  // That of the tests has TimescaleDB; that of npm runs anywhere.
  const shared = await openServerTree();
  const tree = shared.full ? shared : await embeddedTree(folder);
  const postgres = await startPostgres({ tree, settings: USUAL_SETTINGS });
  undo.add(() => postgres.remove());
  const live = await openRedis(tree, undo);
  const redis = 'missing' in live ? null : live;
  const exchange = join(postgres.runDir, 'exchange');
  await mkdir(exchange);
  await tree.giveTo('postgres', exchange);

  const client = new pg.Client({ connectionString: postgres.url });
  client.on('error', () => undefined); // told by the query that meets it
  await client.connect();
  undo.add(() => client.end());
  signal.throwIfAborted();
  if (postgres.timescale) await client.query('create extension timescaledb');
  const wrapper = await client.query(
    "select from pg_available_extensions where name = 'postgres_fdw'",
  );
  const version = await client.query<{ server_version: string }>('show server_version');

  const instance = await DuckDBInstance.create(join(folder, 'kept-aside.duckdb'), {
    memory_limit: '2GB',
  });
  const duck = await instance.connect();
  undo.add(async () => {
    duck.closeSync();
    instance.closeSync();
  });
  await duck.run(`set timezone = 'UTC'`);
  // Whatever they are at: the statement fails, and with it the demo.
  signal.addEventListener('abort', () => {
    duck.interrupt();
    void client.end();
  });

  const lakeDir = join(folder, 'data_lake');
  await mkdir(lakeDir);
  const configFile = join(folder, 'unified_config.yaml');
  const places = { postgres: postgres.url, lakeDir, hotDays, redis };
  await writeFile(configFile, configText(places, tables), { mode: 0o600 });
  const face = { configFile: join(folder, 'with_face.yaml'), port: await freePort() };
  const asked = `${configText({ ...places, redis: null }, tables)}${faceAt(face.port)}`;
  await writeFile(face.configFile, asked, { mode: 0o600 });
  return {
    face,
    stores: { client, duck, exchange, inside: (path) => tree.inside(path), lakeDir },
    folder,
    configFile,
    port: postgres.port,
    dataDir: postgres.dataDir,
    hasTimescale: postgres.timescale,
    hasForeignTables: wrapper.rowCount === 1,
    redis,
    redisMissing: 'missing' in live ? live.missing : '',
    serverVersion: version.rows[0]?.server_version ?? 'of unknown version',
  };
}

const faceAt = (port: number): string => `schedules: {}
server:
  port: 0
  postgres:
    port: ${port}
    users: { demo: { password: only-for-this-demo } }
`;

interface Places {
  readonly postgres: string;
  readonly redis: LiveServer | null;
  readonly lakeDir: string;
  readonly hotDays: number;
}

function configText(
  { postgres, redis, lakeDir, hotDays }: Places,
  tables: readonly DemoTable[],
): string {
  const datasets = tables.map((table) => {
    const settings = { time_column: table.timeColumn, ...table.settings };
    const lines = Object.entries(settings).map(([key, value]) => `    ${key}: ${value}\n`);
    return `  ${table.name}:\n${lines.join('')}`;
  });
  return `postgres:
  url: ${postgres}
lake:
  type: local
  path: ${lakeDir}
storage:
  lifecycle:
    hot_days: ${hotDays}
datasets:
${datasets.join('')}${redis === null ? '' : drainConfig(redis.url)}# A line for each of 247 moves is for a log; here the sum of each run is enough.
log:
  level: warn
`;
}
