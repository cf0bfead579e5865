/**
 * The beginning of a question in PostgreSQL: access share on its tables, then the snapshot, and what has to be
 * known in it before any row (I2). One message, where the tables were there the last time and nobody locks them.
 */
import type pg from 'pg';
import type { SnapshotVersion } from '../domain/lake/snapshot-version.ts';
import { formatTable, type TableRef } from '../domain/table.ts';
import { SESSION_SQL, type SessionRow } from '../hot/copy/copy-stream.ts';
import { quoteTable } from '../hot/quote.ts';
import { lockForReading } from '../hot/read-lock.ts';
import { columnPlacesSql, placesByTable, type TablePlacesRow } from '../hot/table/column-places.ts';
import { findExisting } from '../hot/table/introspect.ts';
import { type TablePrintRow, tablePrintsSql } from '../hot/table/table-print.ts';
import { inLedTransaction, inTransaction, type TransactionOptions } from '../hot/transaction.ts';
import { columnsByDataset, type DatasetColumnRow, LIVE_COLUMNS_SQL } from '../ledger/columns.ts';
import { LIVE_SCHEMAS_SQL, type LiveSchemaRow, liveSchemasOf } from '../ledger/live-segments.ts';
import {
  SNAPSHOT_VERSION_SQL,
  type SnapshotVersionRow,
  snapshotVersionOf,
} from '../ledger/snapshot-version.ts';
import { prepareAll } from './prepared-statements.ts';
import type { LiveLake } from './segments/ledger-catalog.ts';

export interface ReadSnapshot {
  readonly version: SnapshotVersion;
  readonly lake: LiveLake;
  readonly session: SessionRow;
  /** Of the tables that are there, by `schema.table`; see `TablePrintRow`. */
  readonly prints: ReadonlyMap<string, string | null>;
}

export interface SnapshotTables {
  /** What may be looked at: tables that may be gone. */
  readonly named: readonly TableRef[];
  /** Those of them whose rows may be read. */
  readonly read: readonly TableRef[];
}

/** By connection: all of these tables were there when it was last asked. */
const seen = new WeakMap<pg.Client, ReadonlySet<string>>();

/** @param options of a read-only transaction in `repeatable read` */
export async function inReadSnapshot<Result>(
  db: pg.Client,
  options: TransactionOptions,
  tables: SnapshotTables,
  work: (snapshot: ReadSnapshot) => Promise<Result>,
): Promise<Result> {
  const names = tables.named.map(formatTable);
  const facts = await prepareAll(db, factsSql(tables));
  const known = seen.get(db);
  if (known !== undefined && names.every((name) => known.has(name))) {
    const done = await inOneMessage(db, options, { tables, facts }, work);
    if (done !== null) return done.result;
  }
  const existing = await findExisting(db, tables.named);
  seen.set(db, new Set([...(known ?? []), ...existing].filter((name) => isThere(name))));
  return inTransaction(db, options, async () => {
    // Before the snapshot, which the first query takes: a drop would not wait otherwise (I2).
    await lockForReading(
      db,
      tables.read.filter((table) => existing.has(formatTable(table))),
    );
    return work(await readFacts(db, facts));
  });

  /** Of the others nothing new was learnt. */
  function isThere(name: string): boolean {
    return existing.has(name) || !names.includes(name);
  }
}

/** Null where it could not be begun so: nothing was done then. */
async function inOneMessage<Result>(
  db: pg.Client,
  options: TransactionOptions,
  { tables, facts }: { readonly tables: SnapshotTables; readonly facts: readonly string[] },
  work: (snapshot: ReadSnapshot) => Promise<Result>,
): Promise<{ readonly result: Result } | null> {
  // In one order, as `lockForReading`; and before the first SELECT, which takes the snapshot (I2).
  const locked = tables.read
    .toSorted((a, b) => (formatTable(a) < formatTable(b) ? -1 : 1))
    .map(quoteTable);
  const locks =
    locked.length === 0 ? [] : [`lock table ${locked.join(', ')} in access share mode nowait`];
  return inLedTransaction(db, options, [...locks, ...facts], (led) =>
    work(factsOf(led.slice(locks.length))),
  );
}

function factsSql({ named }: SnapshotTables): readonly string[] {
  return [
    SNAPSHOT_VERSION_SQL,
    LIVE_SCHEMAS_SQL,
    LIVE_COLUMNS_SQL,
    columnPlacesSql(named),
    SESSION_SQL,
    tablePrintsSql(named),
  ];
}

async function readFacts(db: pg.Client, facts: readonly string[]): Promise<ReadSnapshot> {
  const found: unknown = await db.query(facts.join('; '));
  // Of several statements in one message there is one result each, which pg's types don't say.
  return factsOf(found as readonly pg.QueryResult[]);
}

function factsOf([
  version,
  schemas,
  columns,
  places,
  session,
  prints,
]: readonly pg.QueryResult[]): ReadSnapshot {
  const printRows = (prints?.rows ?? []) as readonly TablePrintRow[];
  return {
    version: snapshotVersionOf((version?.rows ?? []) as readonly SnapshotVersionRow[]),
    lake: {
      schemas: liveSchemasOf((schemas?.rows ?? []) as readonly LiveSchemaRow[]),
      columns: columnsByDataset((columns?.rows ?? []) as readonly DatasetColumnRow[]),
      places: placesByTable((places?.rows ?? []) as readonly TablePlacesRow[]),
    },
    session: (session?.rows[0] ?? {}) as SessionRow,
    prints: new Map(printRows.map((row) => [formatTable(row), row.print])),
  };
}
