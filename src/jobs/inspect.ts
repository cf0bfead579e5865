/**
 * inspect: what somebody who knows PostgreSQL would look at first, and what to do about it. Reads only. Each question has a
 * transaction of its own, bounded in time: one that fails, or takes too long, is told of and takes no other along.
 */
import type pg from 'pg';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { judgeBloat } from '../domain/inspect/bloat.ts';
import { judgeCompression } from '../domain/inspect/compression.ts';
import { judgeConnectionUse } from '../domain/inspect/connections.ts';
import type { Judged, Section } from '../domain/inspect/finding.ts';
import { judgeIndexes } from '../domain/inspect/indexes.ts';
import { judgeLocks } from '../domain/inspect/locks.ts';
import { judgePrepared } from '../domain/inspect/prepared.ts';
import { judgeQueries } from '../domain/inspect/queries.ts';
import { judgeReplication } from '../domain/inspect/replication.ts';
import { judgeSizes } from '../domain/inspect/sizes.ts';
import { judgeTables } from '../domain/inspect/tables.ts';
import { judgeTransactions } from '../domain/inspect/transactions.ts';
import { judgeVacuum } from '../domain/inspect/vacuum.ts';
import { judgeWal } from '../domain/inspect/wal.ts';
import { judgeWraparound } from '../domain/inspect/wraparound.ts';
import { readBloat } from '../hot/inspect/bloat.ts';
import { readCompression } from '../hot/inspect/compression.ts';
import { readConnectionUse } from '../hot/inspect/connections.ts';
import { readDeadRows } from '../hot/inspect/dead-rows.ts';
import { readIndexUse } from '../hot/inspect/index-use.ts';
import { readLockWaits } from '../hot/inspect/lock-waits.ts';
import { type InspectScope, scopeOf } from '../hot/inspect/members.ts';
import { readPrepared } from '../hot/inspect/prepared.ts';
import { readReplication } from '../hot/inspect/replication.ts';
import { readSight, type Sight } from '../hot/inspect/seen.ts';
import { readSizes } from '../hot/inspect/sizes.ts';
import { readStatements } from '../hot/inspect/slow-queries.ts';
import { readTableUse, type TimedTable } from '../hot/inspect/table-use.ts';
import { readTransactions } from '../hot/inspect/transactions.ts';
import { readWal } from '../hot/inspect/wal.ts';
import { readWraparound } from '../hot/inspect/wraparound.ts';
import { readServerFacts, type ServerFacts } from '../hot/server/server-facts.ts';
import { inTransaction } from '../hot/transaction.ts';
import { asTierdError } from './job-failure.ts';

export interface InspectOptions {
  readonly sections: readonly Section[];
  /** Null: every table of the database. */
  readonly only: readonly Dataset[] | null;
  /** For each question. */
  readonly timeoutMs: number;
}

export interface Inspection {
  readonly server: ServerFacts;
  readonly sight: Sight;
  readonly sections: readonly InspectedSection[];
}

export interface InspectedSection extends Judged {
  readonly section: Section;
}

/** Whoever has locked a table against readers is waited for no longer: it is among the findings. */
const LOCK_TIMEOUT_MS = 1_000;

/** `db` is in no transaction. Throws what keeps all questions from being put. */
export async function inspect(
  db: pg.Client,
  datasets: readonly Dataset[],
  { sections, only, timeoutMs }: InspectOptions,
): Promise<Inspection> {
  const asking: Asking = { db, timeoutMs };
  const server = await ask(asking, () => readServerFacts(db));
  const sight = await ask(asking, () => readSight(db));
  const tables = only === null ? null : only.map(({ table }) => table);
  const scope = await ask(asking, () => scopeOf(db, tables));
  const timed = (only ?? datasets).map(({ table, timeColumn }) => ({ table, timeColumn }));
  const looked: InspectedSection[] = [];
  for (const section of sections) {
    looked.push({ section, ...(await lookAt(section, asking, scope, timed)) });
  }
  return { server, sight, sections: looked };
}

interface Asking {
  readonly db: pg.Client;
  readonly timeoutMs: number;
}

function ask<Result>({ db, timeoutMs }: Asking, work: () => Promise<Result>): Promise<Result> {
  const options = {
    doing: 'inspecting',
    isolation: 'read committed',
    readOnly: true,
    isSerial: true,
    limits: { statementTimeoutMs: timeoutMs, lockTimeoutMs: LOCK_TIMEOUT_MS },
  } as const;
  return inTransaction(db, options, work);
}

async function lookAt(
  section: Section,
  asking: Asking,
  scope: InspectScope,
  timed: readonly TimedTable[],
): Promise<Judged> {
  try {
    return await question(section, asking, scope, timed);
  } catch (error) {
    const failure = asTierdError(error);
    // Without the server no later question has an answer either.
    if (failure.code === 'POSTGRES_UNREACHABLE' || failure.code === 'INTERNAL') throw failure;
    const found = `could not be looked at: ${failure.message}`;
    const next = `tierd inspect ${section} --timeout ${String(Math.ceil(asking.timeoutMs / 1_000) * 6)}`;
    return {
      findings: [{ subject: section, verdict: 'look', found, next, figures: {} }],
      unseen: [],
    };
  }
}

async function question(
  section: Section,
  asking: Asking,
  scope: InspectScope,
  timed: readonly TimedTable[],
): Promise<Judged> {
  const { db } = asking;
  switch (section) {
    case 'connections':
      return judgeConnectionUse(await ask(asking, () => readConnectionUse(db)));
    case 'locks':
      return judgeLocks(await ask(asking, () => readLockWaits(db)));
    case 'transactions': {
      const { open, hidden } = await ask(asking, () => readTransactions(db));
      return judgeTransactions(open, hidden);
    }
    case 'prepared':
      return judgePrepared(await ask(asking, () => readPrepared(db)));
    case 'replication':
      return judgeReplication(await ask(asking, () => readReplication(db)));
    case 'wal':
      return judgeWal(await ask(asking, () => readWal(db)));
    case 'wraparound':
      return judgeWraparound(await ask(asking, () => readWraparound(db)));
    case 'queries':
      return judgeQueries(await ask(asking, () => readStatements(db)));
    case 'tables': {
      const { tables, all } = await ask(asking, () => readTableUse(db, scope, timed));
      return judgeTables(tables, all);
    }
    case 'indexes':
      return judgeIndexes(await ask(asking, () => readIndexUse(db, scope)));
    case 'vacuum':
      return judgeVacuum(await ask(asking, () => readDeadRows(db, scope)));
    case 'bloat':
      return judgeBloat(await ask(asking, () => readBloat(db, scope)));
    case 'sizes':
      return judgeSizes(await sizes(asking, scope));
    case 'compression':
      return judgeCompression(await ask(asking, () => readCompression(db, scope)));
  }
}

/** Measured, unless a lock or the time stand in the way. */
async function sizes(asking: Asking, scope: InspectScope): ReturnType<typeof readSizes> {
  try {
    return await ask(asking, () => readSizes(asking.db, scope, 'measured'));
  } catch (error) {
    if (error instanceof TierdError && error.code === 'POSTGRES_UNREACHABLE') throw error;
    return ask(asking, () => readSizes(asking.db, scope, 'estimated'));
  }
}
