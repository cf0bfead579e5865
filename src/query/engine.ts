/**
 * A DuckDB of its own for one query: bounded, in UTC, and before it sees the query shut off from
 * every file but those that the query is given.
 */
import { rm } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { quoteText } from './sql-text.ts';

export interface EngineLimits {
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Where the query's intermediate results go when memory is full; made when needed, removed at the end. */
  readonly spillDirectory: string;
}

export interface Engine {
  readonly connection: DuckDBConnection;
  /** From here on only these files can be opened, nothing can be installed, no setting changed. */
  shutOff(allowedPaths: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function openEngine(limits: EngineLimits): Promise<Engine> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${String(limits.memoryLimitBytes)}B`,
    threads: String(limits.threads),
    temp_directory: limits.spillDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
  });
  const connection = await instance.connect();
  await connection.run(`set TimeZone = 'UTC'`);
  return {
    connection,
    async shutOff(allowedPaths) {
      const paths = allowedPaths.map(quoteText).join(', ');
      await connection.run(`set allowed_paths = [${paths}]`);
      // In this order: with external access gone the list of what is allowed can't change.
      await connection.run('set enable_external_access = false');
      await connection.run('set lock_configuration = true');
    },
    async close() {
      connection.closeSync();
      instance.closeSync();
      await rm(limits.spillDirectory, { recursive: true, force: true });
    },
  };
}

/** An interrupt that meets no running statement is forgotten, so it is repeated until all has ended. */
const INTERRUPT_AGAIN_MS = 20;

/** Runs `step`, which uses the connection, and interrupts it within milliseconds on `signal`. */
export async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  step: () => Promise<T>,
): Promise<T> {
  let again: NodeJS.Timeout | undefined;
  const interrupt = () => connection.interrupt();
  const onAbort = () => {
    interrupt();
    again = setInterval(interrupt, INTERRUPT_AGAIN_MS);
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await step();
  } finally {
    signal?.removeEventListener('abort', onAbort);
    clearInterval(again);
  }
}
