/** Writes a table's transactions one after the other, and knows which have begun and which have committed. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import type { Truth } from './truth.ts';

export const TABLES = ['plain', 'parts', 'chunks'] as const;
export type Table = (typeof TABLES)[number];

const COLUMNS = `ts timestamptz not null, symbol text not null, n int not null, amount int not null,
  primary key (symbol, ts)`;

export interface Writer {
  readonly committed: number;
  readonly begun: number;
  stop(): Promise<void>;
}

export async function createTable(db: pg.Client, table: Table): Promise<void> {
  if (table === 'parts') {
    await db.query(`create table parts (${COLUMNS}) partition by range (ts)`);
    return;
  }
  await db.query(`create table ${table} (${COLUMNS})`);
  if (table === 'chunks') {
    await db.query(
      `select create_hypertable('chunks', 'ts', chunk_time_interval => interval '1 day')`,
    );
  }
}

/** @param first so many at once, before it comes back */
export async function startWriter(
  url: string,
  table: Table,
  truth: Truth,
  { first, everyMs }: { readonly first: number; readonly everyMs: number },
): Promise<Writer> {
  const over = new AbortController();
  const db = new pg.Client(url);
  await db.connect();
  // A rotation that holds the table is waited for no longer than this: then the transaction is tried again.
  await db.query(`set lock_timeout = '2s'`);
  let begun = 0;
  let committed = 0;
  const write = async (): Promise<void> => {
    begun = committed + 1;
    while (!(await tryBatch(db, table, truth, begun))) await pause(20);
    committed = begun;
  };
  while (committed < first) await write();
  const running = (async () => {
    while (!over.signal.aborted) {
      await write();
      await pause(everyMs);
    }
    await db.end();
  })();
  return {
    get committed() {
      return committed;
    },
    get begun() {
      return begun;
    },
    async stop() {
      over.abort();
      await running;
    },
  };
}

/** What a rotation may do to a writer: hold its table, drop the partition that a row is for, be its deadlock. */
const TRY_AGAIN: ReadonlySet<string | undefined> = new Set(['55P03', '23514', '40P01', '42P01']);

async function tryBatch(
  db: pg.Client,
  table: Table,
  truth: Truth,
  number: number,
): Promise<boolean> {
  try {
    if (table === 'parts') for (const day of truth.days()) await makePartition(db, day);
    await db.query('begin');
    await writeBatch(db, table, truth, number);
    await db.query('commit');
    return true;
  } catch (error) {
    await db.query('rollback');
    if (!TRY_AGAIN.has((error as { code?: string }).code)) throw error;
    return false;
  }
}

async function makePartition(db: pg.Client, dayMs: number): Promise<void> {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const name = `parts_${iso(dayMs).slice(0, 10).replaceAll('-', '')}`;
  await db.query(
    `create table if not exists ${name} partition of parts for values from ('${iso(dayMs)}') to ('${iso(dayMs + DAY_MS)}')`,
  );
}

async function writeBatch(
  db: pg.Client,
  table: Table,
  truth: Truth,
  number: number,
): Promise<void> {
  const { inserted, corrected, deleted } = truth.batch(number);
  for (const { n, symbol, ms, amount } of inserted) {
    await db.query(`insert into ${table} (ts, symbol, n, amount) values ($1, $2, $3, $4)`, [
      new Date(ms).toISOString(),
      symbol,
      n,
      amount,
    ]);
  }
  if (corrected !== null) {
    await changeOne(db, `update ${table} set amount = $2 where n = $1`, [
      corrected.n,
      corrected.amount,
    ]);
  }
  if (deleted !== null) await changeOne(db, `delete from ${table} where n = $1`, [deleted.n]);
}

async function changeOne(db: pg.Client, sql: string, values: readonly number[]): Promise<void> {
  const { rowCount } = await db.query(sql, [...values]);
  if (rowCount !== 1) throw new Error(`${String(rowCount)} rows instead of one: ${sql}`);
}
