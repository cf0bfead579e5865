/** Queries as the process of a query asks them, on a connection that is there; and DuckDB by itself. */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { inPlace } from '../../src/lake/segment-files.ts';
import { postgresStores } from '../../src/query/postgres-stores.ts';
import { queryLake } from '../../src/query/query-lake.ts';
import type { QuerySummary } from '../../src/query/query-request.ts';
import { SpareEngine } from '../../src/query/spare-engine.ts';
import type { QueryScene } from './scene.ts';

const engines = new SpareEngine();

const MEMORY_BYTES = 2 * 1024 ** 3;
const THREADS = 2;

export interface Asked {
  readonly ms: number;
  readonly summary: QuerySummary;
  readonly text: string;
}

export async function askTierd(
  scene: Pick<QueryScene, 'client' | 'datasets' | 'store' | 'folder'>,
  sql: string,
  explain = false,
): Promise<Asked> {
  const { client: db, datasets, store, folder } = scene;
  let text = '';
  // A process that waits for questions has one open, and closes it when it has answered.
  await engines.prepare();
  const startedAt = performance.now();
  const summary = await queryLake(
    {
      sql,
      parameters: [],
      explain,
      format: 'csv',
      output: { sink: { write: async (part) => void (text += String(part)) } },
      terminalWidth: null,
    },
    {
      inSnapshot: postgresStores({
        db,
        datasets,
        maxHotRows: 50_000_000,
        maxHoldMs: 600_000,
        signal: new AbortController().signal,
      }),
      openLake: () => Promise.resolve({ store, openSegments: inPlace(store) }),
      openEngine: (limits) => engines.take(limits),
      limits: {
        memoryLimitBytes: MEMORY_BYTES,
        threads: THREADS,
        spillDirectory: join(folder, 'spill'),
      },
      clock: { now: () => Date.now() },
    },
  );
  return { ms: performance.now() - startedAt, summary, text };
}

export interface WarmDuck {
  ask(sql: string): Promise<{ readonly ms: number; readonly rows: number }>;
  close(): void;
}

/** An engine that is there already, and knows nothing of the ledger. */
export async function openDuck(): Promise<WarmDuck> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(THREADS),
    memory_limit: `${String(MEMORY_BYTES)}B`,
  });
  const connection = await instance.connect();
  await connection.run("set TimeZone = 'UTC'");
  return {
    async ask(sql) {
      const startedAt = performance.now();
      const { currentRowCount } = await connection.runAndReadAll(sql);
      return { ms: performance.now() - startedAt, rows: currentRowCount };
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
