/** A daemon that answers in PostgreSQL's protocol, over rows of which some are in the lake; and its clients. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { vi } from 'vitest';
import { PATIENCE } from './daemon.ts';
import type { TestDatabase } from './database.ts';
import { type HttpDaemon, startHttpDaemon } from './http-daemon.ts';
import { openServerTree } from './server-tree.ts';

export const USER = 'ann';
export const PASSWORD = 'a password of some length';

export interface FaceDaemon extends HttpDaemon {
  readonly port: number;
}

/** @param query YAML of the section @param face YAML of more keys of `server.postgres` @param port 0 is any that is free */
export async function startFaceDaemon(
  database: Pick<TestDatabase, 'name' | 'url'>,
  {
    datasets,
    query = '{}',
    face = '',
    port: wanted = 0,
  }: { datasets: string; query?: string; face?: string; port?: number },
): Promise<FaceDaemon> {
  const daemon = await startHttpDaemon(database, {
    sections: `
query: ${query}
schedules: {}
server:
  port: 0
  postgres:
    port: ${String(wanted)}
    users: { ${USER}: { password: ${PASSWORD} } }
    ${face}`,
    datasets,
  });
  const port = await vi.waitFor(() => {
    const said = /in PostgreSQL's protocol at \S+:(\d+)/.exec(daemon.process.stderr());
    if (said === null) throw new Error(`no face yet: ${daemon.process.stderr()}`);
    return Number(said[1]);
  }, PATIENCE);
  return { ...daemon, port };
}

/** A client of node-postgres that gives values as they came: texts, or bytes. */
export async function connectTo(
  { port }: Pick<FaceDaemon, 'port'>,
  config: pg.ClientConfig = {},
): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: USER,
    password: PASSWORD,
    database: 'tierd',
    types: { getTypeParser: () => (value: unknown) => value },
    ...config,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** What psql prints on both outputs, and what it exits with. */
export function psql(
  { port }: Pick<FaceDaemon, 'port'>,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Printed> {
  const place = `host=127.0.0.1 port=${String(port)} user=${USER} dbname=tierd`;
  return psqlAt(place, argv, { PGPASSWORD: PASSWORD, ...env });
}

export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** @param place a URL, or what libpq reads as one */
export async function psqlAt(
  place: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Printed> {
  const tree = await openServerTree();
  const [program = '', ...rest] = tree.command('postgres', 'KILL', [
    '/usr/bin/env',
    // Whose certificates are nobody's to read here.
    'HOME=/nonexistent',
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    join(tree.postgresBin, 'psql'),
    '--no-psqlrc',
    place,
    ...argv,
  ]);
  const running = promisify(execFile)(program, rest, { cwd: '/' });
  // After a COPY FROM STDIN that was refused, it reads what would have been sent.
  running.child.stdin?.end();
  try {
    return { ...(await running), code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as Printed;
    return { stdout, stderr, code };
  }
}
