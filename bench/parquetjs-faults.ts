/**
 * `npm run bench -- parquetjs`: what parquetjs-lite does to values, as other readers see it. The
 * figures of docs/adr on why it is the baseline of this bench and not what tierd writes with.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import parquet from 'parquetjs-lite';

export interface ReadingFault {
  readonly distinct_values: number;
  readonly rows: number;
  /** Rows whose value came back as another one, without an error. */
  readonly wrong_parquetjs: number;
  readonly wrong_hyparquet: number;
  readonly wrong_duckdb: number;
}

export interface WritingFault {
  readonly type: string;
  readonly written: string;
  /** What DuckDB reads back, or the error that writing ended with. */
  readonly read_back: string;
}

const ROWS = 40_000;
const DISTINCT = [200, 256, 300, 1000] as const;

/** Value and type as the writer is given them. */
const VALUES: readonly (readonly [type: string, value: unknown])[] = [
  ['INT64', 9_007_199_254_740_993n],
  ['INT64', 9_223_372_036_854_775_807n],
  ['DOUBLE', Number.NaN],
  ['DOUBLE', -0],
  ['TIMESTAMP_MICROS', -1_000_001n],
  ['TIMESTAMP_MICROS', 1_000_001n],
];

export async function benchParquetjs(): Promise<{
  readonly reading: readonly ReadingFault[];
  readonly writing: readonly WritingFault[];
}> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-parquetjs-'));
  const instance = await DuckDBInstance.create();
  const duck = await instance.connect();
  try {
    const reading: ReadingFault[] = [];
    for (const distinct of DISTINCT) reading.push(await readRuns(duck, folder, distinct));
    const writing: WritingFault[] = [];
    for (const [index, [type, value]] of VALUES.entries()) {
      const file = join(folder, `value-${index}.parquet`);
      writing.push(await writeValue(duck, file, type, value));
    }
    return { reading, writing };
  } finally {
    duck.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
}

/** A column as an archive has it, sorted by symbol: a dictionary, and runs of equal entries. */
async function readRuns(
  duck: DuckDBConnection,
  folder: string,
  distinct: number,
): Promise<ReadingFault> {
  const file = join(folder, `runs-${distinct}.parquet`);
  const runLength = Math.ceil(ROWS / distinct);
  const symbol = (row: number): string =>
    `S${String(Math.floor(row / runLength)).padStart(5, '0')}`;
  await duck.run(`
    copy (select 'S' || lpad((row // ${runLength})::varchar, 5, '0') as symbol, row
          from range(${ROWS}) rows(row))
    to '${file}' (format parquet, compression snappy)`);

  let wrongParquetjs = 0;
  const reader = await parquet.ParquetReader.openFile(file);
  const cursor = reader.getCursor();
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) {
    if (row['symbol'] !== symbol(Number(row['row']))) wrongParquetjs += 1;
  }
  await reader.close();

  const objects = await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });
  const result = await duck.runAndReadAll(`select symbol, row::double from '${file}'`);
  return {
    distinct_values: distinct,
    rows: ROWS,
    wrong_parquetjs: wrongParquetjs,
    wrong_hyparquet: objects.filter((row) => row['symbol'] !== symbol(Number(row['row']))).length,
    wrong_duckdb: result.getRows().filter(([value, row]) => value !== symbol(Number(row))).length,
  };
}

async function writeValue(
  duck: DuckDBConnection,
  file: string,
  type: string,
  value: unknown,
): Promise<WritingFault> {
  const written = Object.is(value, -0) ? '-0' : String(value);
  try {
    const writer = await parquet.ParquetWriter.openFile(
      new parquet.ParquetSchema({ value: { type } }),
      file,
    );
    await writer.appendRow({ value });
    await writer.close();
  } catch (error) {
    return { type, written, read_back: `refused: ${String(error)}` };
  }
  const result = await duck.runAndReadAll(`select value::varchar from '${file}'`);
  return { type, written, read_back: String(result.getRows()[0]?.[0]) };
}
