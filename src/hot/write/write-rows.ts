/** A batch of rows into its table; what PostgreSQL refuses is found, and the rest is written. */
import type pg from 'pg';
import { copyIn, encodeRows } from '../copy/copy-in.ts';
import type { TextRow } from '../copy/copy-text.ts';
import { postgresError } from '../postgres-error.ts';
import { areAllThere, KEPT_OUT } from './kept-out.ts';
import { isAboutRows, isRefusal } from './refusals.ts';
import {
  copyToStaged,
  copyToTable,
  createStaged,
  describeTarget,
  insertArrays,
  insertFreshArrays,
  insertFreshStaged,
  insertStaged,
  rowsOfArrays,
  rowsOfStaged,
  type WriteTarget,
} from './write-statements.ts';

export interface RefusedRow {
  /** Its place among the rows that were given. */
  readonly index: number;
  /** Empty where it was kept out without an error. */
  readonly sqlstate: string;
  /** PostgreSQL's own words, with its detail. */
  readonly message: string;
}

export interface WrittenRows {
  readonly refused: readonly RefusedRow[];
  /** Rows that were not refused, and have the key of another: one of the two stayed. */
  readonly sameKey: number;
}

/** The SQLSTATE of a row whose key another has. */
export const SAME_KEY = '23505';

/**
 * Whether it pays to hope that all rows are new: then they go in by COPY alone, in half the time.
 * Shared by the batches of one target; a conflict makes the next ones cautious.
 */
export interface Hope {
  /** Batches to go before it is tried again. */
  cautiousFor: number;
}

/** Rows as COPY takes them, one piece after the other. */
export interface EncodedRows {
  readonly pieces: readonly Buffer[];
  readonly rows: number;
}

/** Whether so many rows are likely to go in by COPY alone. */
export function mayEncodeAhead(target: WriteTarget, rows: number, hope: Hope): boolean {
  return !target.merge && rows >= COPY_FROM_ROWS && hope.cautiousFor === 0;
}

/** After a conflict; so that rows which are always there already cost next to nothing more. */
const CAUTIOUS_BATCHES = 64;

/** With fewer rows the temporary table costs more than COPY saves. */
const COPY_FROM_ROWS = 2_000;

/**
 * Writes the rows in the transaction that `db` is in; they take effect with its COMMIT. The values
 * are text, in the order of the target's columns.
 *
 * @returns the rows that PostgreSQL refuses for what they hold: a value out of its type's range, a
 *   broken constraint, an exception of a trigger, or another's key where the target says `error`. Any
 *   other failure is thrown, and the transaction has to be rolled back.
 */
export async function writeRows(
  db: pg.Client,
  target: WriteTarget,
  rows: readonly TextRow[],
  hope: Hope = { cautiousFor: 1 },
): Promise<WrittenRows> {
  if (await tryAllNew(db, target, rows, hope)) return { refused: [], sameKey: 0 };
  const refused: RefusedRow[] = [];
  let sameKey = 0;
  const pieces: { readonly from: number; readonly to: number }[] = [{ from: 0, to: rows.length }];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const { from, to } = piece;
    if (from === to) continue;
    const tried = await tryPiece(db, target, rows.slice(from, to));
    if (typeof tried === 'number') {
      sameKey += tried;
      continue;
    }
    if (to - from === 1 || tried.isOfAll === true) {
      const { sqlstate, message } = tried;
      for (let index = from; index < to; index += 1) refused.push({ index, sqlstate, message });
      continue;
    }
    const middle = (from + to) >> 1;
    // The earlier half is popped first: rows with one key go in in their order.
    pieces.push({ from: middle, to }, { from, to: middle });
  }
  return { refused, sameKey };
}

/**
 * Rows that were encoded in the hope that all are new. False when they are not written: then nothing
 * is, and they are due for `writeRows`.
 */
export async function writeEncoded(
  db: pg.Client,
  target: WriteTarget,
  { pieces, rows }: EncodedRows,
  hope: Hope,
): Promise<boolean> {
  // A batch that was encoded meanwhile has met a conflict.
  if (hope.cautiousFor > 0) return false;
  // Two rows with one key break the same unique index as one that is there already.
  const written = await inSavepoint(
    db,
    target,
    () => copyAll(db, target, pieces, rows),
    // Whatever COPY is refused for, the other way may do, or says what is wrong.
    isRefusal,
  );
  const isRefused = isFailure(written);
  if (isRefused) hope.cautiousFor = CAUTIOUS_BATCHES;
  return !isRefused;
}

async function tryAllNew(
  db: pg.Client,
  target: WriteTarget,
  rows: readonly TextRow[],
  hope: Hope,
): Promise<boolean> {
  if (target.merge || rows.length < COPY_FROM_ROWS) return false;
  if (hope.cautiousFor > 0) {
    hope.cautiousFor -= 1;
    return false;
  }
  return writeEncoded(db, target, { pieces: [encodeRows(rows)], rows: rows.length }, hope);
}

interface Failure {
  readonly sqlstate: string;
  readonly message: string;
  /** Whether it holds for each row of the piece. */
  readonly isOfAll?: boolean;
}

