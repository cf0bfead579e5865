/** Vacuuming what a deletion left, and saying what that achieved. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';
import { rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { otherLocks } from '../locks.ts';
import { SLICEABLE } from '../measure/time-bounds.ts';
import { postgresError } from '../postgres-error.ts';
import { findOldestSnapshot } from '../server/snapshots.ts';
import { raw, run, type Sql, sql, tableName } from '../sql.ts';
import { leavesBeside } from '../table/partitions.ts';
import { fixSession } from '../transaction.ts';

export interface VacuumOptions {
  /** Of the deletions: only chunks and partitions that they touched are vacuumed. Null is all. */
  readonly ranges: readonly TimeRange[] | null;
  /** Parts that an earlier VACUUM did not clean: as well, whatever the ranges. */
  readonly again?: readonly TableRef[];
  readonly analyze: boolean;
  /** Gives pages at the end of the file back to the disk, under a lock against readers. */
  readonly truncate: boolean;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly signal?: AbortSignal;
}

export type VacuumOutcome =
  | { readonly outcome: 'cleaned' }
  /** Another session holds a lock, or, for good, it takes the owner (or pg_maintain) to vacuum. */
  | { readonly outcome: 'skipped'; readonly reason: string; readonly isForGood?: true }
  /** An old snapshot still sees the deleted rows; a later vacuum, by autovacuum too, can remove them. */
  | { readonly outcome: 'unremovable'; readonly reason: string }
  /** The server keeps no statistics (track_counts is off): nobody can tell. */
  | { readonly outcome: 'unknown'; readonly reason: string };

export interface VacuumedTable {
  readonly table: TableRef;
  readonly result: VacuumOutcome;
  readonly deadRowsBefore: number;
  readonly deadRowsAfter: number;
  readonly ms: number;
}

/**
 * Vacuums the parts of `table` that the ranges touch, or the table itself, one by one. `client` is
 * in no transaction and is not shared through a pooler; its session settings are changed.
 *
 * That a table could not be vacuumed is a result, not an error: the rows are gone either way, and
 * autovacuum will come by. Throws only when the connection or the server fails.
 */
export async function vacuumTable(
  client: pg.ClientBase,
  table: TableDescription,
  options: VacuumOptions,
): Promise<readonly VacuumedTable[]> {
  const results: VacuumedTable[] = [];
  try {
    await fixSession(client, options);
    const targets = await targetsOf(client, table, options.ranges);
    const names = new Set(targets.map(formatTable));
    const again = (options.again ?? []).filter((part) => !names.has(formatTable(part)));
    for (const target of [...targets, ...again]) {
      if (options.signal?.aborted === true) break;
      const result = await vacuumOne(client, target, options);
      if (result !== null) results.push(result);
    }
  } catch (error) {
    throw postgresError(error, `vacuuming ${formatTable(table.ref)}`);
  }
  return results;
}

/** What was not achieved, a line for each table. */
export function vacuumWarnings(results: readonly VacuumedTable[]): readonly string[] {
  return results.flatMap(({ table, result }) =>
    result.outcome === 'cleaned'
      ? []
      : [`${formatTable(table)}: ${result.outcome}: ${result.reason}`],
  );
}

/** Why a later VACUUM may do better, or null where there is nothing to come back for. */
export function dueAgain({ result }: VacuumedTable): string | null {
  switch (result.outcome) {
    case 'cleaned':
    case 'unknown':
      return null;
    case 'skipped':
      return result.isForGood === true ? null : result.reason;
    case 'unremovable':
      return result.reason;
  }
}

/** By bounds, not by counts of dead rows: those may be seconds behind the commit. */
async function targetsOf(
  client: pg.ClientBase,
  table: TableDescription,
  ranges: readonly TimeRange[] | null,
): Promise<readonly TableRef[]> {
  const touched = ranges ?? [SLICEABLE];
  switch (table.kind) {
    case 'plain':
      return [table.ref];
    case 'partitioned':
      return leavesBeside(client, table.oid, table.timeColumn, touched, new Set());
    case 'hypertable':
      return table.parts
        .filter((part) => touched.some((range) => rangesOverlap(part.range, range)))
        .map((part) => part.ref);
  }
}

