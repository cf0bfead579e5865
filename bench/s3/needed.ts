/** What a query can't do without, by DuckDB's own reading of whole segments: none of tierd's code has a part in it. */
import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';

export interface Needed {
  readonly files: number;
  readonly chunks: number;
  /** Of the chunks, and of the footers with the length and the magic behind each. */
  readonly bytes: number;
}

export interface NeededOf {
  readonly columns: readonly string[];
  /** Row groups that can't have it are none of the query's. */
  readonly symbol: string;
}

/** @param paths of segments on this machine, all of the time that is asked for */
export async function neededOf(
  paths: readonly string[],
  { columns, symbol }: NeededOf,
): Promise<Needed> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const list = paths.map((path) => `'${path}'`).join(', ');
  const names = columns.map((name) => `'${name}'`).join(', ');
  const found = await connection.runAndReadAll(
    `with chunks as (select * from parquet_metadata([${list}])),
          asked as (select file_name, row_group_id from chunks
                    where path_in_schema = 'symbol' and stats_min_value <= '${symbol}' and stats_max_value >= '${symbol}')
     select count(*)::int, coalesce(sum(total_compressed_size), 0)::double, count(distinct file_name)::int
     from chunks join asked using (file_name, row_group_id) where path_in_schema in (${names})`,
  );
  const [[chunks, bytes] = []] = found.getRows() as [number, number][];
  connection.closeSync();
  instance.closeSync();
  let footers = 0;
  for (const path of paths) footers += await footerBytes(path);
  return { files: paths.length, chunks: chunks ?? 0, bytes: (bytes ?? 0) + footers };
}

const END_BYTES = 8;

/** A Parquet file ends with its footer, the length of it in four bytes, and `PAR1`. */
async function footerBytes(path: string): Promise<number> {
  const file = await open(path);
  try {
    const end = Buffer.alloc(END_BYTES);
    await file.read(end, 0, END_BYTES, (await file.stat()).size - END_BYTES);
    return end.readUInt32LE(0) + END_BYTES;
  } finally {
    await file.close();
  }
}
