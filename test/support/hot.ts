/** The hot store's transactions, for tests that look at one step. */
import type pg from 'pg';
import { expect } from 'vitest';
import type { IntegerTimeUnit, TableDescription } from '../../src/domain/table.ts';
import { describeTable } from '../../src/hot/table/introspect.ts';
import { inTransaction } from '../../src/hot/transaction.ts';
import type { TestDatabase } from './database.ts';

export function reading<Result>(client: pg.Client, work: () => Promise<Result>): Promise<Result> {
  const options = { doing: 'reading', isolation: 'repeatable read', readOnly: true } as const;
  return inTransaction(client, options, work);
}

export function writing<Result>(client: pg.Client, work: () => Promise<Result>): Promise<Result> {
  const options = { doing: 'removing', isolation: 'read committed', readOnly: false } as const;
  return inTransaction(client, options, work);
}

/** Describes `public.<name>` with time column `ts`. */
export function describePublic(
  client: pg.Client,
  name: string,
  unit?: IntegerTimeUnit,
): Promise<TableDescription> {
  return reading(client, () => describeTable(client, { schema: 'public', name }, 'ts', unit));
}

/** The UTC day that begins at `date`. */
export function dayOf(date: string): { fromInclusive: number; toExclusive: number } {
  const fromInclusive = Date.parse(`${date}T00:00:00Z`);
  return { fromInclusive, toExclusive: fromInclusive + 86_400_000 };
}

/** The pid of a connection's backend. */
export async function backendOf(client: pg.Client): Promise<number> {
  const found = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const pid = found.rows[0]?.pid;
  if (pid === undefined) throw new Error('no backend');
  return pid;
}

/** Until the backend `pid` waits for a lock. */
export async function untilBlocked(database: TestDatabase, pid: number): Promise<void> {
  const blocked = `select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`;
  await expect
    .poll(async () => (await database.query(blocked, [pid])).rowCount, { interval: 5 })
    .toBe(1);
}
