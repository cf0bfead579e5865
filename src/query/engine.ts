/**
 * A DuckDB of its own for one query, which may be opened before the query is known: bounded, in UTC, and
 * before it sees the query shut off from every file but those that the query is given.
 */
import { rm } from 'node:fs/promises';
import { DuckDBConnection } from '@duckdb/node-api';
import { duckdb } from '../lake/segment/bindings.ts';
import { DuckConnection } from '../lake/segment/duckdb.ts';
import { MAKE_SCHEMAS } from './schemas.ts';
import { quoteText } from './sql/sql-text.ts';

export interface EngineBounds {
  readonly threads: number;
}

export interface EngineLimits extends EngineBounds {
  readonly memoryLimitBytes: number;
  /** Where the query's intermediate results go when memory is full; made when needed, removed at the end. */
  readonly spillDirectory: string;
}

export interface Engine {
  readonly connection: DuckDBConnection;
  /**
   * For rows that are copied in before the query runs. They lie in a database of their own, `hot_rows`:
   * the query's transaction first sees it when it first names it, and a rollback of it leaves them alone.
   */
  readonly staging: DuckConnection;
  /** Sees `hot_rows` and nothing else, for a look at what a query would be; its own database is empty. */
  readonly scratch: DuckDBConnection;
  /** Bounds it and begins the query's transaction, before anything else is done on `connection` or `staging`. */
  begin(limits: EngineLimits): Promise<void>;
  /** From here on only these files can be opened, nothing can be installed, no setting changed. */
  shutOff(allowedPaths: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** @param bounds those that it will have to keep, where they are known: to start its threads takes a while */
export async function openEngine(bounds: EngineBounds | null): Promise<Engine> {
  const config = duckdb.create_config();
  const settings = {
    threads: String(bounds?.threads ?? 1),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
  };
  for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, value);
  const database = await duckdb.open(':memory:', config);
  const connection = new DuckDBConnection(await duckdb.connect(database));
  await connection.run(
    `set TimeZone = 'UTC'; attach ':memory:' as hot_rows; attach ':memory:' as scratch; ${MAKE_SCHEMAS}`,
  );
  const staging = new DuckConnection(await duckdb.connect(database));
  await staging.run('use hot_rows');
  const scratch = new DuckDBConnection(await duckdb.connect(database));
  await scratch.run(`use scratch; ${MAKE_SCHEMAS}`);
  let spillDirectory: string | null = null;
  return {
    connection,
    staging,
    scratch,
    async begin(limits) {
      spillDirectory = limits.spillDirectory;
      const statements = [
        `set memory_limit = '${String(limits.memoryLimitBytes)}B'`,
        ...(limits.threads === bounds?.threads ? [] : [`set threads = ${String(limits.threads)}`]),
        `set temp_directory = ${quoteText(limits.spillDirectory)}`,
        'begin',
      ];
      await connection.run(statements.join('; '));
    },
    async shutOff(allowedPaths) {
      const paths = allowedPaths.map(quoteText).join(', ');
      // In this order: with external access gone the list of what is allowed can't change.
      const settings = [
        `set allowed_paths = [${paths}]`,
        'set enable_external_access = false',
        'set lock_configuration = true',
      ];
      await connection.run(settings.join('; '));
    },
    async close() {
      staging.close();
      scratch.closeSync();
      connection.closeSync();
      duckdb.close_sync(database);
      if (spillDirectory !== null) await rm(spillDirectory, { recursive: true, force: true });
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
