/** Rows of a slice into the table, and what they are there, in the caller's transaction. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { compareFingerprints } from '../../domain/fingerprint.ts';
import { type ColumnPair, selectOf, type TargetColumn } from '../../domain/plan/restore-columns.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { copyRowsIn } from '../../hot/copy/copy-rows-in.ts';
import { exportRows } from '../../hot/copy/copy-stream.ts';
import { rowsWhere } from '../../hot/measure/row-filter.ts';
import { quoteName, quoteTable } from '../../hot/quote.ts';
import { inlined } from '../../hot/sql.ts';
import {
  isWrittenCompressed,
  NO_ROW_VERSIONS,
  writeUncompressed,
} from '../../hot/timescale/written-compressed.ts';
import { selectChosen } from '../../lake/chosen-rows.ts';
import { copyRows } from '../../lake/copy-rows.ts';
import type { Bringing, RestoreContext, RestoreRooms } from './rooms.ts';

interface WrittenColumn {
  readonly plan: ColumnPair['plan'];
  readonly target: TargetColumn;
}

/**
 * What the lake holds as text PostgreSQL has to read as text, which a binary COPY into the table
 * itself does not do.
 */
export function throughTemporary(pairs: readonly ColumnPair[]): boolean {
  return writtenOf(pairs).some(({ plan }) => plan.held.kind === 'text');
}

/** Throws SEGMENT_UNREADABLE when fewer or more rows are read than are to come. */
export async function bringIn(
  rooms: RestoreRooms,
  run: RestoreContext,
  db: pg.Client,
  { work, paths, fingerprint, target }: Bringing,
): Promise<void> {
  const { mapped, choice } = work;
  const written = writtenOf(mapped.pairs);
  const columns = written.map(({ plan }) => plan);
  const pieces = copyRows({
    engine: rooms.engine,
    paths,
    rows: fingerprint.rows,
    columns,
    ...(choice === null
      ? {}
      : { selectRows: (path: string) => selectChosen(choice, path, columns) }),
    signal: run.signal,
    onRows: (rows) => {
      rooms.tell({ kind: 'copied', dataset: run.dataset.name, rows });
    },
  });
  const names = written.map((column) => quoteName(column.target.name)).join(', ');
  const into = `${quoteTable(target)} (${names})`;
  await writeUncompressed(db);
  const isCompressed = await isWrittenCompressed(db, target);
  if (!isCompressed && !throughTemporary(mapped.pairs)) {
    await copyRowsIn(db, `copy ${into} from stdin (format binary)`, pieces);
    return;
  }
  await db.query(`create temporary table tierd_restore (${definitions(written)}) on commit drop`);
  await copyRowsIn(db, 'copy pg_temp.tierd_restore from stdin (format binary)', pieces);
  // The values of an identity column are the lake's.
  const insert = `insert into ${into} overriding system value select ${casts(written)} from pg_temp.tierd_restore`;
  await db.query(
    isCompressed
      ? `with written as (${insert} returning ctid) select count(*) from written`
      : insert,
  );
}

/**
 * The mirror of I1: what this transaction has written, read back as an export would read it, has the
 * fingerprint that the lake's have. Throws RESTORE_MISMATCH, and RESTORE_REJECTED where a chunk was compressed.
 */
export async function proveHot(
  run: RestoreContext,
  db: pg.Client,
  { work, fingerprint: wanted, target }: Bringing,
): Promise<void> {
  const { slice, mapped } = work;
  const { dataset, table, signal } = run;
  const list = mapped.pairs.map(selectOf).join(', ');
  const where = inlined(rowsWhere(table.timeColumn, slice.range, null));
  const { fingerprint } = await exportRows({
    client: db,
    dataset: dataset.name,
    // Late rows that were there before are not this transaction's.
    sql: `select ${list} from ${quoteTable(target)} where ${where} and xmin = pg_current_xact_id()::xid`,
    columns: slice.columns,
    onBatch: () => undefined,
    signal,
  }).catch((error: unknown) => {
    throw hasNoVersions(error) ? compressedMeanwhile(error, dataset.name, slice, target) : error;
  });
  const [first] = compareFingerprints(wanted, fingerprint);
  if (first === undefined) return;
  const at = first.column === null ? first.what : `${first.what} of column ${first.column}`;
  throw new TierdError({
    code: 'RESTORE_MISMATCH',
    message: `What ${formatTable(target)} made of ${dataset.name} ${formatRange(slice.range)} is not what the lake has (${at}: expected ${first.expected}, found ${first.found}). The transaction was rolled back; the rows are still cold.`,
    hint: 'Look for a trigger, a default or a generated column that changes what is written, or use --into another table; `tierd scrub` says whether the lake itself is sound.',
    context: { dataset: dataset.name, difference: first },
  });
}

function hasNoVersions(error: unknown): error is TierdError {
  return error instanceof TierdError && error.context['sqlstate'] === NO_ROW_VERSIONS;
}

function compressedMeanwhile(
  cause: TierdError,
  dataset: string,
  { range }: Bringing['work']['slice'],
  target: TableRef,
): TierdError {
  return new TierdError({
    code: 'RESTORE_REJECTED',
    message: `A chunk of ${formatTable(target)} that rows of ${dataset} ${formatRange(range)} belong into was compressed since the plan was made, and what is written into it can't be told from what it has. The transaction was rolled back; the rows are still cold.`,
    hint: 'run again: the plan names the chunk and the statement that decompresses it',
    context: { dataset },
    cause,
  });
}

function writtenOf(pairs: readonly ColumnPair[]): readonly WrittenColumn[] {
  return pairs.flatMap(({ plan, target }) =>
    target === null || target.generated ? [] : [{ plan, target }],
  );
}

/** By place, for names may be those of pseudo columns. */
const staged = (index: number): string => `c${String(index)}`;

function definitions(written: readonly WrittenColumn[]): string {
  return written
    .map(({ plan, target }, index) =>
      plan.held.kind === 'text' ? `${staged(index)} text` : `${staged(index)} ${target.typeName}`,
    )
    .join(', ');
}

function casts(written: readonly WrittenColumn[]): string {
  return written
    .map(({ plan, target }, index) =>
      plan.held.kind === 'text' ? `${staged(index)}::${target.typeName}` : staged(index),
    )
    .join(', ');
}
