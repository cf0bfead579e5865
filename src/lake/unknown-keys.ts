/** Rows whose key no row of the lake has. */
import { type FileRows, type Meeting, sameKey, source } from './cold-matches.ts';
import { reading } from './lake-failure.ts';
import { quoteSqlName, quoteSqlText } from './segment/duckdb.ts';
import { readTexts } from './segment/small-results.ts';

export interface UnknownKeys {
  readonly rows: number;
  /** Not more than were asked for, as text. */
  readonly examples: readonly string[];
}

/** Late rows, and all slices of the lake that may have their keys. */
export interface KeysSought extends Omit<Meeting, 'cold' | 'signal'> {
  readonly colds: readonly FileRows[];
}

/**
 * @param to a file that is made: the keys as CSV, in the identity's order
 */
export async function findUnknown(
  { engine, identity, late, colds }: KeysSought,
  { to, most }: { readonly to: string; readonly most: number },
): Promise<UnknownKeys> {
  const keys = identity.columns.map(({ name, duckdbType }) => {
    const key = `late.${quoteSqlName(name)}`;
    // Its own text of bytes is not PostgreSQL's.
    return duckdbType === 'BLOB' ? `'\\x' || hex(${key})` : key;
  });
  // One slice after the other: a column of the key may be wider in one of them.
  const unknown = colds.reduce(
    (rows, { paths }) =>
      `(select late.* from ${rows} as late anti join ${source(paths)} as cold on ${sameKey(identity)})`,
    source(late.paths),
  );
  const from = `from ${unknown} as late`;
  const connection = await engine.connect();
  try {
    return await reading('look for the keys of a file', async () => {
      await connection.run(
        `copy (select ${keys.join(', ')} ${from}) to ${quoteSqlText(to)} (format csv, header false, force_quote *, nullstr '')`,
      );
      const [rows, examples] = await readTexts(
        connection,
        `select (select count(*) ${from})::varchar,
                (select list(k)::json::varchar from (select concat_ws(', ', ${keys.join(', ')}) as k ${from} limit ${String(most)}))`,
      );
      return { rows: Number(rows), examples: JSON.parse(examples ?? '[]') as string[] };
    });
  } finally {
    connection.close();
  }
}
