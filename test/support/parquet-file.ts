/** Parquet files for tests of what reads parts of them, and a DuckDB that asks them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type FooterSpans, readFooterSpans } from '../../src/lake/parts/footer-spans.ts';

export interface ParquetBench {
  readonly directory: string;
  readonly duckdb: DuckDBConnection;
  /** Writes what `select` gives, so many rows a row group. */
  write(name: string, select: string, groupRows: number): Promise<string>;
  destroy(): Promise<void>;
}

export async function openParquetBench(): Promise<ParquetBench> {
  const directory = await mkdtemp(join(tmpdir(), 'tierd-parts-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const duckdb = await instance.connect();
  await duckdb.run(`set TimeZone = 'UTC'`);
  return {
    directory,
    duckdb,
    async write(name, select, groupRows) {
      const path = join(directory, name);
      await duckdb.run(
        `copy (${select}) to '${path}' (format parquet, compression zstd, row_group_size ${String(groupRows)})`,
      );
      return path;
    },
    async destroy() {
      duckdb.closeSync();
      instance.closeSync();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface WholeFile {
  readonly bytes: Buffer;
  readonly footer: FooterSpans;
}

export async function readWhole(path: string): Promise<WholeFile> {
  const bytes = await readFile(path);
  const end = bytes.length - 8;
  const dataEnd = end - bytes.readUInt32LE(end);
  return { bytes, footer: readFooterSpans(bytes.subarray(dataEnd, end), dataEnd) };
}
