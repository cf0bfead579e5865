/** Columns at the end of a result that are not shown: how it ended is told by their last values. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { quoteName, quoteText } from '../sql/sql-text.ts';
import type { RowSource } from './row-source.ts';

/** How a page ended. */
export interface PageEnd {
  readonly rows: number;
  /** Of the hidden columns, in the last row; null of a page without rows. */
  readonly last: readonly (string | null)[] | null;
  /** How many rows at its end have those values. */
  readonly alike: number;
}

export interface Page {
  /** So many columns at the end are not shown, all of them texts. */
  readonly hidden: number;
  /** Null where there is no next page. */
  readonly nextCursor: (end: PageEnd) => string | null;
}

/** @param hidden how many there are; texts all of them */
export function withoutHidden(
  source: RowSource,
  hidden: number,
): { readonly source: RowSource; readonly end: () => PageEnd } {
  const shown = source.columns.length - hidden;
  let rows = 0;
  let last: readonly (string | null)[] | null = null;
  let alike = 0;
  const note = (row: readonly DuckDBValue[]): void => {
    const values = row.slice(shown) as (string | null)[];
    alike = last?.every((value, at) => value === values[at]) === true ? alike + 1 : 1;
    last = values;
    rows += 1;
  };
  async function* chunks(): RowSource['chunks'] {
    for await (const chunk of source.chunks) {
      if (hidden === 0) {
        rows += chunk.length;
        yield chunk;
        continue;
      }
      for (const row of chunk) note(row);
      yield chunk.map((row) => row.slice(0, shown));
    }
  }
  async function* counted(vectors: NonNullable<RowSource['vectors']>): typeof vectors {
    for await (const chunk of vectors) {
      rows += chunk.rowCount;
      yield chunk;
    }
  }
  const { vectors } = source;
  return {
    source: {
      columns: source.columns.slice(0, shown),
      chunks: chunks(),
      ...(vectors === undefined || hidden > 0 ? {} : { vectors: counted(vectors) }),
    },
    end: () => ({ rows, last, alike }),
  };
}

const PAGE = `temp.${quoteName('tierd page')}`;

/** A page as a Parquet file. It is held by the engine meanwhile, within its memory and its disk. */
export async function writeParquetPage(
  { connection, sql }: { readonly connection: DuckDBConnection; readonly sql: string },
  path: string,
  hidden: number,
): Promise<PageEnd> {
  await connection.run(`create temp table ${quoteName('tierd page')} as ${sql}`);
  const described = await connection.runAndReadAll(`select * from ${PAGE} limit 0`);
  const names = described.columnNames().slice(-hidden).map(quoteName);
  const copied = await connection.runAndReadAll(
    `copy (select * exclude (${names.join(', ')}) from ${PAGE}) to ${quoteText(path)} (format parquet, compression zstd, use_tmp_file false)`,
  );
  const ended = await connection.runAndReadAll(
    `with last as (select ${names.join(', ')} from ${PAGE} order by rowid desc limit 1)
     select ${names.map((name) => `any_value(last.${name})`).join(', ')}, count(*)
     from ${PAGE} as page join last on ${names.map((name) => `page.${name} is not distinct from last.${name}`).join(' and ')}`,
  );
  const [row = []] = ended.getRows();
  const rows = Number(copied.getRows()[0]?.[0] ?? 0);
  const last = row.slice(0, -1) as (string | null)[];
  return { rows, last: rows === 0 ? null : last, alike: Number(row.at(-1) ?? 0) };
}