/** How many of them share a key, when they are written; else what is wrong, and none is written. */
async function tryPiece(
  db: pg.Client,
  target: WriteTarget,
  rows: readonly TextRow[],
): Promise<number | Failure> {
  if (target.sameKey !== null) return inSavepoint(db, target, () => writeShared(db, target, rows));
  const repeats = countRepeats(target, rows);
  // Two claims of one key in one batch: each has fields that the other lacks.
  if (repeats > 0 && target.merge) return REPEATED;
  let written = await inSavepoint(db, target, () => write(db, target, rows, repeats > 0));
  if (isFailure(written) && written.sqlstate === REPEATED.sqlstate && !target.merge) {
    // Keys that are one to PostgreSQL although their texts differ: 1.0 and 1.00.
    written = await inSavepoint(db, target, () => write(db, target, rows, true));
  }
  return isFailure(written) ? written : repeats;
}

const REPEATED = {
  sqlstate: '21000',
  message: 'two rows of one statement have the same key',
} as const;

/** Rows of which some may be written and others not: it has to be told of which. Of one it is the reason. */
class MixedRows extends Error {}

/** @returns how many of the rows have another's key, and what is done with them is done. */
async function writeShared(
  db: pg.Client,
  target: WriteTarget,
  rows: readonly TextRow[],
): Promise<number | Failure> {
  const isStaged = await stageWhenMany(db, target, rows);
  const { rowCount } = isStaged
    ? await db.query(insertFreshStaged(target))
    : await db.query(insertFreshArrays(target), arraysOf(target, rows));
  const fresh = rowCount ?? 0;
  if (fresh === rows.length) return 0;
  await refuseKeptOut(db, target, rows, isStaged);
  if (target.sameKey === 'first') return rows.length - fresh;
  if (target.sameKey === 'error') {
    if (fresh > 0) throw new MixedRows();
    const message = `another entry has a row of the same key (${(target.key ?? []).join(', ')})`;
    return { sqlstate: SAME_KEY, message, isOfAll: true };
  }
  if (isStaged) await db.query(insertStaged(target, true));
  else await db.query(insertArrays(target, true), arraysOf(target, rows));
  return rows.length - fresh;
}

function isFailure(written: unknown): written is Failure {
  return typeof written === 'object' && written !== null;
}

/** What PostgreSQL refuses about the rows; then `work` is undone, and the transaction goes on. */
async function inSavepoint<Result>(
  db: pg.Client,
  target: WriteTarget,
  work: () => Promise<Result>,
  isForgiven: (error: unknown) => error is pg.DatabaseError = isAboutRows,
): Promise<Result | Failure> {
  // What is deferred to COMMIT would there refuse all rows, and say of none of them that it was it.
  await db.query('savepoint tierd_rows; set constraints all immediate');
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    const isMixed = error instanceof MixedRows;
    if (!isMixed && !isForgiven(error)) {
      throw postgresError(error, `writing to ${describeTarget(target)}`);
    }
    await db.query('rollback to savepoint tierd_rows; release savepoint tierd_rows');
    if (isMixed) return { sqlstate: '', message: error.message };
    const detail = error.detail === undefined ? '' : `: ${error.detail}`;
    return { sqlstate: error.code ?? '', message: `${error.message}${detail}` };
  }
  await db.query('release savepoint tierd_rows');
  return result;
}

async function write(
  db: pg.Client,
  target: WriteTarget,
  rows: readonly TextRow[],
  repeats: boolean,
): Promise<void> {
  if (target.key === null && rows.length >= COPY_FROM_ROWS) {
    await copyAll(db, target, [encodeRows(rows)], rows.length);
    return;
  }
  const isStaged = await stageWhenMany(db, target, rows);
  const { rowCount } = isStaged
    ? await db.query(insertStaged(target, repeats))
    : await db.query(insertArrays(target, repeats), arraysOf(target, rows));
  if (rowCount !== rows.length) await refuseKeptOut(db, target, rows, isStaged);
}

async function copyAll(
  db: pg.Client,
  target: WriteTarget,
  pieces: readonly Buffer[],
  rows: number,
): Promise<void> {
  const taken = await copyIn(db, copyToTable(target), pieces);
  if (taken < rows && target.mayKeepOut) throw new MixedRows(KEPT_OUT);
}

/** Of rows that were written, and of which the statement counted fewer. */
async function refuseKeptOut(
  db: pg.Client,
  target: WriteTarget,
  rows: readonly TextRow[],
  isStaged: boolean,
): Promise<void> {
  if (!target.mayKeepOut) return;
  const given = isStaged
    ? { rows: rowsOfStaged(target), values: [] }
    : { rows: rowsOfArrays(target), values: arraysOf(target, rows) };
  if (target.key === null || !(await areAllThere(db, target, given))) throw new MixedRows(KEPT_OUT);
}

/** Whether they are in the temporary table now. */
async function stageWhenMany(
  db: pg.Client,
  target: WriteTarget,
  rows: readonly TextRow[],
): Promise<boolean> {
  if (rows.length < COPY_FROM_ROWS) return false;
  await db.query(createStaged(target));
  await copyIn(db, copyToStaged(target), [encodeRows(rows, true)]);
  return true;
}

function arraysOf({ columns }: WriteTarget, rows: readonly TextRow[]): (string | null)[][] {
  return columns.map((_, column) => rows.map((row) => row[column] ?? null));
}

function countRepeats({ key, columns }: WriteTarget, rows: readonly TextRow[]): number {
  if (key === null) return 0;
  const at = key.map((name) => columns.findIndex((column) => column.name === name));
  const seen = new Set<string>();
  for (const row of rows) {
    // NUL is in no text of PostgreSQL's.
    let text = '';
    for (const index of at) text += `${row[index] ?? ''}\0`;
    seen.add(text);
  }
  return rows.length - seen.size;
}
