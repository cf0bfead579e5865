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
}

/** What is wrong with a line, counted from 1. */
export interface RefusedLine {
  readonly line: number;
  /** Whose value is none of its type; null where it is the row or the line that is refused. */
  readonly column: string | null;
  /** In PostgreSQL's words; null where the line is another value than an object. */
  readonly why: string | null;
}

const LINES = 'pg_temp.tierd_lines l';

/** @returns how many there are, and the names that they have; or the first that is refused, and the transaction is of no more use then. */
export async function copyJsonIn(
  db: pg.Client,
  pieces: AsyncIterable<Uint8Array>,
): Promise<LinesOfJson | RefusedLine> {
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
  const other = await firstLine(db, `json_typeof(l.line) <> 'object'`);
  if (other !== null) return { line: other, column: null, why: null };
  const why = await refusalOf(
    db,
    `create temporary table tierd_names on commit drop as ${namesOf('true')}`,
  );
  if (why !== null) return { line: await findRefused(db, namesOf), column: null, why };
  const { rows: names } = await db.query<NameInLines>(
    `select name, count(*)::float8 as lines, sum(times)::float8 as times
     from pg_temp.tierd_names group by name order by name`,
  );
  const { rows } = await db.query<{ lines: number }>(
    `select count(l.line)::float8 as lines from ${LINES}`,
  );
  return { lines: rows[0]?.lines ?? 0, names };
}

const namesOf = (where: string): string =>
  `select k.name, k.times from ${LINES} cross join lateral (
     select name, count(*) as times from json_object_keys(l.line) name group by name
   ) k where l.line is not null and ${where}`;

/** The first line that has no such name, counted from 1. */
export async function lineWithout(db: pg.Client, name: string): Promise<number | null> {
  return firstLine(db, `l.line is not null and l.line -> ${quoteLiteral(name)} is null`);
}

/** The first line that has a name more than once. */
export async function lineWithTwice(db: pg.Client, name: string): Promise<number | null> {
  const times = `select count(*) from json_object_keys(l.line) k where k = ${quoteLiteral(name)}`;
  return firstLine(db, `l.line is not null and (${times}) > 1`);
}

async function firstLine(db: pg.Client, where: string): Promise<number | null> {
  const { rows } = await db.query<{ n: number | null }>(
    `select min(l.n)::float8 as n from ${LINES} where ${where}`,
  );
  return rows[0]?.n ?? null;
}

export interface JsonColumn {
  readonly name: string;
  readonly isJson: boolean;
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
  const insert = (where: string): string => insertLines(columns, where);
  const why = await refusalOf(db, insert('true'));
  if (why === null) return null;
  const line = await findRefused(db, insert);
  return { line, column: await findColumn(db, columns, line), why };
}

/** PostgreSQL tells the value alone: halving finds the first line. @param of the statement for the lines that a condition is true of */
async function findRefused(db: pg.Client, of: (where: string) => string): Promise<number> {
  const { rows } = await db.query<{ last: number }>(
    `select max(l.n)::float8 as last from ${LINES}`,
  );
  let taken = 0;
  let line = rows[0]?.last ?? 0;
  while (line - taken > 1) {
    const middle = Math.floor((taken + line) / 2);
    const half = `l.n > ${String(taken)} and l.n <= ${String(middle)}`;
    if ((await refusalOf(db, of(half))) === null) taken = middle;
    else line = middle;
  }
  return line;
}

/** One after the other: each alone, for a domain may refuse a row that has another only. */
async function findColumn(
  db: pg.Client,
  columns: readonly JsonColumn[],
  line: number,
): Promise<string | null> {
  const { rows: types } = await db.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = '${quoteTable(CORRECTION)}'::regclass and attnum > 0 and not attisdropped`,
  );
  const typeOf = new Map(types.map(({ name, type }) => [name, type]));
  for (const column of columns) {
    const { name } = column;
    const alone = `json_to_record(l.line) as r (${quoteName(name)} ${typeOf.get(name) ?? 'text'})`;
    const one = `select ${valueOf(column)} from ${LINES} cross join lateral ${alone} where l.n = ${String(line)}`;
    if ((await refusalOf(db, one)) !== null) return name;
  }
  return null;
}

function insertLines(columns: readonly JsonColumn[], where: string): string {
  const list = columns.map(({ name }) => quoteName(name)).join(', ');
  const table = quoteTable(CORRECTION);
  // As a table of the statement it is made once a line, and not once more for each column.
  return `insert into ${table} (${list}) select ${columns.map(valueOf).join(', ')}
    from ${LINES} cross join lateral json_populate_record(null::${table}, l.line) as r
    where l.line is not null and ${where}`;
}

function valueOf({ name, isJson }: JsonColumn): string {
  const value = `r.${quoteName(name)}`;
  const document = `l.line -> ${quoteLiteral(name)}`;
  return isJson
    ? `case json_typeof(${document}) when 'string' then (l.line ->> ${quoteLiteral(name)})::json else ${value} end`
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
