/** A database of its own for every test file that asks. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { servers } from './servers.ts';

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  readonly hasTimescale: boolean;
  query(sql: string, values?: unknown[]): Promise<pg.QueryResult>;
  /** A connection of its own; the caller ends it, or `drop` does. */
  connect(): Promise<pg.Client>;
  drop(): Promise<void>;
}

interface OpenDatabase {
  readonly database: TestDatabase;
  readonly keep: (reason: string) => Promise<void>;
}

/** What the databases of a failed file are marked with, for the run's end to find. */
export const KEPT_COMMENT = 'kept: ';

const open = new Map<string, OpenDatabase>();

/**
 * A fresh database on the suite's server; dropped when the test file ends and passed, kept (and
 * named) when it failed.
 *
 * @throws when `timescale` is asked for and not there: declare it with `describeOn('timescale', …)`.
 */
export async function createTestDatabase(
  options: { readonly timescale?: boolean } = {},
): Promise<TestDatabase> {
  const { postgresUrl, timescale, missing } = servers();
  const wantsTimescale = options.timescale ?? false;
  if (wantsTimescale && !timescale) {
    throw new Error(`no TimescaleDB here (${missing.timescale ?? ''}): use describeOn`);
  }
  const name = `tierd_test_${randomBytes(6).toString('hex')}`;
  await onServer(postgresUrl, `create database ${name} template template0`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  const database = openDatabase(url.href, name, wantsTimescale, postgresUrl);
  if (wantsTimescale) await database.query('create extension timescaledb');
  return database;
}

/** Called by the set-up file when a test file has ended. */
export async function closeTestDatabases(failedFile: string | null): Promise<void> {
  for (const { database, keep } of [...open.values()]) {
    if (failedFile === null) await database.drop();
    else await keep(failedFile);
  }
}

function openDatabase(
  url: string,
  name: string,
  hasTimescale: boolean,
  serverUrl: string,
): TestDatabase {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  // A test that ends backends ends these too; the next query takes a new connection.
  pool.on('error', () => undefined);
  const clients: pg.Client[] = [];
  const close = async (): Promise<void> => {
    open.delete(name);
    await Promise.allSettled(clients.map((client) => client.end()));
    await pool.end();
  };
  const database: TestDatabase = {
    url,
    name,
    hasTimescale,
    query: (sql, values) => pool.query(sql, values),
    connect: async () => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined); // reported by the query that meets it
      await client.connect();
      clients.push(client);
      return client;
    },
    drop: async () => {
      if (!open.has(name)) return;
      await close();
      await onServer(serverUrl, `drop database if exists ${name} with (force)`);
    },
  };
  const keep = async (reason: string): Promise<void> => {
    await close();
    const comment = pg.escapeLiteral(`${KEPT_COMMENT}${reason}`);
    await onServer(serverUrl, `comment on database ${name} is ${comment}`);
  };
  open.set(name, { database, keep });
  return database;
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
