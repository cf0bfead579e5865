/** Memory, open files and connections of the daemons, looked at again and again. */
import { readdirSync, readFileSync } from 'node:fs';
import type { PostgresServer } from '../support/postgres-server.ts';
import type { KeptDaemon } from './daemon-keeper.ts';
import { openClient } from './writers.ts';

export interface Sample {
  readonly atMs: number;
  readonly pid: number;
  readonly rssKb: number;
  readonly files: number;
}

export interface Trend {
  readonly samples: number;
  readonly first: number;
  readonly last: number;
  readonly max: number;
  /** Of the straight line that fits best. */
  readonly perMinute: number;
}

/** Null when the process is gone just now. */
export function sample({ pid }: KeptDaemon, atMs: number): Sample | null {
  try {
    const status = readFileSync(`/proc/${String(pid())}/status`, 'utf8');
    const [, rss = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    const files = readdirSync(`/proc/${String(pid())}/fd`).length;
    return { atMs, pid: pid(), rssKb: Number(rss), files };
  } catch {
    return null;
  }
}

/** By name of the application: tierd's own, of all its processes. */
export async function countConnections(postgres: PostgresServer): Promise<number | null> {
  try {
    const db = await openClient(postgres.url);
    try {
      const { rows } = await db.query<{ count: number }>(
        `select count(*)::int from pg_stat_activity where application_name like 'tierd/%'`,
      );
      return rows[0]?.count ?? null;
    } finally {
      await db.end();
    }
  } catch {
    return null; // it is away
  }
}

export function trendOf(points: readonly (readonly [atMs: number, value: number])[]): Trend {
  const values = points.map(([, value]) => value);
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const meanAt = mean(points.map(([atMs]) => atMs));
  const meanValue = mean(values);
  const spread = points.reduce((sum, [atMs]) => sum + (atMs - meanAt) ** 2, 0);
  const together = points.reduce(
    (sum, [atMs, value]) => sum + (atMs - meanAt) * (value - meanValue),
    0,
  );
  return {
    samples: points.length,
    first: values[0] ?? Number.NaN,
    last: values.at(-1) ?? Number.NaN,
    max: Math.max(...values),
    perMinute: spread === 0 ? 0 : Math.round((together / spread) * 60_000 * 10) / 10,
  };
}
