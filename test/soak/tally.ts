/** Where everything is that was written: in Redis, hot, cold, or a dead letter; and how often. */
import type pg from 'pg';
import { listSegments } from '../../src/ledger/segments.ts';
import { readCold } from '../support/cold-rows.ts';
import type { Told } from './writers.ts';

export interface Verdict {
  /** Confirmed, and in none of hot, cold and dead letters. Redis may have it still. */
  readonly lost: readonly number[];
  /** Found more than once. */
  readonly doubled: readonly number[];
  /** Found, and never written. */
  readonly invented: readonly number[];
  readonly found: { readonly hot: number; readonly cold: number; readonly dead: number };
}

export function isWhole({ lost, doubled, invented }: Verdict): boolean {
  return lost.length + doubled.length + invented.length === 0;
}

const COUNTED = 'n';

/** I2: all of it out of one PostgreSQL snapshot, as a reader through tierd has it. */
export async function tally(
  db: pg.Client,
  lake: string,
  table: string,
  told: Told,
): Promise<Verdict> {
  await db.query(
    `begin isolation level repeatable read read only; lock table ${table} in access share mode`,
  );
  const segments = await listSegments(db, { dataset: table, states: ['live'] });
  const hot = await db.query<{ n: number }>(`select ${COUNTED} as n from ${table}`);
  const dead = await db.query<{ n: string }>(
    `select substring(convert_from(payload, 'UTF8') from 'x(\\d+)') as n
     from tierd.dead_letters where source = $1`,
    [SOURCE_OF[table] ?? ''],
  );
  await db.query('commit');
  const cold = await readCold(lake, segments, `${COUNTED} as n`);
  const found = [...hot.rows, ...cold, ...dead.rows].map(({ n }) => Number(n));
  return {
    ...compare(found, told),
    found: { hot: hot.rows.length, cold: cold.length, dead: dead.rows.length },
  };
}

const SOURCE_OF: Readonly<Record<string, string>> = {
  ticks: 'streams',
  orders: 'lists',
  quotes: 'moves',
};

function compare(found: readonly number[], told: Told): Omit<Verdict, 'found'> {
  const seen = new Map<number, number>();
  for (const n of found) seen.set(n, (seen.get(n) ?? 0) + 1);
  return {
    lost: [...told.confirmed].filter((n) => !seen.has(n)),
    doubled: [...seen].filter(([, count]) => count > 1).map(([n]) => n),
    // What is being written right now has its number in neither set yet.
    invented: [...seen.keys()].filter((n) => n > told.confirmed.size + told.unknown.size + 1),
  };
}
