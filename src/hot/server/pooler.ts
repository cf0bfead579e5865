/** Telling a server from a pooler in front of it. */
import type pg from 'pg';
import { runOne, sql } from '../sql.ts';

/**
 * Whether a pooler answers in the server's place. A server names the process that serves the
 * connection when it is opened; a pooler, which lends it many, has to make one up.
 */
export async function isPooled(client: pg.Client): Promise<boolean> {
  const announced = 'processID' in client ? client.processID : null;
  const { pid } = await runOne<{ readonly pid: number }>(
    client,
    sql`select pg_backend_pid() as pid`,
  );
  return announced !== null && announced !== pid;
}
