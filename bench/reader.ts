/**
 * A reader that is always there: it asks, again and again, for the lock that every SELECT takes, and
 * PostgreSQL's log says how long it had to wait. What a busy machine adds is not in that.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

const PAUSE_MS = 1;

/** `stop` resolves when the reader has gone. */
export async function startReader(
  url: string,
  table: string,
): Promise<{ readonly stop: () => Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `set log_lock_waits = on; set deadlock_timeout = '1ms'; set log_min_duration_statement = -1`,
  );
  let stopped = false;
  const read = async (): Promise<void> => {
    while (!stopped) {
      // With its chunks, as a SELECT from all of it.
      await client.query(`begin; lock table ${table} in access share mode; commit`);
      await pause(PAUSE_MS);
    }
  };
  const reading = read();
  return {
    stop: async () => {
      stopped = true;
      await reading;
      await client.end();
    },
  };
}

/** The longest of the waits in `log`, in milliseconds; 0 where nobody waited for 1 ms. */
export function longestWaitMs(log: string): number {
  const waits = log.matchAll(/acquired AccessShareLock on .* after ([\d.]+) ms/g);
  return Math.max(0, ...[...waits].map(([, ms]) => Number(ms)));
}
