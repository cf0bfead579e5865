/**
 * Rows of the lake that a condition chooses, and those that it does not. DuckDB says which are which; that all
 * others are still there is for the fingerprint to say, which shares nothing with it. File by file, as they were written:
 * rows so large that a vector of them would not fit into memory lie in files of few.
 */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { TierdError } from '../domain/errors.ts';
import { addFingerprints, emptyFingerprint, type SliceFingerprint } from '../domain/fingerprint.ts';
import type { RowCondition } from '../domain/plan/row-condition.ts';
import type { TimeColumn } from '../domain/table.ts';
import { source } from './cold-matches.ts';
import { interrupted, reading } from './lake-failure.ts';
import { type DuckEngine, quoteSqlName } from './segment/duckdb.ts';
import { microsOf } from './segment/file-statistics.ts';
import { fingerprintQuery } from './segment/read-by-duckdb.ts';
import { readTexts } from './segment/small-results.ts';
import { isOwnFailure, verifyImpossible } from './segment/unverifiable.ts';

export interface Choice {
  readonly engine: DuckEngine;
  readonly condition: RowCondition;
  /** Of the files. */
  readonly columns: readonly ColumnPlan[];
  readonly timeColumn: TimeColumn;
  readonly signal: AbortSignal;
}

export interface ChosenCount {
  readonly rows: number;
  /** Microseconds since 1970, both included; of no rows 0. */
  readonly minTimeUs: bigint;
  readonly maxTimeUs: bigint;
}

const DOING = 'look for rows of the lake';

/** Throws VERIFY_IMPOSSIBLE, SEGMENT_UNREADABLE, INTERRUPTED; USAGE where the condition fails on a value. */
export async function countChosen(choice: Choice, path: string): Promise<ChosenCount> {
  const { engine, columns, timeColumn, signal } = choice;
  const time = valueOf(columns.findIndex(({ name }) => name === timeColumn.name));
  const connection = await engine.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const micros = (bound: string): string =>
      `coalesce(${microsOf(timeColumn, `${bound}(${time})`)}::varchar, '0')`;
    const list = `count(*)::varchar, ${micros('min')}, ${micros('max')}`;
    const [rows, min, max] = await told(path, () =>
      readTexts(
        connection,
        `select ${list} from ${rowsIn(choice, path)} where ${isChosen(choice)}`,
      ),
    );
    return { rows: Number(rows), minTimeUs: BigInt(min ?? 0), maxTimeUs: BigInt(max ?? 0) };
  } catch (error) {
    throw signal.aborted ? interrupted(DOING, signal.reason) : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.close();
  }
}

/** Of the chosen rows of all of these files. Throws what `countChosen` throws. */
export async function fingerprintChosen(
  choice: Choice,
  paths: readonly string[],
): Promise<SliceFingerprint> {
  let total = emptyFingerprint(choice.columns.map(({ name }) => name));
  for (const path of paths) {
    const { rows } = await countChosen(choice, path);
    total = addFingerprints(total, await fingerprintIn(choice, path, rows));
  }
  return total;
}

/** @param rows as `countChosen` has them */
async function fingerprintIn(
  choice: Choice,
  path: string,
  rows: number,
): Promise<SliceFingerprint> {
  const { engine, columns, signal } = choice;
  if (rows === 0) return emptyFingerprint(columns.map(({ name }) => name));
  const sql = selectChosen(choice, path);
  const found = await told(path, () =>
    fingerprintQuery({ engine, sql, rows, columns, doing: DOING, signal }),
  );
  if (found.rows === rows) return found;
  throw new TierdError({
    code: 'VERIFY_IMPOSSIBLE',
    message: `Of ${String(rows)} rows of ${path} that were asked for ${String(found.rows)} could be read. Nothing was changed.`,
    hint: 'Run the same command again; if it stays so, `tierd scrub` says whether the file is sound.',
  });
}

/** SQL of the rows of a file that are chosen. @param columns those that are wanted, in this order */
export function selectChosen(
  choice: Choice,
  path: string,
  columns: readonly ColumnPlan[] = choice.columns,
): string {
  const values = columns
    .map(({ name }) => valueOf(choice.columns.findIndex((held) => held.name === name)))
    .join(', ');
  return `select ${values} from ${rowsIn(choice, path)} where ${isChosen(choice)}`;
}

/** SQL of the rows of a file that are not chosen, in the columns' order. */
export function selectOthers(choice: Choice, path: string): string {
  return `select ${valuesOf(choice.columns)} from ${rowsIn(choice, path)} where not ${isChosen(choice)}`;
}

/** Each row as it lies in the file beside what the condition sees of it, which may be of another type. */
function rowsIn({ condition, columns }: Choice, path: string): string {
  const values = columns.map(({ name }, index) => `${quoteSqlName(name)} as ${valueOf(index)}`);
  const list = [...values, condition.seenOf(columns)].join(', ');
  return `(select ${list} from ${source([path])}) as ${quoteSqlName(condition.dataset)}`;
}

const isChosen = ({ condition }: Choice): string => `(${condition.sql})`;

/** No name that a column is likely to have. */
const valueOf = (index: number): string => quoteSqlName(`tierd value ${String(index)}`);

const valuesOf = (columns: readonly ColumnPlan[]): string =>
  columns.map((_, index) => valueOf(index)).join(', ');

/** Where memory or the disk for spilling ran out, nothing is wrong with the lake; a value may be too much for the condition. */
function told<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  return reading(DOING, async () => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TierdError) throw error;
      if (isOwnFailure(error)) throw verifyImpossible(path, error);
      const text = error instanceof Error ? error.message : String(error);
      if (!/^(Conversion|Out of Range|Invalid Input) Error/u.test(text)) throw error;
      throw new TierdError({
        code: 'USAGE',
        message: `--where can't be told of every row: ${text.split('\n', 1)[0] ?? text}. Nothing was changed.`,
        hint: 'Write what is true or false of any value: try_cast(x as integer) is null where x is no number.',
        cause: error,
      });
    }
  });
}