interface VacuumStatistics {
  readonly vacuums: string;
  readonly dead_rows: string;
  readonly counted: boolean;
  /** PostgreSQL 14 counts by way of another process. */
  readonly delayed: boolean;
}

/** Null where there is no such table any more: what was dropped or renamed since has nothing to tell. */
async function vacuumOne(
  client: pg.ClientBase,
  table: TableRef,
  options: VacuumOptions,
): Promise<VacuumedTable | null> {
  const started = performance.now();
  const before = await readStatistics(client, table);
  if (before === null) return null;
  const blocked = await tryToRun(
    client,
    table,
    sql`vacuum (truncate ${raw(String(options.truncate))})`,
  );
  if (blocked === 'gone') return null;
  const after = blocked === null ? await statisticsAfter(client, table, before) : before;
  if (after === null) return null;
  const result = blocked ?? (await judge(client, before, after));
  // After the look: ANALYZE counts the pointers that VACUUM leaves for the next time as dead rows.
  if (options.analyze && blocked === null) await tryToRun(client, table, sql`analyze`);
  return {
    table: { schema: table.schema, name: table.name },
    result,
    deadRowsBefore: Number(before.dead_rows),
    deadRowsAfter: Number(after.dead_rows),
    ms: Math.round(performance.now() - started),
  };
}

/** Null when it ran through, else why it was skipped; `gone` when the table was dropped just now. */
async function tryToRun(
  client: pg.ClientBase,
  table: TableRef,
  command: Sql,
): Promise<VacuumOutcome | 'gone' | null> {
  try {
    // Without skip_locked: that skips in silence, and a lock timeout says so.
    await run(client, sql`${command} ${tableName(table)}`);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === '42P01') return 'gone';
    if (code !== '55P03' && code !== '57014') throw error;
    const holders = await otherLocks(client, [table]);
    const who = holders.map((lock) => `pid ${String(lock.pid)} ${lock.application}`.trim());
    return {
      outcome: 'skipped',
      reason:
        code === '57014'
          ? 'it took longer than statement_timeout'
          : `locked by ${who.length === 0 ? 'a session that has ended since' : [...new Set(who)].join(', ')}`,
    };
  }
}

/** By the server's own count of vacuums: it is silent when it skips a table for want of rights. */
async function judge(
  client: pg.ClientBase,
  before: VacuumStatistics,
  after: VacuumStatistics,
): Promise<VacuumOutcome> {
  if (!before.counted) {
    return { outcome: 'unknown', reason: 'track_counts is off on this server' };
  }
  if (after.vacuums === before.vacuums) {
    return {
      outcome: 'skipped',
      reason: 'the server vacuumed nothing: this role does not own the table',
      isForGood: true,
    };
  }
  if (Number(after.dead_rows) === 0) return { outcome: 'cleaned' };
  return {
    outcome: 'unremovable',
    reason: `${after.dead_rows} dead rows are still seen by ${(await findOldestSnapshot(client))?.holder ?? 'a snapshot that has ended since'}`,
  };
}

/** How long statistics may take to be seen where they are delayed. */
const STATISTICS_DELAY_MS = 2_000;

async function statisticsAfter(
  client: pg.ClientBase,
  table: TableRef,
  before: VacuumStatistics,
): Promise<VacuumStatistics | null> {
  const until = performance.now() + STATISTICS_DELAY_MS;
  for (;;) {
    const now = await readStatistics(client, table);
    if (now === null) return null;
    const seen = now.vacuums !== before.vacuums || !before.counted || !before.delayed;
    if (seen || performance.now() > until) return now;
    await sleep(50);
  }
}

async function readStatistics(
  client: pg.ClientBase,
  table: TableRef,
): Promise<VacuumStatistics | null> {
  const [found] = await run<VacuumStatistics>(
    client,
    sql`select pg_stat_get_vacuum_count(c.oid)::text as vacuums,
               pg_stat_get_dead_tuples(c.oid)::text as dead_rows,
               current_setting('track_counts')::boolean as counted,
               current_setting('server_version_num')::int < 150000 as delayed
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${table.schema} and c.relname = ${table.name}`,
  );
  return found ?? null;
}
