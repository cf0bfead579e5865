/** Lines of JSON as texts of columns: numbers digit by digit as they stand there. */
import type pg from 'pg';
import type { ColumnDescription } from '../../domain/table.ts';
import { quoteLiteral, quoteTable } from '../quote.ts';
import { whyFunction } from './ingest-rows.ts';
import { BAD, LINES, TEXTS, textColumn } from './ingest-tables.ts';

/** Lines that are no object of their own are noted as such. @returns the names of all others, in alphabetical order */
export async function readJsonNames(db: pg.Client): Promise<readonly string[]> {
  const why = await whyFunction(db);
  const lines = quoteTable(LINES);
  const refuse = (words: string, from: string): Promise<unknown> =>
    db.query(
      `insert into ${quoteTable(BAD)} (n, found, code, words)
       select l.n, l.line, 'not_json', ${words} from ${from}`,
    );
  // As jsonb: what it refuses has texts that PostgreSQL holds nowhere.
  await refuse(
    'l.why',
    `(select n, line, ${why('line', 'jsonb')} as why from ${lines}) l where l.why is not null`,
  );
  await refuse(
    quoteLiteral('it is no object'),
    `${RIGHT} l where json_typeof(l.line::json) <> 'object'`,
  );
  await refuse(
    quoteLiteral('it has a name twice'),
    `${RIGHT} l where exists (select from json_object_keys(l.line::json) k group by k having count(*) > 1)`,
  );
  const { rows } = await db.query<{ name: string }>(
    `select distinct k as name from ${RIGHT} l cross join lateral json_object_keys(l.line::json) k order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Not pulled up: what is none must not be cast. */
const RIGHT = `(select * from ${quoteTable(LINES)} l
  where not exists (select from ${quoteTable(BAD)} b where b.n = l.n) offset 0)`;

/** @param columns what each of the names is for; null where it is for none */
export async function linesToTexts(
  db: pg.Client,
  names: readonly string[],
  columns: readonly (ColumnDescription | null)[],
): Promise<void> {
  const places = names.map((_, place) => textColumn(place));
  const list = places.map((place) => `, ${place}`).join('');
  await db.query(
    `drop table if exists ${quoteTable(TEXTS)};
     create temporary table ${TEXTS.name} (n bigint, ok boolean not null default true ${places.map((place) => `, ${place} text`).join('')})`,
  );
  const values = names.map((name, place) => `, ${textOf(name, columns[place] ?? null)}`).join('');
  await db.query(
    `insert into ${quoteTable(TEXTS)} (n, ok${list})
     select n, true${values} from (select n, line::json as doc from ${RIGHT} l offset 0) l
     union all
     select l.n, false${places.map(() => ', null').join('')} from ${quoteTable(LINES)} l
     where exists (select from ${quoteTable(BAD)} b where b.n = l.n)`,
  );
  await db.query(`drop table ${quoteTable(LINES)}`);
}

function textOf(name: string, column: ColumnDescription | null): string {
  const key = quoteLiteral(name);
  const value = `(l.doc -> ${key})`;
  const type = column?.baseType;
  if (type?.schema === 'pg_catalog' && type.name === 'jsonb') {
    return `case json_typeof(${value}) when 'null' then null else ${value}::text end`;
  }
  if (type?.schema === 'pg_catalog' && type.name === 'json') {
    // A text is its document, as a query gives it.
    return `case json_typeof(${value}) when 'null' then null when 'string' then l.doc ->> ${key} else ${value}::text end`;
  }
  if (type?.isArray !== true) return `l.doc ->> ${key}`;
  const isFlat = `not exists (select from json_array_elements(${value}) e where json_typeof(e) in ('array', 'object'))`;
  const flat = `case when ${isFlat} then array(select json_array_elements_text(${value}))::text else ${value}::text end`;
  return `case json_typeof(${value}) when 'array' then ${flat} else l.doc ->> ${key} end`;
}
