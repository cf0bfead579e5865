import { countOf } from '../count.ts';
import { sqlTable } from '../sql-name.ts';
import { formatTable, type TableKind, type TableRef } from '../table.ts';
import { type Finding, fine, type Judged } from './finding.ts';
import { countInWords } from './words.ts';

/** A table with all of its partitions or chunks, since its figures began. */
export interface TableUse {
  readonly table: TableRef;
  readonly kind: TableKind;
  readonly parts: number;
  readonly rows: number;
  readonly sequentialScans: number;
  /** Read by sequential scans. */
  readonly sequentialRows: number;
  readonly indexScans: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** The time column of a dataset that no index begins with; else null. */
  readonly unindexedTime: string | null;
}

/** Smaller ones are read faster from their beginning to their end. */
const MIN_ROWS = 10_000;
/** Read as a whole so many times, by scans that are most of the scans. */
const MIN_PASSES = 50;

export function judgeTables(tables: readonly TableUse[], all: number): Judged {
  const findings = tables.flatMap((table) => findingOf(table) ?? []);
  const [busiest] = tables;
  const summary = fine(
    countOf(all, 'table'),
    busiest === undefined
      ? 'none has been used yet'
      : `the most read is ${formatTable(busiest.table)}: ${useInWords(busiest)}`,
  );
  return { findings: [...findings, ...(findings.length === 0 ? [summary] : [])], unseen: [] };
}

function findingOf(use: TableUse): Finding | null {
  if (use.rows < MIN_ROWS) return null;
  const passes = use.sequentialRows / use.rows;
  if (use.unindexedTime !== null) {
    return finding(
      use,
      `no index begins with the time column ${use.unindexedTime}, by which rows are asked for and moved; ${useInWords(use)}`,
      createIndex(use, use.unindexedTime),
    );
  }
  if (passes < MIN_PASSES || use.sequentialScans <= use.indexScans) return null;
  return finding(
    use,
    `seems to lack an index: it was read from its beginning to its end ${countInWords(passes)} times over; ${useInWords(use)}`,
    `tierd inspect queries`,
  );
}

/** An index of all partitions can't be made CONCURRENTLY; TimescaleDB makes it chunk by chunk. */
function createIndex({ table, kind }: TableUse, column: string): string {
  const on = `on ${sqlTable(table)} ("${column.replaceAll('"', '""')}")`;
  if (kind === 'plain') return `create index concurrently ${on}`;
  return kind === 'hypertable'
    ? `create index ${on} with (timescaledb.transaction_per_chunk)`
    : `create index ${on}`;
}

function finding(use: TableUse, found: string, next: string): Finding {
  return {
    subject: formatTable(use.table),
    verdict: 'look',
    found,
    next,
    figures: {
      rows: use.rows,
      parts: use.parts,
      sequential_scans: use.sequentialScans,
      sequential_rows: use.sequentialRows,
      index_scans: use.indexScans,
      inserted: use.inserted,
      updated: use.updated,
      deleted: use.deleted,
    },
  };
}

function useInWords(use: TableUse): string {
  return `${countInWords(use.sequentialScans)} sequential scans (${countInWords(use.sequentialRows)} rows), ${countInWords(use.indexScans)} by index; ${countInWords(use.inserted)} inserted, ${countInWords(use.updated)} updated, ${countInWords(use.deleted)} deleted`;
}
