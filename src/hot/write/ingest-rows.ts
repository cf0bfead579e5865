/** A file's texts become rows of the table's types; what does not is said, text by text. Never a null for what was not understood. */
import type pg from 'pg';
import type { MappedColumn } from '../../domain/ingest/reading.ts';
import type { TableDescription } from '../../domain/table.ts';
import { unsliceable } from '../measure/time-bounds.ts';
import { quoteLiteral, quoteName, quoteTable } from '../quote.ts';
import { inlined, type Queryable, run, runOne, sql } from '../sql.ts';
import { BAD, STAGED, TEXTS, textColumn } from './ingest-tables.ts';
import { type TimeReading, type ValueSql, valueOf } from './ingest-values.ts';
import { isAboutRows } from './refusals.ts';

export interface TextsToTake {
  /** Of the run's files, counted from 1. */
  readonly file: number;
  readonly table: TableDescription;
  readonly columns: readonly MappedColumn[];
  readonly time: TimeReading;
  /** Columns whose default nobody can tell while only looking. */
  readonly untold: readonly string[];
}

/** In a transaction whose `timezone` is that of texts without a zone. What is wrong stands in `BAD` then. */
export async function takeTexts(db: pg.Client, take: TextsToTake): Promise<void> {
  const values = take.columns.map(({ column, from }) =>
    valueOf(column, 'place' in from ? textColumn(from.place) : quoteLiteral(from.value), take.time),
  );
  if (!(await tryAll(db, take, values))) {
    await findBadTexts(db, values);
    await dropBad(db);
    await insertRows(db, take, values);
  }
  await refuseRows(db, take);
}

/** Most files have no text that is none of its type: then nobody has to look for one. */
async function tryAll(
  db: pg.Client,
  take: TextsToTake,
  values: readonly ValueSql[],
): Promise<boolean> {
  await db.query('savepoint tierd_ingest');
  try {
    await insertRows(db, take, values);
    await db.query('release savepoint tierd_ingest');
    return true;
  } catch (error) {
    if (!isAboutRows(error)) throw error;
    await db.query('rollback to savepoint tierd_ingest; release savepoint tierd_ingest');
    return false;
  }
}

/** Not pulled up into the statement around it: what is no row any more must not be cast. */
const ROWS = `(select * from ${quoteTable(TEXTS)} where ok offset 0)`;

async function insertRows(
  db: pg.Client,
  { file }: TextsToTake,
  values: readonly ValueSql[],
): Promise<void> {
  const doubts = values.flatMap(({ name, text, doubts: all }) =>
    all.map(({ code, when, words }) => {
      const told = words === undefined ? 'null' : quoteLiteral(words);
      return `(${quoteLiteral(name)}, ${text}, ${quoteLiteral(code)}, ${told}, (${when}))`;
    }),
  );
  if (doubts.length > 0) {
    await db.query(
      `insert into ${quoteTable(BAD)} (n, name, found, code, words)
       select r.n, d.name, d.found, d.code, d.words
       from ${ROWS} r cross join lateral (values ${doubts.join(', ')}) as d (name, found, code, words, bad)
       where d.bad`,
    );
    await dropBad(db);
  }
  const names = [...values.map(({ name }) => quoteName(name)), '"tierd file"', '"tierd n"'];
  const list = [...values.map(({ value }) => value), String(file), 'n'];
  await db.query(
    `insert into ${quoteTable(STAGED)} (${names.join(', ')}) select ${list.join(', ')} from ${ROWS} r`,
  );
}

/** Each text that is none of its column's type, with PostgreSQL's own words. */
async function findBadTexts(db: pg.Client, values: readonly ValueSql[]): Promise<void> {
  const why = await whyFunction(db);
  const asked = values.flatMap(({ name, text, asked: all }) =>
    all.map((one) => `(${quoteLiteral(name)}, ${text}, ${why(one.text, one.typeName)})`),
  );
  if (asked.length === 0) return;
  await db.query(
    `insert into ${quoteTable(BAD)} (n, name, found, code, words)
     select r.n, v.name, v.found, 'refused', v.words
     from ${quoteTable(TEXTS)} r cross join lateral (values ${asked.join(', ')}) as v (name, found, words)
     where v.words is not null`,
  );
}

async function dropBad(db: Queryable): Promise<void> {
  await db.query(
    `update ${quoteTable(TEXTS)} r set ok = false
     where ok and exists (select from ${quoteTable(BAD)} b where b.n = r.n)`,
  );
}

type Why = (text: string, typeName: string) => string;

