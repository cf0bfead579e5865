/** Rows of a file as lines of JSON: in a temporary table beside that of the rows, with the number of each line. */
import type pg from 'pg';
import { copyRowsIn } from '../copy/copy-rows-in.ts';
import { quoteLiteral, quoteName, quoteTable } from '../quote.ts';
import { CORRECTION, whyRefused } from './correction-table.ts';

export interface NameInLines {
  readonly name: string;
  /** That have it. */
  readonly lines: number;
  /** That it stands in them all: more, where one of them has it twice. */
  readonly times: number;
}

export interface LinesOfJson {
  readonly lines: number;
  readonly names: readonly NameInLines[];
  /** The first line that is another value than an object, counted from 1. */
  readonly noObject: number | null;
}

/** @returns how many there are, and the names that they have */
export async function copyJsonIn(
  db: pg.Client,
  pieces: AsyncIterable<Uint8Array>,
): Promise<LinesOfJson> {
  await db.query(
    'create temporary table tierd_lines (n bigint generated always as identity, line json) on commit drop',
  );
  // Neither can stand in a line of JSON, so that each line is one value as it is.
  const raw = `quote e'\\x01', delimiter e'\\x02'`;
  await copyRowsIn(
    db,
    `copy pg_temp.tierd_lines (line) from stdin (format csv, ${raw}, encoding 'UTF8')`,
    pieces,
  );
  const { rows } = await db.query<{ lines: number; noObject: number | null }>(
    `select count(line)::float8 as lines,
            (min(n) filter (where json_typeof(line) <> 'object'))::float8 as "noObject"
     from pg_temp.tierd_lines`,
  );
  const { lines = 0, noObject = null } = rows[0] ?? {};
  if (noObject !== null) return { lines, names: [], noObject };
  const { rows: names } = await db.query<NameInLines>(
    `select k.name, count(*)::float8 as lines, sum(k.times)::float8 as times
     from pg_temp.tierd_lines l
     cross join lateral (
       select name, count(*) as times from json_object_keys(l.line) name group by name
     ) k
     where l.line is not null group by k.name order by k.name`,
  );
  return { lines, names, noObject };
}

export interface JsonColumn {
  readonly name: string;
  readonly isJson: boolean;
}

/** What PostgreSQL refuses, and the first line that has it, counted from 1. */
export interface RefusedLine {
  readonly line: number;
  /** Whose value is none of its type; null where a check refuses the row. */
  readonly column: string | null;
  readonly why: string;
}

/**
 * A text is the document of a `json` column, and not a document that is a text: as which a query gives it.
 *
 * @param columns those that the lines have
 * @returns what is refused, and the transaction is of no more use then; null where all rows are taken
 */
export async function takeJsonRows(
  db: pg.Client,
  columns: readonly JsonColumn[],
): Promise<RefusedLine | null> {
  const why = await refusalOf(db, insertLines(columns, 'true'));
  return why === null ? null : { ...(await findRefused(db, columns)), why };
}

/** PostgreSQL tells the value alone: halving finds its line, and one column after the other whose it is. */
async function findRefused(
  db: pg.Client,
  columns: readonly JsonColumn[],
): Promise<Pick<RefusedLine, 'line' | 'column'>> {
  const { rows } = await db.query<{ last: number }>(
    'select max(n)::float8 as last from pg_temp.tierd_lines',
  );
  let taken = 0;
  let line = rows[0]?.last ?? 0;
  while (line - taken > 1) {
    const middle = Math.floor((taken + line) / 2);
    const half = `n > ${String(taken)} and n <= ${String(middle)}`;
    if ((await refusalOf(db, insertLines(columns, half))) === null) taken = middle;
    else line = middle;
  }
  for (const column of columns) {
    const key = quoteLiteral(column.name);
    const alone = `json_build_object(${key}, line -> ${key})`;
    const one = `select ${valueOf(column)} from ${records(`n = ${String(line)}`, alone)}`;
    if ((await refusalOf(db, one)) !== null) return { line, column: column.name };
  }
  return { line, column: null };
}

function insertLines(columns: readonly JsonColumn[], where: string): string {
  const list = columns.map(({ name }) => quoteName(name)).join(', ');
  return `insert into ${quoteTable(CORRECTION)} (${list})
    select ${columns.map(valueOf).join(', ')} from ${records(where, 'line')}`;
}

/** @param object of JSON, whose names are columns */
function records(where: string, object: string): string {
  return `(select line, json_populate_record(null::${quoteTable(CORRECTION)}, ${object}) as r
    from pg_temp.tierd_lines where line is not null and ${where}) given`;
}

function valueOf({ name, isJson }: JsonColumn): string {
  const value = `(r).${quoteName(name)}`;
  const key = quoteLiteral(name);
  return isJson
    ? `case json_typeof(line -> ${key}) when 'string' then (line ->> ${key})::json else ${value} end`
    : value;
}

/** Why the values or rows are refused, and the statement is undone; null where they are not. */
async function refusalOf(db: pg.Client, sql: string): Promise<string | null> {
  await db.query('savepoint tierd_lines');
  try {
    await db.query(sql);
  } catch (error) {
    const why = whyRefused(error);
    if (why === null) throw error;
    await db.query('rollback to savepoint tierd_lines; release savepoint tierd_lines');
    return why;
  }
  await db.query('release savepoint tierd_lines');
  return null;
}
