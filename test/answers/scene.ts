/** A server of its own, the tables with a writer each, and the configuration of a daemon that rotates all the time. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { runTierd } from '../support/cli.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { freePort } from '../support/server-process.ts';
import { USUAL_SETTINGS } from '../support/usual-settings.ts';
import { Truth } from './truth.ts';
import { createTable, startWriter, TABLES, type Table, type Writer } from './writer.ts';

export interface AnswersScene {
  readonly directory: string;
  readonly daemon: { readonly file: string; readonly page: string };
  readonly token: string;
  /** Of PostgreSQL. */
  readonly database: string;
  readonly truth: Truth;
  readonly writers: ReadonlyMap<Table, Writer>;
  /** Committed so far. */
  countMoves(): Promise<number>;
  /** With the writers stopped. */
  remove(): Promise<void>;
}

const TOKEN = 'query-token-0123456789';
const FIRST_BATCHES = 30;
const WRITE_EVERY_MS = 250;

/** Replaced segments go soon, so that a reader that still needed one would be seen. */
const configOf = (
  url: string,
  { port, face }: { readonly port: number; readonly face: number },
  tables: readonly Table[],
  rotateEvery: string,
): string => `
postgres: { url: "${url}", lock_timeout: 2s }
lake: { type: local, path: lake, min_free: 0MB, iceberg: true }
maintenance: { temp_dir: spill, threads: 1, memory_limit: 256MB, grace_period: 30s }
storage: { lifecycle: { hot_days: 30, guards: { max_share: 1 } } }
schedules:
  rotate: { every: ${rotateEvery}, retries: 1, retry_delay: 500ms, timeout: 60s }
  compact: { every: 15s, retries: 0 }
daemon: { lease_ttl: 3s, shutdown_timeout: 20s, circuit_failures: 1000 }
server:
  port: ${String(port)}
  query_token: ${TOKEN}
  requests_per_minute: 100000
  postgres: { port: ${String(face)}, users: { views: { password: ${TOKEN} } } }
query: { queue: 32 }
datasets:
${tables.map((table) => `  ${table}: { time_column: ts, sort_by: [symbol, ts] }`).join('\n')}
`;

/** @param rotateEvery as the configuration has it: `2s` */
export async function openAnswersScene(rotateEvery: string): Promise<AnswersScene> {
  const directory = await mkdtemp(join(tmpdir(), 'tierd-answers-'));
  await mkdir(join(directory, 'spill'));
  const postgres = await startPostgres({ settings: USUAL_SETTINGS });
  const db = new pg.Client(postgres.url);
  await db.connect();
  const tables = TABLES.filter((table) => table !== 'chunks' || postgres.timescale);
  if (postgres.timescale) await db.query('create extension if not exists timescaledb');
  for (const table of tables) await createTable(db, table);
  await migrate(db);
  const truth = new Truth(Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS);
  const writers = new Map<Table, Writer>();
  for (const table of tables) {
    const pace = { first: FIRST_BATCHES, everyMs: WRITE_EVERY_MS };
    writers.set(table, await startWriter(postgres.url, table, truth, pace));
  }
  const port = await freePort();
  const file = join(directory, 'unified_config.yaml');
  await writeFile(
    file,
    configOf(postgres.url, { port, face: await freePort() }, tables, rotateEvery),
  );
  const attached = await runTierd(['attach', '--config', file]);
  if (attached.exitCode !== 0) throw new Error(attached.stderr);
  return {
    directory,
    daemon: { file, page: `http://127.0.0.1:${String(port)}` },
    token: TOKEN,
    database: postgres.url,
    truth,
    writers,
    async countMoves() {
      const { rows } = await db.query<{ count: number }>(
        `select count(*)::int from tierd.moves where state in ('committed', 'finished')`,
      );
      return rows[0]?.count ?? 0;
    },
    async remove() {
      await db.end();
      await postgres.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
