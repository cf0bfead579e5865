/** What the soak runs on: servers that survive kill -9, the tables, and a configuration. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../src/ledger/migrate.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { freePort } from '../support/server-process.ts';
import { USUAL_SETTINGS } from '../support/usual-settings.ts';
import { openClient, SOURCES, TABLES } from './writers.ts';

export interface SoakScene {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly directory: string;
  readonly lake: string;
  readonly spill: string;
  /** One for each daemon: they differ in the port of the status page. */
  readonly configs: readonly { readonly file: string; readonly page: string }[];
  remove(): Promise<void>;
}

export const LEASE_TTL_MS = 3_000;
/** Short, so that there is something to forget; what was not yet told to Redis is kept whatever this says. */
export const KEEP_DELIVERIES_MS = 5_000;

const config = (scene: { postgresUrl: string; redisUrl: string; port: number }): string => `
postgres: { url: "${scene.postgresUrl}", lock_timeout: 2s, connect_timeout: 5s }
redis: { url: "${scene.redisUrl}", connect_timeout: 5s, command_timeout: 5s }
lake: { type: local, path: lake, min_free: 0MB }
maintenance: { temp_dir: spill, threads: 1, memory_limit: 256MB }
storage: { lifecycle: { guards: { max_share: 1 } } }
schedules:
  rotate: { every: 4s, retries: 1, retry_delay: 1s, timeout: 60s }
  scrub: { every: 25s, retries: 0 }
daemon: { lease_ttl: ${String(LEASE_TTL_MS)}ms, shutdown_timeout: 60s, circuit_failures: 1000 }
server: { port: ${String(scene.port)}, requests_per_minute: 6000 }
drain:
  interval: 500ms
  keep_deliveries: ${String(KEEP_DELIVERIES_MS)}ms
  sources: ${SOURCES}
datasets:
${Object.keys(TABLES)
  .map((table) => `  ${table}: { time_column: ts, sort_by: [symbol, ts] }`)
  .join('\n')}
`;

export async function openSoakScene(daemons: number): Promise<SoakScene> {
  const directory = await mkdtemp(join(tmpdir(), 'tierd-soak-'));
  const spill = join(directory, 'spill');
  await mkdir(spill);
  const [postgres, redis] = await Promise.all([
    startPostgres({ settings: USUAL_SETTINGS }),
    startRedis(),
  ]);
  const db = await openClient(postgres.url);
  for (const [table, columns] of Object.entries(TABLES)) {
    await db.query(`create table ${table} (${columns}); create index on ${table} (ts)`);
  }
  await migrate(db);
  await db.end();
  const configs: SoakScene['configs'][number][] = [];
  for (let number = 1; number <= daemons; number += 1) {
    const port = await freePort();
    const file = join(directory, `daemon-${String(number)}.yaml`);
    await writeFile(file, config({ postgresUrl: postgres.url, redisUrl: redis.url, port }));
    configs.push({ file, page: `http://127.0.0.1:${String(port)}` });
  }
  return {
    postgres,
    redis,
    directory,
    lake: join(directory, 'lake', 'cold_storage'),
    spill,
    configs,
    async remove() {
      await Promise.all([postgres.remove(), redis.remove()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
