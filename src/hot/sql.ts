/**
 * SQL as a value: text and parameters that travel together, so that a fragment made in one file
 * can stand in a statement of another and no value is ever pasted into text by hand.
 */
import type pg from 'pg';
import type { TableRef } from '../domain/table.ts';
import { quoteLiteral, quoteName, quoteTable } from './quote.ts';

export type SqlValue = string | number | boolean | null | readonly (string | number)[];

export interface Sql {
  /** Always one longer than `values`. */
  readonly texts: readonly string[];
  readonly values: readonly SqlValue[];
}

/** What a statement needs: a client, inside a transaction of the caller's or not. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

/** Fragments are spliced in, everything else becomes a parameter: `${value}::timestamptz`. */
export function sql(texts: TemplateStringsArray, ...parts: readonly (Sql | SqlValue)[]): Sql {
  const outTexts: string[] = [texts[0] ?? ''];
  const outValues: SqlValue[] = [];
  parts.forEach((part, index) => {
    const after = texts[index + 1] ?? '';
    if (isSql(part)) {
      append(outTexts, part.texts[0] ?? '');
      outTexts.push(...part.texts.slice(1));
      outValues.push(...part.values);
      append(outTexts, after);
    } else {
      outValues.push(part);
      outTexts.push(after);
    }
  });
  return { texts: outTexts, values: outValues };
}

/** Text that is SQL already: constants of the program, never anything read from outside. */
export function raw(text: string): Sql {
  return { texts: [text], values: [] };
}

export function name(identifier: string): Sql {
  return raw(quoteName(identifier));
}

export function tableName(table: TableRef): Sql {
  return raw(quoteTable(table));
}

/** `a, b, c`; with ` and ` for conditions. */
export function join(parts: readonly Sql[], separator: ', ' | ' and ' | ' or '): Sql {
  return parts.reduce(
    (joined, part, index) => (index === 0 ? part : sql`${joined}${raw(separator)}${part}`),
    raw(''),
  );
}

/** Runs one statement and gives its rows. */
export async function run<Row extends pg.QueryResultRow>(
  db: Queryable,
  statement: Sql,
): Promise<readonly Row[]> {
  return (await execute<Row>(db, statement)).rows;
}

/** Runs one statement that yields exactly one row. */
export async function runOne<Row extends pg.QueryResultRow>(
  db: Queryable,
  statement: Sql,
): Promise<Row> {
  const [row, ...more] = await run<Row>(db, statement);
  if (row === undefined || more.length > 0) {
    throw new RangeError(
      `a look at PostgreSQL gave ${row === undefined ? 'no row' : `${String(more.length + 1)} rows`} where there is always one`,
      // For whoever reads the stack; a person at 3 a.m. can't do anything with a statement.
      { cause: numbered(statement) },
    );
  }
  return row;
}

async function execute<Row extends pg.QueryResultRow>(
  db: Queryable,
  statement: Sql,
): Promise<pg.QueryResult<Row>> {
  return db.query<Row>(numbered(statement), statement.values);
}

/** With `$1`, `$2`, … where the parameters stand. */
export function numbered(statement: Sql): string {
  return statement.texts.reduce((text, next, index) => `${text}$${String(index)}${next}`);
}

/** With the values as literals, for COPY, which takes no parameters. */
export function inlined(statement: Sql): string {
  return statement.texts.reduce(
    (text, next, index) => text + literal(statement.values[index - 1] ?? null) + next,
  );
}

function literal(value: SqlValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoteLiteral(value);
  // In quotes like any other: a bare -1 before a cast would be read as -(1::type).
  if (typeof value === 'number' || typeof value === 'boolean') return `'${String(value)}'`;
  return `array[${value.map(literal).join(', ')}]`;
}

function append(texts: string[], more: string): void {
  texts.push((texts.pop() ?? '') + more);
}

function isSql(part: Sql | SqlValue): part is Sql {
  return typeof part === 'object' && part !== null && 'texts' in part;
}
