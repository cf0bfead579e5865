/** Late rows whose key a slice of the lake has. */
import { differ, type Meeting, sameKey, selectHashed } from './cold-matches.ts';
import { reading } from './lake-failure.ts';
import { quoteSqlName, quoteSqlText } from './segment/duckdb.ts';

/**
 * @param to a file that is made, as CSV without a first line: the key in the identity's order, whether a row of it differs
 *   from the late one, and how many the slice has of it
 */
export async function writeKnown(meeting: Omit<Meeting, 'signal'>, to: string): Promise<void> {
  const { engine, identity, late, cold } = meeting;
  const keys = identity.columns.map(({ name, duckdbType }) => {
    const key = `late.${quoteSqlName(name)}`;
    // Its own text of bytes is not PostgreSQL's.
    return duckdbType === 'BLOB' ? `'\\x' || hex(${key})` : key;
  });
  const grouped = identity.columns.map(({ name }) => `late.${quoteSqlName(name)}`).join(', ');
  const connection = await engine.connect();
  try {
    await reading('look for the keys of files', () =>
      connection.run(
        `copy (select ${keys.join(', ')}, bool_or(${differ(meeting)}), count(*)
               from (${selectHashed(identity, cold)}) as cold join (${selectHashed(identity, late)}) as late
                 on ${sameKey(identity)} group by ${grouped})
         to ${quoteSqlText(to)} (format csv, header false, force_quote *, nullstr '')`,
      ),
    );
  } finally {
    connection.close();
  }
}
