/** Deleting the rows of a stretch of time, in statements of bounded size. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { TableDescription, TimeColumn } from '../../domain/table.ts';
import { DAY_MS, type TimeRange } from '../../domain/time/time-range.ts';
import { inShortAttempts, isWaitedFor, type Patience } from '../locks.ts';
import { type DigestMode, deleteAndDigest, type RowsDigest } from '../measure/digest.ts';
import { countSteps } from '../measure/measure.ts';
import { type RowFilter, rowsWhere } from '../measure/row-filter.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { fingerprintColumns } from '../table/columns-print.ts';
import { hasTimeIndex } from '../table/time-index.ts';
import { deletableOf, within } from './without-foreign.ts';

export interface DeleteOptions extends Patience {
  readonly range: TimeRange;
  /** Only the rows that pass; null is all. */
  readonly filter: RowFilter | null;
  /** The mode of the export's digest. */
  readonly mode: DigestMode;
  /** Rows of one millisecond are never split, so a statement can delete more than this. */
  readonly maxRowsPerStatement: number;
  /** Called after each statement with its rows; awaited, so that it can slow the deletion down. */
  readonly onDeleted?: (rows: bigint) => Promise<void> | void;
}

/**
 * Deletes inside the caller's open transaction and gives the digest of what it deleted: compare it
 * with the export's (`assertSameRows`) before committing. What an error leaves is the transaction
 * in a failed state, to be rolled back.
 *
 * Throws LOCK_TIMEOUT when others hold rows of the range for longer than `lockTimeoutMs`.
 *
 * Rows that come in meanwhile either are deleted and show in the digest, or stay. Works without a
 * primary key and with rows that are equal in all columns; an index on the time column is used.
 */
export async function deleteRows(
  client: pg.ClientBase,
  table: TableDescription,
  options: DeleteOptions,
): Promise<RowsDigest> {
  const { filter, mode } = options;
  const waitedFor = (): Promise<boolean> => isWaitedFor(client);
  const waiting = { ...options, tables: [table.ref], waitedFor, whenWaitedFor: 'try' } as const;
  let rows = 0n;
  let sum = 0n;
  const maxRows = await inShortAttempts(client, waiting, () =>
    affordableRows(client, table, options),
  );
  const ranges = await inShortAttempts(client, waiting, () =>
    rangesOfAtMost(client, table, { ...options, maxRowsPerStatement: maxRows }),
  );
  const sources = await inShortAttempts(client, waiting, () =>
    deletableOf(client, table, options.range),
  );
  for (const range of ranges) {
    if (options.signal?.aborted === true) throw interrupted(table);
    // By time, never by ctid: on a hypertable one ctid names a row in every chunk.
    const where = rowsWhere(table.timeColumn, range, filter);
    let deleted = 0n;
    for (const { ref: from } of within(sources, range)) {
      // A row that another is changing is waited for in short attempts: see `locks`.
      const gone = await inShortAttempts(client, waiting, () =>
        deleteAndDigest(client, table, from, where, mode),
      );
      deleted += gone.rows;
      sum += gone.sum;
    }
    rows += deleted;
    await options.onDeleted?.(deleted);
  }
  await flushStatistics(client);
  // After the deletes: their lock keeps the columns as they are until the transaction ends.
  return { mode, rows, sum, columns: await fingerprintColumns(client, table.ref) };
}

/**
 * Has the server count these dead rows at COMMIT, not seconds later when a vacuum has already
 * removed them: it would report them as still there. PostgreSQL 14 has no such function.
 */
async function flushStatistics(db: Queryable): Promise<void> {
  await run(
    db,
    sql`do $$ begin perform pg_stat_force_next_flush(); exception when undefined_function then null; end $$`,
  );
}

/** So often, at most, is a table read from end to end for want of an index. */
const MAX_WHOLE_READS = 8;

/** Without an index on time every statement reads the whole table: then fewer and larger ones. */
async function affordableRows(
  db: Queryable,
  table: TableDescription,
  { range, filter, maxRowsPerStatement }: DeleteOptions,
): Promise<number> {
  if (await hasTimeIndex(db, table)) return maxRowsPerStatement;
  const where = rowsWhere(table.timeColumn, range, filter);
  const steps = await countSteps(db, table, where, DAY_MS);
  const rows = steps.reduce((sum, step) => sum + step.rows, 0);
  return Math.max(maxRowsPerStatement, Math.ceil(rows / MAX_WHOLE_READS));
}

/** A first cut this fine needs no second, unless the rows crowd together. */
const STEPS = 1_000;

/**
 * `options.range` cut into adjoining ranges of at most `maxRowsPerStatement` rows each. Counted in
 * one scan, without sorting; a step with too many rows is counted again in finer ones.
 */
async function rangesOfAtMost(
  db: Queryable,
  table: TableDescription,
  options: Pick<DeleteOptions, 'range' | 'filter' | 'maxRowsPerStatement'>,
): Promise<readonly TimeRange[]> {
  const { range, filter, maxRowsPerStatement } = options;
  const finest = finestStepMs(table.timeColumn);
  const lengthMs = range.toExclusive - range.fromInclusive;
  const stepMs = Math.max(finest, Math.ceil(lengthMs / STEPS / finest) * finest);
  const where = rowsWhere(table.timeColumn, range, filter);
  const cuts: number[] = [];
  let open = 0;
  for (const step of await countSteps(db, table, where, stepMs)) {
    if (open > 0 && open + step.rows > maxRowsPerStatement) {
      cuts.push(step.start);
      open = 0;
    }
    open += step.rows;
    if (step.rows > maxRowsPerStatement && stepMs > finest) {
      const crowded = clip({ fromInclusive: step.start, toExclusive: step.start + stepMs }, range);
      const finer = await rangesOfAtMost(db, table, { ...options, range: crowded });
      cuts.push(...finer.slice(1).map((piece) => piece.fromInclusive));
      cuts.push(crowded.toExclusive);
      open = 0;
    }
  }
  return between(range, cuts);
}

/** The range cut at these instants. The pieces leave no gap: a row that comes in late is in one. */
function between(range: TimeRange, cuts: readonly number[]): TimeRange[] {
  const inside = cuts.filter((cut) => cut > range.fromInclusive && cut < range.toExclusive);
  const edges = [range.fromInclusive, ...inside, range.toExclusive];
  return edges.slice(1).map((toExclusive, index) => ({
    fromInclusive: edges[index] ?? range.fromInclusive,
    toExclusive,
  }));
}

function clip(range: TimeRange, within: TimeRange): TimeRange {
  return {
    fromInclusive: Math.max(range.fromInclusive, within.fromInclusive),
    toExclusive: Math.min(range.toExclusive, within.toExclusive),
  };
}

function finestStepMs(time: TimeColumn): number {
  if (time.kind === 'date') return DAY_MS;
  return time.unit === 's' ? 1_000 : 1;
}

function interrupted(table: TableDescription): TierdError {
  return new TierdError({
    code: 'INTERRUPTED',
    message: `deleting from ${table.ref.schema}.${table.ref.name} was interrupted; the deletion was rolled back and nothing was deleted`,
  });
}
