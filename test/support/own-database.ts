/** A database on a server of the test's own, which may be stopped under it. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import type { TestDatabase } from './database.ts';
import type { PostgresServer } from './postgres-server.ts';

/** Like the suite's databases; it goes with its server. */
export async function databaseOn(server: PostgresServer): Promise<TestDatabase> {
  const name = `own_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 2 });
  pool.on('error', () => undefined); // the server went away; the next query tells
  onTestFinished(() => pool.end());
  return {
    url: url.href,
    name,
    hasTimescale: false,
    query: (sql, values) => pool.query(sql, values),
    connect: async () => {
      const client = new pg.Client({ connectionString: url.href });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    drop: () => Promise.resolve(),
  };
}