/** SQL of why a text is none of a type; null where it is. Before version 16 nobody can ask but by trying. */
export async function whyFunction(db: Queryable): Promise<Why> {
  const { knows } = await runOne<{ knows: boolean }>(
    db,
    sql`select to_regproc('pg_catalog.pg_input_error_info') is not null as knows`,
  );
  if (knows) {
    return (text, typeName) =>
      `(select message from pg_input_error_info(${text}, ${quoteLiteral(typeName)}))`;
  }
  await db.query(
    `create or replace function pg_temp.tierd_why(value text, type text) returns text language plpgsql as $$
     begin
       if value is null then return null; end if;
       execute format('select %L::%s', value, type);
       return null;
     exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
       return sqlerrm;
     end $$`,
  );
  return (text, typeName) => {
    const tried = `pg_temp.tierd_why(${text}, ${quoteLiteral(typeName)})`;
    const tooLong = tooLongOf(text, typeName);
    if (tooLong === null) return tried;
    const words = quoteLiteral(`value too long for type ${typeName}`);
    return `case when ${tooLong} then ${words} else ${tried} end`;
  };
}

/** A cast cuts what a write refuses; blanks at the end are cut by both. */
function tooLongOf(text: string, typeName: string): string | null {
  const [, kind = '', length = ''] =
    /^(character varying|character|bit varying|bit)\((\d+)\)$/u.exec(typeName) ?? [];
  if (kind === '') return null;
  return `char_length(rtrim(${text}, ' ')) ${kind === 'bit' ? '<>' : '>'} ${length}`;
}

/** What a write would refuse, as far as NOT NULL and CHECK tell; and times that no slice holds. */
async function refuseRows(
  db: pg.Client,
  { file, table, columns: mapped, untold }: TextsToTake,
): Promise<void> {
  const { columns, timeColumn, oid } = table;
  const checks = await run<{ name: string; expression: string }>(
    db,
    sql`select conname as name, pg_get_expr(conbin, conrelid) as expression from pg_constraint
        where conrelid = ${oid}::oid and contype = 'c' order by conname`,
  );
  const given = new Set(mapped.map(({ column }) => column.name));
  const required = columns.filter(
    ({ name, notNull }) =>
      (notNull || name === timeColumn.name) && (given.has(name) || !untold.includes(name)),
  );
  const found = [
    ...required.map(({ name }) => ({
      name,
      code: 'missing',
      words: null,
      when: `${quoteName(name)} is null`,
    })),
    ...checks.map(({ name, expression }) => ({
      name: null,
      code: 'refused',
      words: `it violates the check constraint ${name}`,
      when: `(${expression}) is false`,
    })),
    {
      name: timeColumn.name,
      code: 'time_out_of_range',
      words: null,
      when: `${quoteName(timeColumn.name)} is not null and ${inlined(unsliceable(timeColumn))}`,
    },
  ];
  const literal = (text: string | null): string => (text === null ? 'null' : quoteLiteral(text));
  const values = found.map(
    ({ name, code, words, when }) =>
      `(${literal(name)}, ${literal(code)}, ${literal(words)}, (${when}))`,
  );
  await db.query(
    `with bad as (
       insert into ${quoteTable(BAD)} (n, name, code, words)
       select "tierd n", d.name, d.code, d.words
       from ${quoteTable(STAGED)} s cross join lateral (values ${values.join(', ')}) as d (name, code, words, bad)
       where "tierd file" = ${String(file)} and d.bad returning n)
     delete from ${quoteTable(STAGED)} s using bad where s."tierd file" = ${String(file)} and s."tierd n" = bad.n`,
  );
  await dropBad(db);
}

export interface BadRow {
  readonly n: string;
  /** The row as the file has it: `[["open", "abc"], …]`. */
  readonly fields: string;
  readonly bad: readonly {
    readonly name: string | null;
    readonly found: string | null;
    readonly code: string;
    readonly words: string | null;
  }[];
}

export async function countTexts(db: Queryable): Promise<{ rows: number; rejected: number }> {
  return runOne<{ rows: number; rejected: number }>(
    db,
    sql`select (select count(*) from pg_temp.tierd_ingest_texts)::float8 as rows,
               (select count(distinct n) from pg_temp.tierd_ingest_bad)::float8 as rejected`,
  );
}

/** The next rows that are none, by their number. @param names of the file's columns */
export async function readBadRows(
  db: Queryable,
  names: readonly string[],
  after: string,
  most: number,
): Promise<readonly BadRow[]> {
  const fields = names.map((name, place) => `array[${quoteLiteral(name)}, ${textColumn(place)}]`);
  const { rows } = await db.query<BadRow>(
    `select r.n::text as n, to_json(array[${fields.join(', ')}]::text[])::text as fields,
            json_agg(json_build_object('name', b.name, 'found', b.found, 'code', b.code, 'words', b.words)) as bad
     from ${quoteTable(TEXTS)} r join ${quoteTable(BAD)} b on b.n = r.n
     where r.n > $1::bigint group by ${['r.n', ...names.map((_, place) => textColumn(place))].join(', ')} order by r.n limit $2`,
    [after, most],
  );
  return rows;
}

/** Of a file that is done with. */
export async function forgetTexts(db: Queryable): Promise<void> {
  await db.query(`drop table if exists ${quoteTable(TEXTS)}; truncate ${quoteTable(BAD)}`);
}
