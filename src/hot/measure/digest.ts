/**
 * PostgreSQL's own digest of a set of rows: taken in the export's snapshot and again by the
 * statement that deletes, it tells whether the rows are still exactly those that were exported.
 * docs/adr has the measurements behind the choice.
 */
import { TierdError } from '../../domain/errors.ts';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';
import { rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { join, name, type Queryable, raw, runOne, type Sql, sql, tableName } from '../sql.ts';
import { fingerprintColumns } from '../table/columns-print.ts';
import { anyCompressed } from '../timescale/compressed-chunks.ts';
import { NO_ROW_VERSIONS } from '../timescale/written-compressed.ts';
import { type RowFilter, rowsWhere } from './row-filter.ts';

/**
 * `versions`: where each row version lies and which transaction wrote it. Any write makes another,
 * even one whose value equals the old (1.0 and 1.00), and no column need be read.
 * `content`: the exact text of each row. For compressed chunks, which have no versions of rows.
 */
export type DigestMode = 'versions' | 'content';

export interface RowsDigest {
  readonly mode: DigestMode;
  readonly rows: bigint;
  readonly sum: bigint;
  /** Of the table's columns: a column added meanwhile changes every row and no row version. */
  readonly columns: string;
}

/**
 * How the rows of `range` can be told apart: by version unless one of its parts is compressed.
 * Asked anew for every move, for a policy may compress a chunk while others are moved.
 */
export async function digestMode(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
): Promise<DigestMode> {
  if (table.kind !== 'hypertable') return 'versions';
  const parts = table.parts.filter((part) => rangesOverlap(part.range, range));
  return (await anyCompressed(db, parts)) ? 'content' : 'versions';
}

/** The digest of the rows of `range` that pass `filter`, in the caller's snapshot. */
export async function digestSlice(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
  filter: RowFilter | null,
  mode: DigestMode,
): Promise<RowsDigest> {
  const columns = await fingerprintColumns(db, table.ref);
  const where = rowsWhere(table.timeColumn, range, filter);
  return { ...(await digestRows(db, table, table.ref, where, mode)), columns };
}

/** The digest of the rows of `table`, or of `from`, a chunk or partition of it, without its columns. */
export async function digestRows(
  db: Queryable,
  table: Pick<TableDescription, 'columns'>,
  from: TableRef,
  where: Sql,
  mode: DigestMode,
): Promise<Omit<RowsDigest, 'columns'>> {
  const found = await runDigest(
    db,
    from,
    sql`select count(*)::text as rows, coalesce(sum(${rowHash(table, mode)}), 0)::text as sum
        from ${tableName(from)} as ${ROW} where ${where}`,
  );
  return { mode, rows: BigInt(found.rows), sum: BigInt(found.sum) };
}

/** The digest of the rows that are deleted from `table`, or `from` a partition of it, by deleting them. */
export async function deleteAndDigest(
  db: Queryable,
  table: TableDescription,
  from: TableRef,
  where: Sql,
  mode: DigestMode,
): Promise<Omit<RowsDigest, 'columns'>> {
  const gone = await runDigest(
    db,
    from,
    sql`with gone as (
          delete from ${tableName(from)} as ${ROW} where ${where} returning ${rowHash(table, mode)} as hash
        )
        select count(*)::text as rows, coalesce(sum(hash), 0)::text as sum from gone`,
  );
  return { mode, rows: BigInt(gone.rows), sum: BigInt(gone.sum) };
}

interface DigestRow {
  readonly rows: string;
  readonly sum: string;
}

/** Throws DIGEST_MISMATCH when a chunk was compressed since the mode was chosen. */
async function runDigest(db: Queryable, table: TableRef, statement: Sql): Promise<DigestRow> {
  try {
    return await runOne<DigestRow>(db, statement);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === NO_ROW_VERSIONS)) throw error;
    throw new TierdError({
      code: 'DIGEST_MISMATCH',
      message: `a chunk of ${formatTable(table)} was compressed since the move began; the move was undone and nothing was deleted`,
      hint: 'run again: the rows are exported as they now are',
      cause: error,
    });
  }
}

/** What a statement that uses `rowHash` calls the row. */
const ROW = name('tierd_row');

/**
 * A 64-bit hash of one row; sum() adds bigints without overflow. Each hash seeds the next, for
 * hash_record would add up its columns' hashes, and two rows that exchange a value would go unseen.
 */
function rowHash(table: Pick<TableDescription, 'columns'>, mode: DigestMode): Sql {
  if (mode === 'content') {
    // By name: a chunk or partition that was attached may have its columns in another order.
    const columns = table.columns.map((column) => sql`${ROW}.${name(column.name)}`);
    return sql`hashtextextended(row(${join(columns, ', ')})::text, 0)`;
  }
  return sql`hashtidextended(${ROW}.ctid, hashoidextended(${ROW}.tableoid, ${ROW}.xmin::text::bigint))`;
}

/** The digest of all the rows together. At least one; all of one mode. */
export function addDigests(first: RowsDigest, ...more: readonly RowsDigest[]): RowsDigest {
  return more.reduce((total, digest) => {
    if (digest.mode !== total.mode) throw new RangeError('digests of two modes do not add up');
    return {
      ...total,
      rows: total.rows + digest.rows,
      sum: total.sum + digest.sum,
      // Not equal to any real one, so that the sum is never taken for a digest of one table.
      columns: total.columns === digest.columns ? total.columns : 'altered in between',
    };
  }, first);
}

/** One line for the ledger: equal lines, equal rows. */
export function formatDigest(digest: RowsDigest): string {
  return `${digest.mode}:${digest.rows.toString()}:${digest.sum.toString()}:${digest.columns}`;
}

/**
 * Throws DIGEST_MISMATCH, saying what differs, unless the rows found are those exported (I1).
 * Call it in the transaction that removes them: its error rolls the removal back.
 */
export function assertSameRows(table: TableRef, exported: RowsDigest, found: RowsDigest): void {
  if (formatDigest(exported) === formatDigest(found)) return;
  throw new TierdError({
    code: 'DIGEST_MISMATCH',
    message: `the rows of ${formatTable(table)} are no longer those that were exported: ${difference(exported, found)}; the removal was rolled back and nothing was deleted`,
    hint: 'run again: the rows are exported as they now are',
    context: { exported: formatDigest(exported), found: formatDigest(found) },
  });
}

function difference(exported: RowsDigest, found: RowsDigest): string {
  if (exported.columns !== found.columns) return 'the columns were altered';
  if (exported.rows !== found.rows) {
    return `${exported.rows.toString()} were exported and there are ${found.rows.toString()}`;
  }
  return 'some were updated, replaced or rewritten (VACUUM FULL and CLUSTER rewrite rows too)';
}

/** For a whole chunk or partition. */
export const EVERY_ROW: Sql = raw('true');
