/** A Parquet file of somebody's, as DuckDB reads it. */
import { TierdError } from '../domain/errors.ts';
import { type DuckEngine, quoteSqlName, quoteSqlText } from './segment/duckdb.ts';
import { readTexts } from './segment/small-results.ts';

/** @param isBytes what may take bytes that the file does not call a text. Writes a Parquet file as CSV: an empty text is quoted, and a null is nothing. @returns the columns' names */
export async function parquetToCsv(
  engine: DuckEngine,
  path: string,
  to: string,
  isBytes: (column: string) => boolean,
): Promise<readonly string[]> {
  const source = `read_parquet(${quoteSqlText(path)}, hive_partitioning = false)`;
  const described = (what: string) =>
    textsOf(
      engine,
      path,
      `select list(${what})::json::varchar from (describe select * from ${source})`,
    );
  const names = await described('column_name');
  const types = await described('column_type');
  const list = names.map((name, index) => asText(path, name, types[index] ?? '', isBytes(name)));
  await asking(engine, path, async (connection) => {
    await connection.run(
      `copy (select ${list.join(', ')} from ${source}) to ${quoteSqlText(to)} (format csv, header, force_quote *, nullstr '')`,
    );
  });
  return names;
}

function asText(path: string, column: string, type: string, isBytes: boolean): string {
  const name = quoteSqlName(column);
  if (type === 'BLOB' && !isBytes) {
    throw unreadable(path, `its column ${column} has bytes, which the file does not call a text`);
  }
  if (type === 'BLOB') return `'\\x' || hex(${name}) as ${name}`;
  if (!/\[|^(STRUCT|MAP|UNION|BIT)/u.test(type)) return `${name}::varchar as ${name}`;
  throw unreadable(
    path,
    `its column ${column} is ${type}, which has no text that PostgreSQL reads`,
  );
}

async function textsOf(engine: DuckEngine, path: string, sql: string): Promise<readonly string[]> {
  const [json] = await asking(engine, path, (connection) => readTexts(connection, sql));
  return JSON.parse(json ?? '[]') as readonly string[];
}

async function asking<Result>(
  engine: DuckEngine,
  path: string,
  work: (connection: Awaited<ReturnType<DuckEngine['connect']>>) => Promise<Result>,
): Promise<Result> {
  const connection = await engine.connect();
  try {
    return await work(connection);
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw unreadable(path, why);
  } finally {
    connection.close();
  }
}

export function unreadable(path: string, why: string): TierdError {
  return new TierdError({
    code: 'USAGE',
    message: `${path} can't be read: ${why}. Nothing was changed.`,
    hint: 'It is CSV with a first line of names (.csv), a JSON object a line (.ndjson, .jsonl), or Parquet (.parquet).',
  });
}
